"""Weights on disk: this project's own files, the models that travel with the program, and importers."""

from .bundled import DEFAULT_MODEL, bundled_models, resolve_model
from .files import Checkpoint, load_checkpoint, save_checkpoint

__all__ = ["DEFAULT_MODEL", "Checkpoint", "bundled_models", "load_checkpoint", "resolve_model", "save_checkpoint"]

"""Weights on disk: this project's own files, the models that travel with the program, and importers."""

from .bundled import DEFAULT_MODEL, bundled_models, resolve_model
from .encoders import EncoderReport, load_encoder_weights
from .files import Checkpoint, load_checkpoint, save_checkpoint
from .importing import ImportedModel, import_model

__all__ = [
    "DEFAULT_MODEL",
    "Checkpoint",
    "EncoderReport",
    "ImportedModel",
    "bundled_models",
    "import_model",
    "load_checkpoint",
    "load_encoder_weights",
    "resolve_model",
    "save_checkpoint",
]

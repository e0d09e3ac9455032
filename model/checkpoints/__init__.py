"""Weights on disk: this project's own files, and importers of others."""

from .encoders import EncoderReport, load_encoder_weights
from .files import Checkpoint, load_checkpoint, save_checkpoint
from .importing import ImportedModel, import_model

__all__ = [
    "Checkpoint",
    "EncoderReport",
    "ImportedModel",
    "import_model",
    "load_checkpoint",
    "load_encoder_weights",
    "save_checkpoint",
]

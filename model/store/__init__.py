"""Models on disk: where they are, what they say of themselves, how published ones get there. No torch here."""

from .listing import ListedModel, list_model, list_models, remove_model
from .places import DEFAULT_MODEL, bundled_models, models_folder, resolve_model, stored_models, stored_path

__all__ = [
    "DEFAULT_MODEL",
    "ListedModel",
    "bundled_models",
    "list_model",
    "list_models",
    "models_folder",
    "remove_model",
    "resolve_model",
    "stored_models",
    "stored_path",
]

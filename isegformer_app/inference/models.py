"""The models that can answer, and those of other projects that can be made to; read through the model."""

from dataclasses import dataclass
from pathlib import Path

from .requests import EngineError


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A bundled model or one of the annotator's own."""

    name: str
    path: Path
    setting: str
    """What the settings call it: nothing for the default, a bundled one by its name, any other by its file."""
    is_bundled: bool
    size: int
    """Of the file, in bytes."""
    speed: str
    licence: str
    problem: str
    """Why it cannot be used, in a sentence; empty where it can."""


def known_models() -> list[KnownModel]:
    """List the bundled models, the default first, and the annotator's own; only headers are read, without torch."""
    from model.store import DEFAULT_MODEL, list_models

    known: list[KnownModel] = []
    for each in list_models():
        setting = str(each.path)
        if each.is_bundled:
            setting = "" if each.name == DEFAULT_MODEL else each.name
        known.append(
            KnownModel(
                each.name, each.path, setting, each.is_bundled, each.size, each.speed, each.licence, each.problem
            )
        )
    return known


def import_among_own(file: Path, name: str) -> Path:
    """Turn a file of another project into a model of the annotator's own; return its file.

    Imports torch, so it takes seconds. Raises `EngineError`.
    """
    from model.errors import ModelError

    try:
        from model.checkpoints.fetching import keep_model

        return keep_model(file, name)
    except ModelError as error:
        raise EngineError(str(error)) from error
    except MemoryError as error:
        raise EngineError(
            f"The memory of this computer is too small to import {file}; close other programs."
        ) from error

"""Which models there are, bundled and the user's own, and which file a user means."""

import os
import re
from pathlib import Path

import platformdirs

from resources import ResourceError, resource_path

from ..errors import CheckpointError, SettingsError

DEFAULT_MODEL = "late-vit-s14"
"""The bundled model that is taken where none is named."""

SUFFIX = ".safetensors"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,99}")


def models_folder() -> Path:
    """Folder of the user's own models; `ISEGFORMER_HOME` moves it, as it does everything of the program's."""
    home = os.environ.get("ISEGFORMER_HOME")
    data = Path(home) if home else Path(platformdirs.user_data_dir("isegformer", appauthor=False))
    return data / "models"


def bundled_models() -> tuple[str, ...]:
    """Names of the models that travel with the program, the default first."""
    try:
        folder = resource_path("models")
    except ResourceError:
        return ()
    names = [path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")]
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_MODEL, name)))


def stored_models() -> tuple[str, ...]:
    """Names of the user's own models."""
    paths = models_folder().glob(f"*{SUFFIX}")
    return tuple(sorted(path.name.removesuffix(SUFFIX) for path in paths if not path.name.startswith(".")))


def stored_path(name: str) -> Path:
    """Where a model of the user's own stands or may be put.

    Raises `SettingsError` where the name is none, or that of a bundled model.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", " ")):
        raise SettingsError(
            f"A model cannot be named {name!r}; take 1 to 100 letters, digits, dots, dashes and spaces."
        )
    if name in bundled_models():
        raise SettingsError(f"The name {name!r} belongs to a bundled model; choose another.")
    return models_folder() / f"{name}{SUFFIX}"


def resolve_model(model: str | Path | None) -> Path:
    """Find the file of a model: None is the default, else a name (bundled or the user's own) or the path of a file.

    A name wins over a file of that name in the working folder; `./name` means the file. Raises `CheckpointError`
    where there is no such model.
    """
    wanted = DEFAULT_MODEL if model is None else str(model)
    if wanted in bundled_models():
        return resource_path(f"models/{wanted}{SUFFIX}")
    if wanted in stored_models():
        return models_folder() / f"{wanted}{SUFFIX}"
    path = Path(wanted)
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The model {wanted!r} is neither known nor a path: {error}.") from error
    if is_folder:
        raise CheckpointError(f"The model {wanted!r} is a folder; name a {SUFFIX} file in it.")
    if model is None:
        raise CheckpointError(
            f"The bundled model {wanted!r} is missing; install the program again, or name the file of a model."
        )
    known = (*bundled_models(), *stored_models())
    choice = f"the models are: {', '.join(known)}" if known else "no model is bundled"
    raise CheckpointError(f"There is no model {wanted!r}: no such file is there, and {choice}.")

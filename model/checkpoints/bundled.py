"""Which models travel with the program, and which file a user means."""

from pathlib import Path

from resources import ResourceError, resource_path

from ..errors import CheckpointError

DEFAULT_MODEL = "late-vit-s14"
"""The bundled model that is taken where none is named."""

SUFFIX = ".safetensors"


def bundled_models() -> tuple[str, ...]:
    """Names of the models that travel with the program, the default first."""
    try:
        folder = resource_path("models")
    except ResourceError:
        return ()
    names = [path.name.removesuffix(SUFFIX) for path in folder.glob(f"*{SUFFIX}")]
    return tuple(sorted(names, key=lambda name: (name != DEFAULT_MODEL, name)))


def resolve_model(model: str | Path | None) -> Path:
    """Find the file of a model: None is the default, else the name of a bundled one or the path of a file.

    A bundled name wins over a file of that name in the working folder; `./name` means the file.
    Raises `CheckpointError` where there is no such model.
    """
    wanted = DEFAULT_MODEL if model is None else str(model)
    bundled = bundled_models()
    if wanted in bundled:
        return resource_path(f"models/{wanted}{SUFFIX}")
    path = Path(wanted)
    try:
        if path.is_file():
            return path
        is_folder = path.is_dir()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The model {wanted!r} is neither bundled nor a path: {error}.") from error
    if is_folder:
        raise CheckpointError(f"The model {wanted!r} is a folder; name a {SUFFIX} file in it.")
    if model is None:
        raise CheckpointError(
            f"The bundled model {wanted!r} is missing; install the program again, or name the file of a model."
        )
    choice = f"the bundled models are: {', '.join(bundled)}" if bundled else "no model is bundled"
    raise CheckpointError(f"There is no model {wanted!r}: no such file is there, and {choice}.")

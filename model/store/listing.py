"""What the models on disk say of themselves, from their headers alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError, OutputError
from .cards import whole_card
from .header import FORMAT, VERSION, check_header, read_header
from .places import bundled_models, resolve_model, stored_models, stored_path
from .speed import UNKNOWN, speed_class

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One line of the list of models."""

    name: str
    """What the user calls it by: the name of its file."""
    path: Path
    is_bundled: bool
    size: int
    """Of the file, in bytes."""
    network: str
    licence: str
    speed: str
    """See `speed.SPEED_CLASSES`."""
    card: Mapping[str, object]
    problem: str = ""
    """Why it cannot be used, in a sentence; empty where it can."""


def list_models() -> list[ListedModel]:
    """List the bundled models, the default first, and the user's own; a damaged file is there with its problem."""
    return [list_model(name) for name in (*bundled_models(), *stored_models())]


def list_model(model: str) -> ListedModel:
    """Describe one model, by its name or the path of its file, which may be missing."""
    is_bundled = model in bundled_models()
    name = model if is_bundled or model in stored_models() else Path(model).stem
    path, size = Path(model), 0
    try:
        path = resolve_model(model)
        size = path.stat().st_size
        metadata = check_header(path, read_header(path), FORMAT, VERSION)
        card = whole_card(path, metadata.card)
    except (CheckpointError, OSError) as error:
        return ListedModel(name, path, is_bundled, size, "", NOT_STATED, UNKNOWN, {}, str(error))
    licence = card.get("licence")
    stated = licence if isinstance(licence, str) and licence else NOT_STATED
    return ListedModel(name, path, is_bundled, size, metadata.network, stated, speed_class(metadata.network), card)


def remove_model(name: str) -> None:
    """Delete a model of the user's own. Raises `CheckpointError`, `SettingsError` or `OutputError`."""
    path = stored_path(name)
    if name not in stored_models():
        raise CheckpointError(f"There is no model {name!r} in {path.parent}.")
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(f"The model {path} could not be removed: {error.strerror or error}.") from error

"""The models that can answer, and those that others publish and that can be fetched; read through the model."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .requests import EngineError

if TYPE_CHECKING:
    from model.store import ListedModel


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A bundled model, one of the annotator's own, or the file elsewhere that answers."""

    name: str
    path: Path
    setting: str
    """What the settings call it: nothing for the default, a bundled one by its name, any other by its file."""
    is_bundled: bool
    is_own: bool
    """Whether it stands in the folder of the annotator's own models."""
    size: int
    """Of the file, in bytes."""
    speed: str
    licence: str
    network: str
    what: str
    """What it is and where it comes from, in a few words."""
    metrics: str
    """What it reaches, where that was measured; empty where it was not."""
    problem: str
    """Why it cannot be used, in a sentence; empty where it can."""

    def is_meant_by(self, setting: str) -> bool:
        """Whether the settings name it, in one of the ways in which they can."""
        return setting in (self.setting, self.name, str(self.path))


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """A model that another project publishes."""

    name: str
    """What it will be called among the annotator's own."""
    title: str
    address: str
    copy_of: str
    """Its authors' own address, where that is gone and `address` is a copy; empty otherwise."""
    project: str
    licence: str
    sha256: str
    """Empty where nobody publishes it."""
    size: int
    """About, in bytes; 0 where its authors do not say."""
    came: int
    """Bytes of it that an earlier download left."""
    speed: str
    network: str


def known_models(setting: str = "") -> list[KnownModel]:
    """List the bundled models, the default first, the annotator's own, and the file elsewhere that `setting` names.

    Only headers are read, without torch.
    """
    from model.store import list_model, list_models

    known = [_known(each) for each in list_models()]
    if not any(each.is_meant_by(setting) for each in known):
        known.append(_known(list_model(setting)))
    return known


def trouble_with(file: Path) -> str:
    """Say why a file cannot answer, as far as its header tells; nothing where it can."""
    from model.store import list_model

    return list_model(str(file)).problem


def _known(listed: "ListedModel") -> KnownModel:
    from model.store import DEFAULT_MODEL, models_folder

    setting = str(listed.path)
    if listed.is_bundled:
        setting = "" if listed.name == DEFAULT_MODEL else listed.name
    return KnownModel(
        listed.name,
        listed.path,
        setting,
        listed.is_bundled,
        not listed.is_bundled and listed.path.parent == models_folder(),
        listed.size,
        listed.speed,
        listed.licence,
        listed.network,
        _what(listed.card, listed.network),
        _metrics(listed.card),
        listed.problem,
    )


def offered_models() -> list[OfferedModel]:
    """List the published models that are not among the annotator's own; nothing is asked of any server."""
    from model.store import stored_models
    from model.store.download import bytes_there
    from model.store.published import published_models
    from model.store.speed import speed_class

    own = stored_models()
    return [
        OfferedModel(
            each.name,
            each.title,
            each.url,
            each.copy_of,
            each.project,
            each.licence,
            each.sha256 or "",
            each.bytes or 0,
            bytes_there(each.target),
            speed_class(each.network),
            each.network,
        )
        for each in published_models()
        if each.name not in own
    ]


def fetch_offered(name: str, progress: Callable[[int, int | None], None]) -> Path:
    """Fetch a published model, go on from what had come of it, and import it among the annotator's own.

    `progress` is told the bytes that are there and all of them, None where that is not known, and may raise to end it:
    what has come stays. Takes minutes, imports torch at the end. Raises `EngineError`, and what `progress` raises.
    """
    with _in_words(f"import {name}"):
        from model.checkpoints.fetching import fetch_model
        from model.store.published import published_model

        return fetch_model(published_model(name), progress)


def import_among_own(file: Path, name: str) -> Path:
    """Turn a file of another project into a model of the annotator's own; return its file.

    Imports torch, so it takes seconds. Raises `EngineError`.
    """
    with _in_words(f"import {file}"):
        from model.checkpoints.fetching import keep_model

        return keep_model(file, name)


def remove_own(name: str) -> None:
    """Delete a model of the annotator's own. Raises `EngineError`."""
    from model.store import remove_model

    with _in_words(f"remove {name}"):
        remove_model(name)


@contextmanager
def _in_words(doing: str) -> Iterator[None]:
    from model.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise EngineError(str(error)) from error
    except MemoryError as error:
        raise EngineError(f"The memory of this computer is too small to {doing}; close other programs.") from error


def _what(card: Mapping[str, object], network: str) -> str:
    source, base = card.get("source"), card.get("started_from")
    what = source.get("what") if isinstance(source, dict) else None
    if what is None and isinstance(base, dict):
        what = f"{base.get('name')}, trained further on one's own data"
    return str(what or card.get("made_by") or network)


def _metrics(card: Mapping[str, object]) -> str:
    metrics = card.get("metrics")
    if not isinstance(metrics, dict):
        return ""
    numbers = ", ".join(f"{name} {value}" for name, value in metrics.items() if name != "on")
    return f"{numbers} ({metrics['on']})" if "on" in metrics else numbers

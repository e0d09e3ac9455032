"""Sessions of the window as data: the objects of their photos and volumes, as runs in the session's zip."""

import json
import os
import zipfile
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble, with_own_stems
from .images import read_image
from .session_labels import READ_ERRORS, StoredLabels
from .session_volumes import slices_of

SUFFIX = ".isegformer"
_FORMAT = "isegformer session"
_LARGEST_MEMBER = 2**30


def open_session(path: Path, *, only_finished: bool = False) -> Found:
    """Open a session file: its photos, and the slices of its volumes, with at least one object.

    What is not there any more is a trouble. With `only_finished`, objects whose clicks are not all accepted are left
    out. Raises `DatasetError` where the session cannot be read.
    """
    images: list[Annotated] = []
    troubles = []
    for place, entry, work in _works(path):
        stored = shown = path
        try:
            stored = _place(entry, path.absolute().parent)
            shown = stored / name if (name := entry.get("volume", {}).get("name", "")) else stored
            if "volume" in entry:
                labels = StoredLabels(f"{path.stem}/{shown.name}", work, only_finished)
                images += _of_volume(stored, labels, path, place)
            else:
                images.append(_of_photo(stored, StoredLabels(f"{path.stem}/{stored.stem}", work, only_finished), path))
        except DatasetError as error:
            troubles.append(Trouble(f"{path.stem}/{shown.name}", str(error)))
        except (*READ_ERRORS, OSError):
            troubles.append(Trouble(f"{path.stem}/{shown.name}", f"entry {place + 1} of the session is damaged"))
    return Found(tuple(with_own_stems(images)), tuple(troubles))


def _works(path: Path) -> list[tuple[int, dict[str, Any], dict[str, Any]]]:
    """Read place in the queue, entry and work of everything that has an object."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(_member(archive, "session.json"))
            if head.get("format") != _FORMAT:
                raise ValueError("another format")
            works = {int(place): json.loads(_member(archive, f"photos/{int(place)}.json")) for place in head["works"]}
            return [(place, head["photos"][place], work) for place, work in works.items() if work["state"]["objects"]]
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except (*READ_ERRORS, zipfile.BadZipFile) as error:
        raise DatasetError(f"The session {str(path)!r} is damaged or of a newer version of the program.") from error


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST_MEMBER:
        raise ValueError("a member of an impossible size")
    return archive.read(name)


def _place(entry: dict[str, Any], folder: Path) -> Path:
    """Find a file beside the session as it was, else where it lay then."""
    beside = Path(os.path.normpath(folder / PurePosixPath(entry["relative"])))
    return beside if entry["relative"] and beside.exists() else Path(entry["absolute"])


def _of_photo(photo: Path, labels: StoredLabels, session: Path) -> Annotated:
    if not photo.is_file():
        raise DatasetError(f"the photo is not at {str(photo)!r} any more")
    set_name, _, stem = labels.name.partition("/")
    read = partial(read_image, photo), partial(_read_objects, labels)
    return Annotated(set_name, stem, *read, paths=(photo, session))


def _of_volume(volume: Path, labels: StoredLabels, session: Path, place: int) -> list[Annotated]:
    files = (volume,) if volume.is_file() else tuple(sorted(each for each in volume.rglob("*") if each.is_file()))
    if not files:
        raise DatasetError(f"the volume is not at {str(volume)!r} any more")
    return slices_of(labels, session, place, files)


def _read_objects(labels: StoredLabels) -> Objects:
    layers = labels.unpack()[:, 0].astype(np.int32)
    return Objects(layers, np.zeros(layers.shape[1:], np.bool_), classes=labels.classes)

"""Sessions of the window as training data: the objects of their photos, as runs in the session's zip."""

import base64
import json
import math
import os
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble
from .images import read_image

SUFFIX = ".isegformer"
_FORMAT = "isegformer session"
_LARGEST_MEMBER = 2**30
_MOST_VOXELS = 2**31
_READ_ERRORS = (KeyError, TypeError, ValueError, IndexError, zlib.error, zipfile.BadZipFile)


def open_session(path: Path, *, only_finished: bool = False) -> Found:
    """Open a session file: its photos with at least one object. Raises `DatasetError` where it cannot be read.

    Photos that are not there any more and works on volumes are troubles. With `only_finished`, objects whose clicks
    are not all accepted are left out.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            head = json.loads(_member(archive, "session.json"))
            if head.get("format") != _FORMAT:
                raise ValueError("another format")
            works = {int(place): json.loads(_member(archive, f"photos/{int(place)}.json")) for place in head["works"]}
            places = [_place(entry, path.absolute().parent) for entry in head["photos"]]
            found = [(places[place], work) for place, work in works.items() if work["state"]["objects"]]
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except _READ_ERRORS as error:
        raise DatasetError(f"The session {str(path)!r} is damaged or of a newer version of the program.") from error
    images, troubles = [], []
    for photo, work in found:
        if not photo.is_file():
            troubles.append(Trouble(f"{path.stem}/{photo.name}", f"the photo is not at {str(photo)!r} any more"))
        elif work["shape"][0] != 1:
            troubles.append(Trouble(f"{path.stem}/{photo.name}", "it is a volume; export its labels as NIfTI to train"))
        else:
            read = partial(_read_objects, work, f"{path.stem}/{photo.name}", only_finished=only_finished)
            paths = (photo, path)
            images.append(Annotated(path.stem, photo.stem, partial(read_image, photo), read, paths=paths))
    return Found(tuple(images), tuple(troubles))


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST_MEMBER:
        raise ValueError("a member of an impossible size")
    return archive.read(name)


def _place(entry: dict[str, Any], folder: Path) -> Path:
    """Find a photo beside the session as it was, else where it lay then."""
    beside = Path(os.path.normpath(folder / PurePosixPath(entry["relative"])))
    return beside if entry["relative"] and beside.is_file() else Path(entry["absolute"])


def _finished(work: dict[str, Any]) -> list[int]:
    """Numbers of the objects without an open prompt."""
    objects = work["state"]["objects"]
    return [int(each["id"]) for each in objects if not any(prompt["open"] for prompt in each["prompts"])]


def _read_objects(work: dict[str, Any], name: str, *, only_finished: bool) -> Objects:
    shape = tuple(work["shape"])
    size = (shape[1], shape[2])
    try:
        labels = np.stack([_runs(layer, shape)[0].astype(np.int32) for layer in work["layers"]])
        if only_finished:
            labels[~np.isin(labels, _finished(work))] = 0
    except _READ_ERRORS as error:
        raise DatasetError(f"The labels of {name} in the session are damaged.") from error
    return Objects(labels, np.zeros(size, np.bool_))


def _runs(stored: dict[str, Any], shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Unpack the labels of one layer; never more memory than the shape asks for."""
    size = math.prod(shape)
    if tuple(stored["shape"]) != shape or stored["kind"] != "labels" or not 0 < size <= _MOST_VOXELS:
        raise ValueError("runs of another shape")
    if stored.get("lengths") is None:
        return _unpacked(stored["values"], "<u2", size).reshape(shape)
    lengths = _unpacked(stored["lengths"], "<u8", size).astype(np.int64)
    values = _unpacked(stored["values"], "<u2", lengths.size)
    if lengths.min(initial=1) < 0 or lengths.max(initial=0) > size or int(lengths.sum()) != size:
        raise ValueError("runs that do not add up")
    return np.repeat(values, lengths).reshape(shape)


def _unpacked(text: str, kind: str, most: int) -> NDArray[Any]:
    limit = most * np.dtype(kind).itemsize
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text, validate=True), limit + 1)
    if len(data) > limit:
        raise ValueError("more values than announced")
    return np.frombuffer(data, kind)

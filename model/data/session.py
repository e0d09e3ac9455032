"""The part of a session file that an evaluation needs: photos, and the finished objects of each as label planes.

The window writes the file (a zip); of its format, version 1, this reads and nothing more:

- `session.json`: `format` "isegformer session", `version`, `photos` (a list of {"relative", "absolute"} paths, the
  relative one as seen from the file), `works` (the places in that list of photos with work on them);
- `photos/N.json`: `shape` [slices, rows, columns], `state.objects` (each with `id`, `name`, and `prompts` with `open`),
  `layers` (runs of object ids of that shape: `values` little-endian uint16 and `lengths` little-endian uint64, or
  `lengths` null where every value is given, both as base64 of zlib).
"""

import base64
import json
import math
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError

SUFFIX = ".isegformer"
"""Ending of session files."""

_VERSION = 1
_MOST_VOXELS = 2**31
_LARGEST_MEMBER = 2**30


@dataclass(frozen=True)
class WorkedPhoto:
    """A photo with work on it; `layers` (slices, rows, columns) uint16 of object ids, 0 = none, upper ones last.

    `finished` names the objects by id whose clicks are all accepted.
    """

    photo: Path
    layers: tuple[NDArray[np.uint16], ...]
    finished: dict[int, str]


def read_session(path: Path) -> list[WorkedPhoto]:
    """Read the photos with work, in the order of the queue; raise `DatasetError` where that cannot be done."""
    try:
        with zipfile.ZipFile(path) as archive:
            head = _member(archive, "session.json")
            if head["format"] != "isegformer session":
                raise ValueError
            if head["version"] > _VERSION:
                raise DatasetError(
                    f"{str(path)!r} was saved by a newer version of the program; update this one to read it."
                )
            places = [_photo(each, path.absolute().parent) for each in head["photos"]]
            works = [(place, _member(archive, f"photos/{place}.json")) for place in sorted(head["works"])]
            return [_work(places[place], work) for place, work in works]
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except (zipfile.BadZipFile, zlib.error, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise DatasetError(f"{str(path)!r} is damaged or no session file of this program.") from error


def _member(archive: zipfile.ZipFile, name: str) -> Any:  # noqa: ANN401 - JSON may hold anything
    if archive.getinfo(name).file_size > _LARGEST_MEMBER:
        raise ValueError
    return json.loads(archive.read(name))


def _photo(stored: Any, folder: Path) -> Path:  # noqa: ANN401 - JSON may hold anything
    absolute = Path(stored["absolute"])
    beside = folder / PurePosixPath(stored["relative"]) if stored["relative"] else absolute
    return absolute if not beside.is_file() and absolute.is_file() else beside


def _work(photo: Path, stored: Any) -> WorkedPhoto:  # noqa: ANN401 - JSON may hold anything
    shape = tuple(int(length) for length in stored["shape"])
    if len(shape) != 3 or not 0 < math.prod(shape) <= _MOST_VOXELS:
        raise ValueError
    finished = {
        int(each["id"]): str(each["name"])
        for each in stored["state"]["objects"]
        if not any(prompt["open"] for prompt in each["prompts"])
    }
    return WorkedPhoto(photo, tuple(_layer(each, shape) for each in stored["layers"]), finished)


def _layer(stored: Any, shape: tuple[int, ...]) -> NDArray[np.uint16]:  # noqa: ANN401 - JSON may hold anything
    size = math.prod(shape)
    if tuple(stored["shape"]) != shape or stored["kind"] != "labels":
        raise ValueError
    if stored["lengths"] is None:
        return np.frombuffer(_unpacked(stored["values"], 2 * size), "<u2").reshape(shape).astype(np.uint16)
    lengths = np.frombuffer(_unpacked(stored["lengths"], 8 * size), "<u8")
    values = np.frombuffer(_unpacked(stored["values"], 2 * size), "<u2")
    if lengths.max(initial=0) > size or int(lengths.sum()) != size:
        raise ValueError
    return np.repeat(values, lengths.astype(np.int64)).reshape(shape).astype(np.uint16)


def _unpacked(text: str, most: int) -> bytes:
    """Unpack at most `most` bytes."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text, validate=True), most + 1)
    if len(data) > most:
        raise ValueError
    return data

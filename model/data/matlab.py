"""A MATLAB file of version 5 as far as SBD's masks need it: the first field of a struct.

scipy's reader crashes the process at damaged files, and unpacks whatever size they ask for.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError

_HEAD = 128
_MATRIX, _COMPRESSED, _STRUCT = 14, 15, 2
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_MOST_BYTES = 2**28
"""Of a file, and unpacked: SBD's photos have 500 x 500 pixels, and one byte for each."""


def first_field(path: Path, name: str) -> NDArray[Any]:
    """Read the first field of the struct `name`, a matrix of numbers; raise `DatasetError` where there is none."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    try:
        return _field_of(data, name)
    except (ValueError, IndexError, KeyError, StopIteration, zlib.error, UnicodeDecodeError) as error:
        raise DatasetError(f"{str(path)!r} is no MATLAB file with a {name} of SBD.") from error


def _field_of(data: bytes, name: str) -> NDArray[Any]:
    order = {b"IM": "<", b"MI": ">"}[data[_HEAD - 2 : _HEAD]]
    if len(data) > _MOST_BYTES:
        raise ValueError("a file of an impossible size")
    for kind, content in _elements(data[_HEAD:], order):
        if kind == _COMPRESSED:
            kind, content = next(_elements(_unpacked(content), order))
        if kind != _MATRIX:
            continue
        parts = _elements(content, order)
        is_struct, _, own_name = _head(parts, order)
        if is_struct and own_name == name:
            next(parts)  # the length of the names of its fields, and these
            next(parts)
            return _numbers(next(parts), order)
    raise KeyError(name)


def _elements(data: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Walk over elements: what kind of data each holds, and its bytes."""
    tag, place = Struct(f"{order}II"), 0
    while place + tag.size <= len(data):
        kind, size = tag.unpack_from(data, place)
        start, end = place + 8, place + 8 + size
        if kind >> 16:  # a small element: both in four bytes, and the data in the other four
            kind, size = kind & 0xFFFF, kind >> 16
            start, end = place + 4, place + 4 + size
            place += 8
        else:
            place = end if kind == _COMPRESSED else end + -size % 8
        if end > len(data):
            raise ValueError("an element that is cut off")
        yield kind, data[start:end]


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(content, _MOST_BYTES)
    if not unpacker.eof:
        raise ValueError("cut off, or more than it may be")
    return data


def _head(parts: Iterator[tuple[int, bytes]], order: str) -> tuple[bool, tuple[int, ...], str]:
    """Read what every matrix begins with: whether it is a struct, its shape, its name."""
    (_, flags), (_, shape), (_, name) = next(parts), next(parts), next(parts)
    kind = int(np.frombuffer(flags, f"{order}u4")[0]) & 0xFF
    return kind == _STRUCT, tuple(np.frombuffer(shape, f"{order}i4").tolist()), name.decode("ascii")


def _numbers(element: tuple[int, bytes], order: str) -> NDArray[Any]:
    kind, content = element
    if kind != _MATRIX:
        raise ValueError("no matrix")
    parts = _elements(content, order)
    _, shape, _ = _head(parts, order)
    stored, values = next(parts)
    if min(shape) < 1:
        raise ValueError("an empty matrix")
    return np.frombuffer(values, order + _NUMBERS[stored]).reshape(shape, order="F")

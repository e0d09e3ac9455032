"""The voxels of an NRRD file, piece by piece: SimpleITK reads a file in one go, and nothing stops it."""

import bz2
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..errors import Damaged
from .image import Watch

_PIECE = 4_000_000
"""Bytes of voxels after which it is asked whether they are still wanted."""

_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    "raw": nullcontext,
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "gz": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "bz2": bz2.BZ2File,
}
_SKIPS = ("line skip", "lineskip", "byte skip", "byteskip")


def nrrd_header(path: Path) -> dict[str, Any]:
    """The head of an NRRD file; empty for other files. Raises `Damaged`, and `OSError`."""
    if path.suffix.lower() not in {".nrrd", ".nhdr"}:
        return {}
    import nrrd

    try:
        with path.open("rb") as file:
            # 3D Slicer writes names in UTF-8; of bytes the library keeps ASCII alone.
            return dict(nrrd.read_header(line.decode("utf-8", "replace") for line in file))
    except OSError:
        raise
    except Exception as error:
        # The library meets hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(f"The head of “{path.name}” is damaged; get a fresh copy of it.") from error


def read_pieces(path: Path, lengths: list[int], dtype: "np.dtype[Any]", watch: Watch) -> NDArray[Any] | None:
    """Read voxels of these lengths, the first running fastest, as an array with the last axis first.

    None where they are kept in a way that SimpleITK has to read: as text, or over several files. Raises
    `Damaged`, `OSError`, and what `watch` raises.
    """
    header = nrrd_header(path)
    encoding, apart = str(header.get("encoding")), _apart(header)
    is_plain = encoding in _OPENERS and not any(header.get(each) for each in _SKIPS)
    if not is_plain or apart is None or [int(each) for each in header.get("sizes", ())] != lengths:
        return None
    is_swapped = dtype.itemsize > 1 and header.get("endian", sys.byteorder) != sys.byteorder
    values = np.empty(lengths[::-1], dtype)
    with _in_words(path), _voxels(path, apart, _OPENERS[encoding]) as stream:
        for piece in _pieces(values, path, watch):
            _fill(stream, piece.data.cast("B"), path)
            if is_swapped:
                piece.byteswap(inplace=True)
        _check_end(stream)
    values.setflags(write=False)
    return values


def _apart(header: dict[str, Any]) -> str | None:
    """The name of the file that holds the voxels; empty where they follow the head, None where there are several."""
    name = str(header.get("data file", header.get("datafile", "")))
    return None if name.startswith("LIST") or "%" in name else name


@contextmanager
def _voxels(path: Path, apart: str, opener: Callable[[BinaryIO], Any]) -> Iterator[BinaryIO]:
    """Open the voxels at their first byte, unpacked."""
    with (path.parent / apart if apart else path).open("rb") as file:
        while not apart and file.readline().strip():
            """An empty line ends the head."""
        with opener(file) as unpacked:
            yield unpacked


def _pieces(values: NDArray[Any], path: Path, watch: Watch) -> Iterator[NDArray[Any]]:
    flat = values.reshape(-1)
    length = _PIECE // values.dtype.itemsize
    for start in range(0, flat.size, length):
        watch(start, flat.size, path.name)
        yield flat[start : start + length]


def _fill(stream: BinaryIO, view: memoryview, path: Path) -> None:
    done = 0
    while done < len(view):
        read = stream.readinto(view[done:])  # type: ignore[attr-defined]
        if not read:
            raise Damaged(f"“{path.name}” is cut short: some of its voxels are missing; get a fresh copy of it.")
        done += read


def _check_end(stream: BinaryIO) -> None:
    """Read on to where what was packed is checked; whatever may follow it is left alone, as SimpleITK does."""
    try:
        stream.read(1)
    except gzip.BadGzipFile as error:
        if not str(error).startswith("Not a gzipped file"):
            raise


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Damaged(f"“{path.name}” is damaged: it cannot be unpacked; get a fresh copy of it.") from error

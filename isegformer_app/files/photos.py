"""Reading photos: one picture of any common kind becomes a volume of one slice, or one sentence says why not."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isegformer_app.document import Volume

from . import pillow_reader, tiff_reader
from .errors import CannotRead, Damaged, FileProblem, NotAnImage, TooLarge, cannot_read
from .pixels import Window, one_slice
from .raster import Raster, RasterSize, UnreadableRaster

LARGE_MEMORY = 1_000_000_000
"""Bytes of memory above which a photo is opened only when asked again."""

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CHUNK = 1 << 20


@dataclass(frozen=True, eq=False, slots=True)
class Photo:
    """A photo as read: a `volume` of one slice, upright.

    `window` says which values to show as black and white where the file holds more than 8 bit, None otherwise: show
    `volume.as_rgb(PHOTO, window)`, and give the same to the network. `notes` are sentences on what had to be decided
    on the way; `content_hash` is the SHA-256 of the file, in hexadecimal.
    """

    path: Path
    volume: Volume
    window: Window | None
    notes: tuple[str, ...]
    content_hash: str


def read_photo(path: Path, *, allow_large: bool = False) -> Photo:
    """Read the photo at `path`; of several pages or frames the first.

    Raises `TooLarge` before much memory is taken, unless `allow_large`, and other `CannotRead` problems.
    """
    try:
        if not path.is_file():
            raise CannotRead(_not_a_file(path))
        with path.open("rb") as handle:
            raster = _decode(path, handle, allow_large=allow_large)
            handle.seek(0)
            digest = _digest(handle)
        array, window, note = one_slice(raster.values)
    except OSError as error:
        raise cannot_read(path, error) from error
    except MemoryError as error:
        raise CannotRead(
            f"“{path.name}” does not fit into the memory of this computer; close other programs or reduce the picture."
        ) from error
    array.setflags(write=False)
    return Photo(path, Volume(array), window, (*raster.notes, *([note] if note else [])), digest)


def photo_size(path: Path) -> tuple[int, int]:
    """Rows and columns of the photo as `read_photo` would give it, mostly without decoding it; raises `CannotRead`."""
    try:
        with path.open("rb") as handle:
            if handle.read(4) not in _TIFF_STARTS:
                return pillow_reader.size(handle)
    except Exception:  # noqa: BLE001 - whatever is wrong with the file, reading it finds the words for it
        return _size_by_reading(path)
    return _size_by_reading(path)


def content_hash(path: Path) -> str:
    """Compute the SHA-256 of the file at `path`, in hexadecimal; raises `CannotRead`."""
    try:
        with path.open("rb") as handle:
            return _digest(handle)
    except OSError as error:
        raise cannot_read(path, error) from error


def _size_by_reading(path: Path) -> tuple[int, int]:
    _, rows, cols = read_photo(path, allow_large=True).volume.shape
    return rows, cols


def _digest(handle: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := handle.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _not_a_file(path: Path) -> str:
    if path.is_dir():
        return f"“{path}” is a folder; open it with Open Folder."
    if path.exists():
        return f"“{path}” is not a regular file; choose an image file."
    return f"“{path}” is not there (any more); check that the folder exists and its drive is connected."


def _decode(path: Path, handle: BinaryIO, *, allow_large: bool) -> Raster:
    start = handle.read(4)
    if not start:
        raise Damaged(f"“{path.name}” is empty (0 bytes); get a fresh copy of it.")

    def ask(size: RasterSize) -> None:
        if size.memory > LARGE_MEMORY and not allow_large:
            raise TooLarge(path.name, f"{size.width:,} x {size.height:,} pixels", size.memory)

    try:
        if start in _TIFF_STARTS:
            return tiff_reader.read(handle, ask)
        return pillow_reader.read(handle, ask)
    except (FileProblem, MemoryError):
        raise
    except UnreadableRaster as error:
        raise NotAnImage(
            f"“{path.name}” is no image that can be read here; save it as PNG, JPEG or TIFF and open that."
        ) from error
    except Exception as error:
        # Decoders meet hostile bytes with every exception there is, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged or cut short and cannot be opened; get a fresh copy of it.") from error

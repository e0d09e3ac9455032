"""Listing the images of a folder, in the order a person expects."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from .errors import cannot_read

IMAGE_SUFFIXES = frozenset(
    f".{ending}"
    for endings in (
        ("jpg", "jpeg", "jpe", "jfif", "mpo", "jp2", "j2k", "jpx"),
        ("png", "tif", "tiff", "bmp", "dib", "gif", "webp", "avif"),
        ("pbm", "pgm", "ppm", "pnm"),
    )
    for ending in endings
)
"""Lower-case endings of the photos that `photos.read_photo` knows."""

BATCH = 1000
_NUMBER = re.compile(r"(\d+)")
_LONGEST_NUMBER = 1000


def natural_key(name: str) -> str:
    """Make the sorting key under which `slice2` comes before `slice10`.

    One text, for texts are compared many times faster than lists: sorting keeps all other threads waiting.
    """
    return _NUMBER.sub(_sortable, name.casefold())


def _sortable(number: re.Match[str]) -> str:
    """Begin with what no name holds, then how many digits there are; leading zeros decide between equals."""
    digits = number[0]
    # Python refuses to turn thousands of digits into a number: such a name is compared as text.
    if len(digits) >= _LONGEST_NUMBER:
        return digits
    plain = str(int(digits))
    return f"\0{chr(len(plain))}{plain}\0{digits}\0"


class FolderScan:
    """The images of one folder, found while they are asked for; `skipped` lists the subfolders that were unreadable."""

    def __init__(self, folder: Path, *, recursive: bool = False) -> None:
        """Remember what to list; nothing is read yet."""
        self.folder = folder
        self.recursive = recursive
        self.skipped: list[Path] = []

    def batches(self, cancelled: Callable[[], bool] = lambda: False) -> Iterator[list[str]]:
        """Yield the paths of the images in natural order, `BATCH` at a time, a folder's own before its subfolders'.

        Hidden files are left out and linked folders not followed. Raises `CannotRead` when the folder itself cannot
        be listed; ends early once `cancelled()` is True.
        """
        waiting = [self.folder]
        while waiting and not cancelled():
            folder = waiting.pop()
            try:
                names, subfolders = _list(folder)
            except OSError as error:
                if folder == self.folder:
                    raise cannot_read(folder, error) from error
                self.skipped.append(folder)
                continue
            names.sort(key=natural_key)
            for start in range(0, len(names), BATCH):
                if cancelled():
                    return
                yield [os.path.join(folder, name) for name in names[start : start + BATCH]]
            if self.recursive:
                waiting += [folder / name for name in sorted(subfolders, key=natural_key, reverse=True)]


def _list(folder: Path) -> tuple[list[str], list[str]]:
    names: list[str] = []
    subfolders: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if os.path.splitext(entry.name)[1].lower() in IMAGE_SUFFIXES:
                names.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                subfolders.append(entry.name)
    return names, subfolders

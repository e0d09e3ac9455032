"""Volumes of sessions: every slice with labels becomes an image, in the plane that was annotated.

Which file is which volume, the order of its slices and what the network sees of its values is the window's to know:
the entry point lends its readers by `open_volumes_with`, so that labels and slices cannot part.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError
from .annotated import Annotated, Objects
from .session_labels import StoredLabels

ReadPlane = Callable[[int, int], NDArray[np.uint8]]
"""Gives the slice at an axis and an index as the network of the window sees it: (H, W, 3) uint8, RGB."""

OpenVolume = Callable[[Path, int], ReadPlane]
"""Opens the volume at a place in the queue of a session file, turned as its labels are; raises `DatasetError`."""


def _unopened(session: Path, place: int) -> ReadPlane:
    raise DatasetError(
        f"The volume at place {place + 1} of {str(session)!r} is read by the program isegformer only; "
        "run the command through it."
    )


_openers: list[OpenVolume] = [_unopened]


def open_volumes_with(opener: OpenVolume) -> None:
    """Lend this process the way to read the volumes of sessions."""
    _openers[:] = [opener]


def slices_of(labels: StoredLabels, session: Path, place: int, files: tuple[Path, ...]) -> list[Annotated]:
    """List the slices with labels of the volume at `place` of the queue; `files` hold it, and are not read yet.

    Raises `DatasetError` where the labels are damaged, or there are none.
    """
    axis = labels.clicked_axis
    across = tuple(number for number in range(1, 4) if number != axis + 1)
    indices = np.flatnonzero(labels.unpack().any(axis=(0, *across)))
    if not indices.size:
        raise DatasetError("It holds no finished object." if labels.only_finished else "It holds no object.")
    set_name, _, name = labels.name.partition("/")
    return [
        Annotated(
            set_name,
            f"{name}@{index}",
            partial(_read_plane, _openers[0], session, place, (axis, index)),
            partial(_read_objects, labels, (axis, index)),
            group=labels.name,
            paths=(files[0], session, *files[1:]),
            place=(axis, index),
        )
        for index in indices.tolist()
    ]


def _read_plane(opener: OpenVolume, session: Path, place: int, at: tuple[int, int]) -> NDArray[np.uint8]:
    return _opened(opener, session, place)(*at)


@lru_cache(maxsize=2)
def _opened(opener: OpenVolume, session: Path, place: int) -> ReadPlane:
    return opener(session, place)


def _read_objects(labels: StoredLabels, at: tuple[int, int]) -> Objects:
    axis, index = at
    planes = np.take(labels.unpack(), index, axis + 1).astype(np.int32)
    # A layer holds what overlaps somewhere in the volume, most often not in this slice.
    kept = planes[[number == 0 or bool(plane.any()) for number, plane in enumerate(planes)]]
    return Objects(kept, np.zeros(kept.shape[1:], np.bool_), classes=labels.classes)

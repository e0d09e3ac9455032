"""Small pictures of volumes for lists: the middle slice, and nothing more is read of a series."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isegformer_app.document import PHOTO, Volume

from ..errors import FileProblem
from .finding import find_again
from .image import FileKind, FirstSlice, VolumeChoice, VolumeSource
from .reading import read_volume

_MOST_VOXELS = 50_000_000


class _Enough(Exception):  # noqa: N818 - no error: the slice is there, and no more is wanted
    """The first slice is there."""


def read_thumbnail_of(found: VolumeChoice | VolumeSource, side: int) -> NDArray[np.uint8] | None:
    """The slice that would be shown first, (H, W, 3) uint8 with no side longer than `side`, square in millimetres.

    None where it cannot be read, or only by unpacking very much, or by looking through folders for a series that a
    session names. May run on any thread.
    """
    slices: list[FirstSlice] = []

    def stop(first: FirstSlice) -> None:
        slices.append(first)
        raise _Enough

    if isinstance(found, VolumeSource) and found.kind is FileKind.DICOM:
        return None
    try:
        choice = found if isinstance(found, VolumeChoice) else find_again(found)
    except FileProblem:
        return None
    if choice.memory and int(np.prod(choice.shape)) > _MOST_VOXELS and choice.files == 1:
        return None
    try:
        read_volume(choice, show_first=stop)
    except _Enough:
        return _picture(slices[0], side)
    except FileProblem:
        return None
    return None


def _picture(first: FirstSlice, side: int) -> NDArray[np.uint8]:
    shown = Volume(first.pixels[None]).as_rgb(PHOTO, (first.window.low, first.window.high), first.window.curve)
    rows, columns = (length for axis, length in enumerate(first.spacing) if axis != first.key.axis)
    height, width = shown.shape[0] * rows, shown.shape[1] * columns
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(shown).resize(size, Image.Resampling.BILINEAR))

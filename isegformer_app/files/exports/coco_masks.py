"""Masks in COCO's words: run lengths down the columns, compressed by pycocotools."""

import warnings
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import MaskCrop

from . import outlines

Polygons = list[list[float]]
"""One list a part: column, row, column, row, and so on, pixel (r, c) reaching from (c, r) to (c + 1, r + 1)."""


class Rle(TypedDict):
    """A compressed run-length mask: height and width, and the runs as text; as numbers where it is not compressed."""

    size: list[int]
    counts: str | list[int]


def encode(mask: MaskCrop, size: tuple[int, int]) -> Rle:
    """Encode a mask on a photo of `size` (rows, cols); the work grows with the crop, not with the photo."""
    from pycocotools import mask as coco_mask

    height, width = size
    packed = coco_mask.frPyObjects({"size": [height, width], "counts": _runs(mask, size)}, height, width)
    return {"size": [height, width], "counts": packed["counts"].decode("ascii")}


def polygons(mask: MaskCrop, tolerance: float) -> Polygons | None:
    """Trace the parts of a mask, within `tolerance` pixels; None where it has holes."""
    loops = outlines.outlines(mask.pixels)
    if any(outlines.is_hole(loop) for loop in loops):
        return None
    corner = np.array([mask.left, mask.top], dtype=np.float64)
    parts = [(outlines.simplified(loop, tolerance)[:, ::-1] + corner).reshape(-1).tolist() for loop in loops]
    return [*parts]


def decode(segmentation: Rle | Polygons, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Decode for a photo of `size`: (H, W) bool."""
    from pycocotools import mask as coco_mask

    packed: Any
    if isinstance(segmentation, list):
        packed = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))
    elif isinstance(segmentation["counts"], list):
        packed = coco_mask.frPyObjects(dict(segmentation), *size)
    else:
        packed = {"size": segmentation["size"], "counts": segmentation["counts"].encode("ascii")}
    with warnings.catch_warnings():
        # pycocotools has not learnt numpy 2's copy keyword yet.
        warnings.simplefilter("ignore", DeprecationWarning)
        decoded: NDArray[np.uint8] = coco_mask.decode(packed)
    return decoded.view(np.bool_)


def crop(segmentation: Rle | Polygons, size: tuple[int, int]) -> MaskCrop:
    """Cut the mask out, without unpacking the whole photo. Raises `ValueError` where runs do not fit the photo."""
    from pycocotools import mask as coco_mask

    if isinstance(segmentation, list):
        counts = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))["counts"].decode("ascii")
    else:
        counts = segmentation["counts"]
    runs = counts if isinstance(counts, list) else run_lengths(counts)
    # Not even a small lie: pycocotools itself would write past the end of its memory.
    if min(runs, default=0) < 0 or sum(runs) != size[0] * size[1]:
        raise ValueError("its run lengths do not add up to its image")
    boundaries = np.cumsum(np.array(runs, dtype=np.int64))
    starts, ends = boundaries[:-1:2], boundaries[1::2]
    is_some = ends > starts
    starts, ends = starts[is_some], ends[is_some]
    if starts.size == 0:
        return MaskCrop.of(np.zeros((1, 1), dtype=np.bool_))
    height = size[0]
    first, last = int(starts[0]) // height, (int(ends[-1]) - 1) // height
    steps = np.zeros((last - first + 1) * height + 1, dtype=np.int8)
    # Runs of no length make an end and a start fall together.
    np.add.at(steps, starts - first * height, 1)
    np.add.at(steps, ends - first * height, -1)
    columns = np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_).reshape(-1, height)
    return MaskCrop.of(np.ascontiguousarray(columns.T), 0, first)


def run_lengths(counts: str) -> list[int]:
    """Unpack COCO's text: base 48, five bits a letter, from the third on the difference to the last but one.

    Raises `ValueError` for a text that is none. It may be hostile, and pycocotools does not look where it reads.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in counts:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:  # noqa: PLR2004 - six bits a letter, 60 are more than any photo needs
            raise ValueError("run lengths that are no text of COCO's")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits & 16) and 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))  # noqa: PLR2004 - see above
            value = shift = 0
    if shift or min(runs, default=0) < 0:
        raise ValueError("run lengths that are cut short or negative")
    return runs


def is_same(segmentation: Rle | Polygons, mask: MaskCrop, size: tuple[int, int]) -> bool:
    """Tell whether run lengths or polygons give exactly this mask."""
    if not isinstance(segmentation, list) and tuple(segmentation["size"]) != size:
        return False
    decoded = decode(segmentation, size)
    height, width = mask.shape
    inside = decoded[mask.top : mask.top + height, mask.left : mask.left + width]
    pixels = mask.pixels
    # Equal inside, and no more pixels in all: then there are none outside.
    return np.array_equal(inside, pixels) and int(decoded.sum()) == int(pixels.sum())


def _runs(mask: MaskCrop, size: tuple[int, int]) -> list[int]:
    """Lengths of the runs of 0 and 1, in turns, beginning with 0, down the columns of the whole photo."""
    height, width = size
    columns = mask.pixels.T
    edged = np.zeros((columns.shape[0], columns.shape[1] + 2), dtype=np.int8)
    edged[:, 1:-1] = columns
    steps = np.diff(edged, axis=1)
    offset = mask.left * height + mask.top
    column, row = np.nonzero(steps > 0)
    starts = offset + column * height + row
    column, row = np.nonzero(steps < 0)
    ends = offset + column * height + row
    # A run that reaches the lower edge goes on at the upper edge of the next column: no boundary is there.
    boundaries = np.setxor1d(starts, ends, assume_unique=True)
    end = height * width
    runs: list[int] = np.diff(boundaries, prepend=0, append=end).tolist()
    return runs[:-1] if boundaries.size and boundaries[-1] == end else runs

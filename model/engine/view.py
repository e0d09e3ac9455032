"""From image pixels to the network's view and back: one map for pixels, clicks and probabilities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .region import EMPTY, Box, Extent

if TYPE_CHECKING:
    from ..clicks import Click

MASK_PROBABILITY = 0.5
"""A probability above this is mask where a region is sought (the published `prob_thresh`)."""


@dataclass(frozen=True, slots=True)
class View:
    """A box of the image, resized to `size` (height, width) for the network."""

    box: Box
    size: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """View pixels per image pixel, along rows and along columns."""
        return self.size[0] / self.box.height, self.size[1] / self.box.width

    def point(self, click: "Click") -> tuple[float, float]:
        """Row and column of the click's pixel centre in view pixels; outside the view where the click is."""
        row_scale, col_scale = self.scale
        return (
            (click.row - self.box.row0 + 0.5) * row_scale - 0.5,
            (click.col - self.box.col0 + 0.5) * col_scale - 0.5,
        )

    def pixel(self, click: "Click") -> tuple[int, int]:
        """Row and column of the view pixel under the click, which must lie in the box."""
        return (
            min((2 * (click.row - self.box.row0) + 1) * self.size[0] // (2 * self.box.height), self.size[0] - 1),
            min((2 * (click.col - self.box.col0) + 1) * self.size[1] // (2 * self.box.width), self.size[1] - 1),
        )


def view_of(box: Box, side: int, multiple: int, *, square: bool = False) -> View:
    """Give the view whose longer side is `side`, both sides rounded to at least one `multiple`."""
    longer = max(box.height, box.width)
    lengths = (longer, longer) if square else (box.height, box.width)
    height, width = (max(1, round(length * side / longer / multiple)) * multiple for length in lengths)
    return View(box, (height, width))


def resize(array: NDArray[Any], size: tuple[int, int], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Resize to (height, width), pixel centres kept in place: area mean along what shrinks, bilinear along what grows.

    `out`, where given, is the array of that size to write into: it saves a copy of a large answer.
    """
    height, width = size
    reduced = (min(height, array.shape[0]), min(width, array.shape[1]))
    if reduced != array.shape[:2]:
        target = out if reduced == size else None
        array = cv2.resize(array, reduced[::-1], dst=target, interpolation=cv2.INTER_AREA)
    if reduced != size:
        array = cv2.resize(array, (width, height), dst=out, interpolation=cv2.INTER_LINEAR)
    if out is None:
        return array
    if array is not out:
        # Nothing had to change, or OpenCV gave another array over the same memory.
        np.copyto(out, array)
    return out


def look(image: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    """Cut the view out of an RGB image (H, W, 3) uint8: (h, w, 3) uint8."""
    return resize(_cut(image, view.box), view.size)


def look_at_mask(mask: NDArray[Any], view: View) -> NDArray[np.float32]:
    """Cut the view out of a mask (H, W), bool or float in [0, 1]: (h, w) float32 in [0, 1]."""
    cut = _cut(mask, view.box)
    if cut.dtype == np.bool_:
        # One byte a pixel: a float copy of a mask of 10,000 x 10,000 would be four.
        grey = resize(cut.view(np.uint8) * np.uint8(255), view.size)
        return np.asarray(grey.astype(np.float32) / np.float32(255))
    if cut.dtype not in (np.float32, np.float64):
        cut = cut.astype(np.float32)
    clipped: NDArray[Any] = np.clip(resize(cut, view.size), 0, 1)
    return clipped.astype(np.float32)


def change_view(probability: NDArray[np.float32], seen: View, view: View) -> NDArray[np.float32]:
    """Carry a probability (h, w) from the view it was `seen` in to another `view`; zero where it was not seen."""
    if seen == view:
        return probability
    # Shrink first, so that the warp below, which only interpolates, never skips pixels.
    fitting = tuple(
        max(1, min(length, round(length * new / old)))
        for length, new, old in zip(seen.size, view.scale, seen.scale, strict=True)
    )
    source = resize(probability, (fitting[0], fitting[1]))
    row_scale, col_scale = fitting[0] / seen.box.height, fitting[1] / seen.box.width
    row_step, col_step = row_scale / view.scale[0], col_scale / view.scale[1]
    row_start = (view.box.row0 - seen.box.row0) * row_scale + 0.5 * row_step - 0.5
    col_start = (view.box.col0 - seen.box.col0) * col_scale + 0.5 * col_step - 0.5
    matrix = np.array([[col_step, 0, col_start], [0, row_step, row_start]], dtype=np.float64)
    # Replicated, not zero, at the border: a mask that runs to the image's edge must not fade there.
    carried = cv2.warpAffine(
        source, matrix, view.size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    result = np.asarray(carried, dtype=np.float32)
    result[_outside(view.box.row0, view.scale[0], view.size[0], seen.box.row0, seen.box.row1), :] = 0
    result[:, _outside(view.box.col0, view.scale[1], view.size[1], seen.box.col0, seen.box.col1)] = 0
    return result


def paste(probability: NDArray[np.float32], view: View, size: tuple[int, int]) -> NDArray[np.float32]:
    """Lay the view's probability (h, w) into an image of `size`: (H, W) float32, zero outside of the view's box."""
    box = view.box
    make = np.empty if (box.height, box.width) == size else np.zeros
    answer = make(size, dtype=np.float32)
    resize(probability, (box.height, box.width), out=answer[box.row0 : box.row1, box.col0 : box.col1])
    return answer


def extent_in_view(probability: NDArray[np.float32], view: View) -> Extent:
    """Measure the mask of a view's probability (h, w) in image pixels."""
    mask = probability > MASK_PROBABILITY
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return EMPTY
    row0, row1 = _span(rows, view.size[0], view.box.height)
    col0, col1 = _span(cols, view.size[1], view.box.width)
    box = Box(view.box.row0 + row0, view.box.col0 + col0, view.box.row0 + row1, view.box.col0 + col1)
    return Extent(box, np.count_nonzero(mask) / (view.scale[0] * view.scale[1]))


def extent_of_mask(mask: NDArray[Any]) -> Extent:
    """Measure a mask (H, W), bool or float in [0, 1], without a float copy of it."""
    rows = np.flatnonzero(mask.max(axis=1) > MASK_PROBABILITY)
    cols = np.flatnonzero(mask.max(axis=0) > MASK_PROBABILITY)
    if rows.size == 0:
        return EMPTY
    box = Box(int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1)
    return Extent(box, float(np.count_nonzero(_cut(mask, box) > MASK_PROBABILITY)))


def _cut(array: NDArray[Any], box: Box) -> NDArray[Any]:
    return array[box.row0 : box.row1, box.col0 : box.col1]


def _outside(origin: int, scale: float, length: int, start: int, stop: int) -> NDArray[np.bool_]:
    """Mark the view pixels along one axis whose centres lie outside of the image pixels start..stop-1."""
    centres = origin + (np.arange(length) + 0.5) / scale
    return np.asarray((centres < start) | (centres >= stop))


def _span(indices: NDArray[np.intp], view_length: int, box_length: int) -> tuple[int, int]:
    """First and one past the last image pixel of the box that the view pixels `indices` touch."""
    first, last = int(indices[0]), int(indices[-1])
    return first * box_length // view_length, -(-(last + 1) * box_length // view_length)

"""Masks made by geometry: the inside of an outline, and what tidies a mask up."""

import numpy as np
from numpy.typing import NDArray

from .geometry import bounding_rectangle
from .masks import MaskCrop

Mask = NDArray[np.bool_]

_CORNERS_OF_AREA = 3


def outline_mask(shape: tuple[int, int], points: tuple[tuple[float, float], ...]) -> MaskCrop:
    """Pixels whose middle lies inside the closed outline through `points` (row, col), by the even-odd rule.

    Coordinates are those of pixel middles: the middle of the first pixel is (0, 0). Clipped to a slice of `shape`.
    """
    path = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if len(path) < _CORNERS_OF_AREA:
        return MaskCrop.of(np.zeros((1, 1), dtype=np.bool_))
    toggles = np.zeros((shape[0], shape[1] + 1), dtype=np.bool_)
    for (row, col), (next_row, next_col) in zip(path, np.roll(path, -1, axis=0), strict=True):
        low, high = min(row, next_row), max(row, next_row)
        rows = np.arange(max(int(np.ceil(low)), 0), min(int(np.ceil(high)), shape[0]))
        if rows.size:
            crossings = col + (rows - row) * (next_col - col) / (next_row - row)
            columns = np.ceil(crossings).clip(0, shape[1]).astype(np.intp)
            np.logical_xor.at(toggles, (rows, columns), True)
    return MaskCrop.of(np.logical_xor.accumulate(toggles[:, :-1], axis=1))


def without_holes(mask: Mask) -> Mask:
    """Fill what is enclosed by the mask."""
    from scipy import ndimage

    filled: Mask = ndimage.binary_fill_holes(mask)
    return filled


def largest_part(mask: Mask) -> Mask:
    """Keep the connected part with the most pixels; touching at a corner connects."""
    from scipy import ndimage

    parts, count = ndimage.label(mask, structure=np.ones((3, 3)))
    if count <= 1:
        return mask
    kept: Mask = parts == 1 + int(np.argmax(np.bincount(parts.reshape(-1))[1:]))
    return kept


def smoothed(mask: Mask, radius: float = 2.0) -> Mask:
    """Round the border off: a Gaussian of `radius` pixels over the mask, cut at one half; its area hardly changes."""
    from scipy import ndimage

    rectangle = bounding_rectangle(mask)
    if rectangle is None:
        return mask
    rim = int(np.ceil(3 * radius))
    top, left = (max(edge - rim, 0) for edge in rectangle[:2])
    area = slice(top, rectangle[2] + rim), slice(left, rectangle[3] + rim)
    # The border of the photo is no border of the object: what lies beyond continues as it is there.
    blurred = ndimage.gaussian_filter(mask[area].astype(np.float32), radius, mode="nearest")
    result = np.zeros_like(mask)
    result[area] = blurred > 0.5  # noqa: PLR2004 - half way between outside and inside
    return result

"""The shapes between two slices, by geometry alone: no network, no pixels of the image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .geometry import bounding_rectangle
from .masks import MaskCrop

Mask = NDArray[np.bool_]


def shapes_between(
    first: Mask, last: Mask, places: Sequence[float], pixel: tuple[float, float] = (1.0, 1.0)
) -> tuple[MaskCrop, ...]:
    """Shapes on the slices between two masks (H, W), neither of them empty.

    `places` tell where the slices lie, in order: that of the first mask, those between, and that of the last one.

    The signed distance to the border is interpolated, with both shapes laid over each other at the middle that the
    slice should have: so a shape that moves is not lost half-way. `pixel` is the height and width of a pixel. Nothing
    lies outside of the smallest convex shape round both masks, and the other way round the shapes are the same.
    """
    both = bounding_rectangle(first | last)
    if both is None or not (first.any() and last.any()):
        return ()
    top, left, bottom, right = both
    one, other = first[top:bottom, left:right], last[top:bottom, left:right]
    way = np.subtract(ndimage.center_of_mass(other), ndimage.center_of_mass(one))
    hull = _hull(one | other)
    # Shapes are shifted by the whole way at most: so far outside the distances must be known.
    room = int(np.ceil(np.abs(way).max())) + 1
    depths = [_depth(np.pad(mask, room), pixel) for mask in (one, other)]
    made, whole = [], places[-1] - places[0]
    for place in places[1:-1]:
        before, after = (place - places[0]) / whole, (places[-1] - place) / whole
        shifted = _cut(depths[0], before * way, room), _cut(depths[1], -after * way, room)
        made.append(MaskCrop.of((after * shifted[0] + before * shifted[1] > 0) & hull, top, left))
    return tuple(made)


def _depth(mask: Mask, pixel: tuple[float, float]) -> NDArray[np.float64]:
    """Distance of each pixel to the border, negative outside."""
    inside = ndimage.distance_transform_edt(mask, sampling=pixel)
    outside = ndimage.distance_transform_edt(~mask, sampling=pixel)
    return np.asarray(inside - outside, dtype=np.float64)


def _cut(depth: NDArray[np.float64], shift: NDArray[np.float64], room: int) -> NDArray[np.float64]:
    """The middle of a padded map after it was shifted by whole pixels."""
    rows, cols = (int(each) for each in np.rint(shift))
    height, width = depth.shape
    return depth[room - rows : height - room - rows, room - cols : width - room - cols]


def _hull(mask: Mask) -> Mask:
    """Pixels of the smallest convex shape round the mask's."""
    from skimage.morphology import convex_hull_image  # here, because it takes a second and few need it

    return np.asarray(convex_hull_image(mask), dtype=np.bool_) | mask  # type: ignore[no-untyped-call]

"""Where things are: slices of a volume and half-open boxes of voxels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
"""(slices, rows, columns); a photo has one slice."""


Rectangle = tuple[int, int, int, int]
"""(top, left, bottom, right) on a slice, half-open."""


@dataclass(frozen=True, slots=True, order=True)
class SliceKey:
    """One plane of a volume: the axis it is perpendicular to (0, 1 or 2) and its index along that axis."""

    axis: int
    index: int


PHOTO = SliceKey(0, 0)
"""The one slice of a photo."""


def slice_shape(shape: Shape, key: SliceKey) -> tuple[int, int]:
    """Rows and columns of a slice: the two other axes, in their order."""
    rows, cols = (length for axis, length in enumerate(shape) if axis != key.axis)
    return rows, cols


@dataclass(frozen=True, slots=True)
class Box:
    """Voxels with `lower[i] <= index[i] < upper[i]` on each of the three axes."""

    lower: Shape
    upper: Shape

    @classmethod
    def on_slice(cls, key: SliceKey, top: int, left: int, height: int, width: int) -> "Box":
        """Build the box of a rectangle on one slice."""
        lower, upper = [top, left], [top + height, left + width]
        lower.insert(key.axis, key.index)
        upper.insert(key.axis, key.index + 1)
        return cls((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """The index that cuts this box out of an array."""
        (a, b, c), (d, e, f) = self.lower, self.upper
        return slice(a, d), slice(b, e), slice(c, f)

    @property
    def shape(self) -> Shape:
        """Length of the box on each axis."""
        (a, b, c), (d, e, f) = self.lower, self.upper
        return d - a, e - b, f - c

    def union(self, other: "Box | None") -> "Box":
        """Return the smallest box round both."""
        if other is None:
            return self
        low = tuple(min(a, b) for a, b in zip(self.lower, other.lower, strict=True))
        high = tuple(max(a, b) for a, b in zip(self.upper, other.upper, strict=True))
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def rectangle(self, key: SliceKey) -> Rectangle | None:
        """Return its rectangle on the slice, or None where the box does not meet it."""
        if not self.lower[key.axis] <= key.index < self.upper[key.axis]:
            return None
        top, left = (value for axis, value in enumerate(self.lower) if axis != key.axis)
        bottom, right = (value for axis, value in enumerate(self.upper) if axis != key.axis)
        return top, left, bottom, right


def bounding_rectangle(mask: NDArray[np.bool_]) -> Rectangle | None:
    """Return the rectangle round the True pixels of an (H, W) mask; None where there are none."""
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    cols = np.flatnonzero(mask[top:bottom].any(axis=0))
    return top, int(cols[0]), bottom, int(cols[-1]) + 1


def bounding_box(mask: NDArray[np.bool_]) -> Box | None:
    """Return the box of the True voxels of a (D, H, W) mask; None where there are none."""
    planes = np.flatnonzero(mask.any(axis=(1, 2)))
    if planes.size == 0:
        return None
    first, last = int(planes[0]), int(planes[-1]) + 1
    flat: NDArray[np.bool_] = np.logical_or.reduce(mask[first:last], axis=0)
    rectangle = bounding_rectangle(flat)
    if rectangle is None:
        return None
    top, left, bottom, right = rectangle
    return Box((first, top, left), (last, bottom, right))

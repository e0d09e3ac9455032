"""Which object each voxel belongs to, written only through reversible patches."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import EditError, ShapeError
from .geometry import Box, Rectangle, Shape, SliceKey, bounding_box, slice_shape
from .runs import Runs

Labels = NDArray[np.uint16]
Layer = NDArray[np.unsignedinteger[Any]]
"""Labels as they are kept: a byte each as long as that is enough."""

MAX_OBJECT_ID = int(np.iinfo(np.uint16).max)


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One reversible write: the changed box of one layer, and its ids before and after."""

    layer: int
    box: Box
    before: Runs
    after: Runs

    @property
    def nbytes(self) -> int:
        """Bytes that the patch takes in the history."""
        return self.before.nbytes + self.after.nbytes


class LabelMap:
    """Object ids (0 = background) on a grid of (slices, rows, columns).

    One layer holds one object a voxel. More layers appear only where the annotator allows objects to overlap; in which
    of them an object lies means nothing, and of those at a voxel the newest is seen. All are of one type: a byte a
    voxel until an object has a number that is too great for it.
    """

    def __init__(self, shape: Shape) -> None:
        """Start with one empty layer."""
        self.shape = shape
        self._arrays: list[Layer] = [np.zeros(shape, dtype=np.uint8)]
        self._packed: list[Runs] | None = None
        self._written: Box | None = None
        """A box round all that was ever written: slices across the grain of a large volume are slow to read whole."""

    @property
    def _layers(self) -> list[Layer]:
        if self._packed is not None:
            dtype = np.min_scalar_type(max(int(runs.values.max(initial=0)) for runs in self._packed))
            self._arrays = [replace(runs, values=runs.values.astype(dtype)).decode() for runs in self._packed]
            self._packed = None
        return self._arrays

    def pack(self) -> None:
        """Keep the layers as runs until they are looked at again: for a photo that is not shown."""
        if self._packed is None:
            self._packed = list(self.runs())
            self._arrays = []

    @classmethod
    def of_runs(cls, shape: Shape, layers: Sequence[Runs]) -> "LabelMap":
        """Build the map that `runs` gave, packed until it is looked at. Raises `ShapeError` where they do not fit."""
        if not layers or any(runs.shape != shape or runs.values.dtype != np.uint16 for runs in layers):
            raise ShapeError(f"The stored labels do not fit an image of {shape}.")
        label_map = cls((0, 0, 0))
        label_map.shape, label_map._arrays, label_map._packed = shape, [], list(layers)
        label_map._written = Box((0, 0, 0), shape)
        return label_map

    def runs(self) -> tuple[Runs, ...]:
        """The layers as runs, bottom first: a copy that no later write changes. Packed layers stay packed."""
        if self._packed is not None:
            return tuple(self._packed)
        encoded = [Runs.encode(layer) for layer in self._arrays]
        return tuple(replace(runs, values=runs.values.astype(np.uint16)) for runs in encoded)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, (D, H, W) uint8 or uint16, bottom first; not to be written."""
        views = tuple(layer.view() for layer in self._layers)
        for view in views:
            view.flags.writeable = False
        return views

    def write(self, layer: int, box: Box, values: Labels) -> Patch | None:
        """Put `values` into a box of a layer (a new layer where `layer` is one past the last); None if nothing changes.

        Raises `EditError` where the box lies outside or the values do not fit it.
        """
        if any(low < 0 for low in box.lower) or any(a > b for a, b in zip(box.upper, self.shape, strict=True)):
            raise EditError(f"The box {box.lower} to {box.upper} lies outside the image of {self.shape}.")
        if values.shape != box.shape:
            raise EditError(f"The labels are {values.shape}, the box to write is {box.shape}.")
        while layer >= len(self._layers):
            self._layers.append(np.zeros(self.shape, dtype=self._layers[0].dtype))
        target = self._layers[layer][box.slices]
        changed = bounding_box(target != values)
        if changed is None:
            return None
        inner = changed.slices
        low, high = (
            tuple(base + offset for base, offset in zip(box.lower, offsets, strict=True))
            for offsets in (changed.lower, changed.upper)
        )
        small = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        before, after = target[inner].astype(np.uint16), values[inner]
        self._put(layer, small, after)
        return Patch(layer, small, Runs.encode(before), Runs.encode(after))

    def revert(self, patch: Patch) -> None:
        """Take a patch back."""
        self._put(patch.layer, patch.box, patch.before.decode())

    def reapply(self, patch: Patch) -> None:
        """Write a patch again that was taken back."""
        self._put(patch.layer, patch.box, patch.after.decode())

    def _put(self, layer: int, box: Box, values: Labels) -> None:
        if values.max() > np.iinfo(self._layers[0].dtype).max:
            self._arrays = [each.astype(np.uint16) for each in self._layers]
        self._layers[layer][box.slices] = values
        self._written = box.union(self._written)

    def planes(self, key: SliceKey, rectangle: Rectangle | None = None) -> tuple[Labels, ...]:
        """One slice of every layer, (rows, cols) uint16 each, bottom first: copies. With a `rectangle`, its inside."""
        index: list[Any] = [slice(None)] * 3
        index[key.axis] = key.index
        top, left, bottom, right = rectangle or (0, 0, *slice_shape(self.shape, key))
        planes = tuple(np.zeros((bottom - top, right - left), np.uint16) for _ in self._layers)
        written = None if self._written is None else self._written.rectangle(key)
        if written is not None:
            rows = slice(max(written[0], top), min(written[2], bottom))
            cols = slice(max(written[1], left), min(written[3], right))
            if rows.start < rows.stop and cols.start < cols.stop:
                inside = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
                for plane, layer in zip(planes, self._layers, strict=True):
                    plane[inside] = layer[tuple(index)][rows, cols]
        return planes

    def top_plane(self, key: SliceKey) -> Labels:
        """One slice as the annotator sees it, (rows, cols) uint16: the newest object wins. A copy."""
        return merged(self.planes(key))

    def mask(self, object_id: int, key: SliceKey) -> NDArray[np.bool_]:
        """Pixels of an object on one slice, (rows, cols) bool."""
        bottom, *others = self.planes(key)
        mask: NDArray[np.bool_] = bottom == object_id
        for plane in others:
            mask |= plane == object_id
        return mask

    def voxels(self, object_id: int) -> NDArray[np.bool_]:
        """Voxels of an object, (D, H, W) bool."""
        mask: NDArray[np.bool_] = self._layers[0] == object_id
        for layer in self._layers[1:]:
            mask |= layer == object_id
        return mask

    def ids(self) -> set[int]:
        """Ids that own at least one voxel."""
        found: set[int] = set()
        for layer in self._layers:
            counts = np.bincount(layer.reshape(-1), minlength=1)
            found.update(np.flatnonzero(counts).tolist())
        return found - {0}

    def equals(self, other: "LabelMap") -> bool:
        """Whether both hold the same ids; empty layers do not count."""
        mine, theirs = ([layer for layer in each.layers if layer.any()] for each in (self, other))
        return (
            self.shape == other.shape
            and len(mine) == len(theirs)
            and all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
        )


def merged(planes: Sequence[Labels]) -> Labels:
    """What is seen of several layers, whatever their order: at each place the newest object; the first is written to.

    So an object that is worked on again comes to lie where it lay, on this slice and on all others.
    """
    flat, *others = planes
    for plane in others:
        np.maximum(flat, plane, out=flat)
    return flat

"""The pixels that are annotated. A photo is a volume of one slice."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .axis_order import PATIENT_AXES, Affine
from .errors import ShapeError
from .geometry import Shape, SliceKey

PLANE_NAMES = ("axial", "coronal", "sagittal")
"""What the slices along each axis of a volume in patient order are called."""

Curve = NDArray[np.uint8]
"""Greys of evenly spaced values from one end of a window to the other."""

_GREY, _COLOUR = 3, 4
_SLAB, _LARGE = 8, 1 << 24
"""Slices that are fetched together, of volumes of so many voxels."""
_TOWARDS = (("R", "L"), ("A", "P"), ("S", "I"))


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels with their place in the world; never changed once built.

    `array` is (D, H, W) of any real type, or (D, H, W, 3) uint8 RGB. `spacing` is the way from voxel to voxel along
    the three axes: in millimetres where the volume `has_scale`, otherwise, as in a photo, in pixels. `affine` (4, 4)
    takes the middle of the voxel (slice, row, col, 1) to patient millimetres, RAS+: x grows to the patient's right,
    y to the front, z to the head. It may be oblique and sheared; None without one. The axes of a volume that has one
    run, as nearly as they can, from head to feet, from front to back and from the patient's right to the left.
    """

    array: NDArray[Any]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    affine: Affine | None = None
    has_scale: bool = False
    _slab: list[tuple[int, NDArray[Any]]] = field(default_factory=list, init=False, repr=False)
    """The first of a few slices across the grain, and their values: to fetch one costs as much as all of them."""

    def __post_init__(self) -> None:
        """Refuse what is no volume."""
        is_colour = self.array.ndim == _COLOUR and self.array.shape[-1] == 3 and self.array.dtype == np.uint8  # noqa: PLR2004
        if not (is_colour or self.array.ndim == _GREY):
            raise ShapeError(f"A volume is (D, H, W), or (D, H, W, 3) of uint8; this array is {self.array.shape}.")
        if min(self.array.shape) == 0:
            raise ShapeError("An image without pixels cannot be annotated.")

    @property
    def shape(self) -> Shape:
        """(slices, rows, columns)."""
        depth, height, width = self.array.shape[:3]
        return depth, height, width

    @property
    def is_colour(self) -> bool:
        """Whether the voxels are RGB."""
        return self.array.ndim == _COLOUR

    def to_patient(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take voxels (..., 3) as (slice, row, col) to patient millimetres (..., 3), RAS+.

        Raises `ShapeError` for a volume without an affine.
        """
        affine = self._known_affine()
        placed: NDArray[np.float64] = np.asarray(index, dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3]
        return placed

    def to_voxel(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take patient millimetres (..., 3) to (slice, row, col), not rounded; raises as `to_patient`."""
        affine = self._known_affine()
        offset = np.asarray(position, dtype=np.float64) - affine[:3, 3]
        index: NDArray[np.float64] = offset @ np.linalg.inv(affine[:3, :3]).T
        return index

    def letters(self, axis: int) -> tuple[str, str]:
        """Where the axis begins and where it ends: two of R, L, A, P, S, I; empty without an affine."""
        if self.affine is None:
            return "", ""
        patient = PATIENT_AXES[axis]
        high, low = _TOWARDS[patient]
        return (low, high) if self.affine[patient, axis] > 0 else (high, low)

    def _known_affine(self) -> Affine:
        if self.affine is None:
            raise ShapeError("This image does not say where it lies in the patient.")
        return self.affine

    def plane(self, key: SliceKey) -> NDArray[Any]:
        """Return the raw pixels of one slice: (rows, cols), or (rows, cols, 3) for colour; not to be written."""
        index: list[slice | int] = [slice(None)] * 3
        index[key.axis] = key.index
        is_across = not self.is_colour and abs(self.array.strides[key.axis]) == self.array.itemsize
        if not is_across or self.array.flags.writeable or self.array.size < _LARGE:
            view: NDArray[Any] = self.array[tuple(index)]
            return view
        first = key.index - key.index % _SLAB
        kept = self._slab[0] if self._slab else (-1, self.array)
        if kept[0] != first:
            index[key.axis] = slice(first, first + _SLAB)
            kept = first, np.ascontiguousarray(self.array[tuple(index)])
            # In one step: another thread may look at another slice.
            self._slab[:] = [kept]
        index[key.axis] = key.index - first
        return kept[1][tuple(index)]

    def as_grey(
        self, key: SliceKey, window: tuple[float, float] | None = None, curve: Curve | None = None
    ) -> NDArray[np.uint8]:
        """Return one slice of a grey volume as (rows, cols) uint8.

        Values between the two ends of `window` are spread over 0 to 255, or over the greys of `curve`, and the other
        way round where its first end is the greater; without a window, 8-bit grey is taken as it is and any other
        type from its least to its greatest finite value.
        """
        plane = self.plane(key)
        if plane.dtype == np.uint8 and window is None:
            return np.ascontiguousarray(plane)
        low, high = window or _finite_range(plane)
        top = 255 if curve is None else len(curve) - 1
        scale = top / (high - low) if high != low else 0.0
        stretched = plane.astype(np.float32, order="C")
        stretched -= np.float32(low)
        stretched *= np.float32(scale)
        if plane.dtype.kind not in "iub":
            np.nan_to_num(stretched, copy=False, nan=0.0, posinf=float(top), neginf=0.0)
        stretched.clip(0, top, out=stretched)
        return stretched.astype(np.uint8) if curve is None else curve[np.rint(stretched).astype(np.intp)]

    def as_rgb(
        self, key: SliceKey, window: tuple[float, float] | None = None, curve: Curve | None = None
    ) -> NDArray[np.uint8]:
        """Return one slice as (rows, cols, 3) uint8 for the network and the screen; the rest as for `as_grey`."""
        if self.is_colour:
            return np.ascontiguousarray(self.plane(key))
        return np.repeat(self.as_grey(key, window, curve)[:, :, None], 3, axis=2)


def _finite_range(plane: NDArray[Any]) -> tuple[float, float]:
    finite = plane if plane.dtype.kind in "iub" else plane[np.isfinite(plane)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)


def spacing_of(affine: Affine) -> tuple[float, float, float]:
    """Millimetres from one voxel to the next along each axis."""
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    return float(lengths[0]), float(lengths[1]), float(lengths[2])

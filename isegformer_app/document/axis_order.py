"""Which way the axes of a stored array run in the patient, and how to turn it into the order of a volume."""

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .geometry import Shape

Affine = NDArray[np.float64]
"""(4, 4): takes an index and 1 to patient millimetres (R to the right, A to the front, S to the head positive)."""

PATIENT_AXES = (2, 1, 0)
"""The patient axis (x, y, z of RAS+) that runs along slices, rows and columns of a volume in patient order."""


@dataclass(frozen=True, slots=True)
class AxisOrder:
    """How a volume's axes lie in the array that a file stores.

    Axis n of the volume is axis `axes[n]` of the stored array, from its end to its beginning where `flips[n]`.
    """

    axes: tuple[int, int, int] = (0, 1, 2)
    flips: tuple[bool, bool, bool] = (False, False, False)

    @classmethod
    def of(cls, affine: Affine) -> "AxisOrder":
        """Find the order that brings a stored array with this `affine` nearest to patient order.

        Patient order: slices from head to feet, rows from front to back, columns from the patient's right to the
        left. Every plane of such a volume is seen as radiologists see it, without being turned.
        """
        directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
        axes = max(
            permutations(range(3)),
            key=lambda order: sum(
                abs(directions[patient, stored]) for patient, stored in zip(PATIENT_AXES, order, strict=True)
            ),
        )
        flips = [bool(directions[patient, stored] > 0) for patient, stored in zip(PATIENT_AXES, axes, strict=True)]
        return cls((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))

    def to_volume(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Turn a stored array of three axes (or more, which stay last) into the order of the volume; a view."""
        turned = stored.transpose(*self.axes, *range(3, stored.ndim))
        return turned[self._reversal]

    def to_stored(self, volume: NDArray[Any]) -> NDArray[Any]:
        """Turn an array in the order of the volume back into the stored order; a view."""
        return volume[self._reversal].transpose(*np.argsort(self.axes), *range(3, volume.ndim))

    def index_affine(self, stored_shape: Shape) -> Affine:
        """The (4, 4) that takes an index (slice, row, col, 1) of the volume to the index in the stored array."""
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1.0
        for place, (axis, is_flipped) in enumerate(zip(self.axes, self.flips, strict=True)):
            matrix[axis, place] = -1.0 if is_flipped else 1.0
            matrix[axis, 3] = stored_shape[axis] - 1 if is_flipped else 0.0
        return matrix

    @property
    def _reversal(self) -> tuple[slice, slice, slice]:
        first, second, third = (slice(None, None, -1 if is_flipped else 1) for is_flipped in self.flips)
        return first, second, third

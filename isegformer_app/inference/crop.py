"""An answer kept small: cut to where it may count, in 255 steps. Made on the worker's thread, read on the window's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import MaskCrop
from isegformer_app.document.geometry import bounding_rectangle

LOWEST_THRESHOLD = 0.05
"""No threshold is lower, so what is less probable need not be kept."""

_LEVELS = 255
_ROWS = 32
"""So many rows are rounded at once: what lies between stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityCrop:
    """Probability in 255 steps, cut to where it is over the lowest threshold; `levels` (h, w) begins at (top, left)."""

    top: int
    left: int
    levels: NDArray[np.uint8]

    @classmethod
    def of(cls, probability: NDArray[np.float32]) -> "ProbabilityCrop":
        """Cut and round a probability (H, W) in [0, 1]."""
        # Cut before it is rounded, and so a step lower: a large photo is touched once, and most of it lies outside.
        reach = bounding_rectangle(probability > LOWEST_THRESHOLD - 1 / _LEVELS)
        top, left, bottom, right = reach or (0, 0, 0, 0)
        levels = np.empty((bottom - top, right - left), dtype=np.uint8)
        for row in range(0, bottom - top, _ROWS):
            scaled = probability[top + row : min(top + row + _ROWS, bottom), left:right] * np.float32(_LEVELS)
            scaled += np.float32(0.5)
            levels[row : row + _ROWS] = scaled
        return cls(top, left, levels)

    def full(self, shape: tuple[int, int]) -> NDArray[np.float32]:
        """Give the rounded probability on a whole slice of `shape` (rows, cols), zero where it was cut off."""
        probability = np.zeros(shape, dtype=np.float32)
        height, width = self.levels.shape
        probability[self.top : self.top + height, self.left : self.left + width] = self.levels / np.float32(_LEVELS)
        return probability

    def mask(self, threshold: float) -> MaskCrop:
        """Pixels more probable than `threshold`."""
        # A whole number, for comparing bytes with fractions takes ten times as long and says the same.
        return MaskCrop.of(self.levels > int(threshold * _LEVELS), self.top, self.left)

"""Lines to measure by."""

from dataclasses import dataclass

import numpy as np

from .geometry import SliceKey
from .volume import Volume

Point = tuple[float, float]
"""(row, col) on a slice; the middle of a pixel is a whole number."""


@dataclass(frozen=True, slots=True)
class Ruler:
    """A straight line from one point of a slice to another."""

    start: Point
    end: Point

    def length(self, volume: Volume, key: SliceKey) -> float:
        """Length on the slice `key` of `volume`: millimetres, or pixels where the volume has no scale."""
        steps = np.insert(np.subtract(self.end, self.start), key.axis, 0.0)
        # The axes of an oblique volume may meet at other than right angles: only the affine knows.
        way = steps * volume.spacing if volume.affine is None else volume.affine[:3, :3] @ steps
        return float(np.linalg.norm(way))

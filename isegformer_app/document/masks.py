"""A mask on one slice, cut to its bounding rectangle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import ShapeError
from .geometry import bounding_rectangle
from .runs import Runs


@dataclass(frozen=True, slots=True, eq=False)
class MaskCrop:
    """The True pixels of a mask: `pixels` (h, w) bool begins at row `top`, column `left` of the slice."""

    top: int
    left: int
    runs: Runs

    @classmethod
    def of(cls, mask: NDArray[np.bool_], top: int = 0, left: int = 0) -> "MaskCrop":
        """Cut a mask whose first pixel lies at (top, left) of the slice."""
        if mask.ndim != 2 or mask.dtype != np.bool_:  # noqa: PLR2004
            raise ShapeError(f"A mask is (rows, cols) of bool; this one is {mask.shape} of {mask.dtype}.")
        rectangle = bounding_rectangle(mask) or (0, 0, 0, 0)
        cut = mask[rectangle[0] : rectangle[2], rectangle[1] : rectangle[3]]
        return cls(top + rectangle[0], left + rectangle[1], Runs.encode(cut))

    @property
    def pixels(self) -> NDArray[np.bool_]:
        """The cut mask, (h, w) bool."""
        return self.runs.decode()

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the cut."""
        height, width = self.runs.shape
        return height, width

    @property
    def is_empty(self) -> bool:
        """Whether no pixel is True."""
        return 0 in self.runs.shape

    def full(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask on a whole slice of `shape` (rows, cols)."""
        mask = np.zeros(shape, dtype=np.bool_)
        height, width = self.shape
        mask[self.top : self.top + height, self.left : self.left + width] = self.pixels
        return mask

"""The simulated user of the NoC protocol: clicks where the error is deepest.

Protocol of f-BRS and RITM, to the pixel: false negatives and false positives inside the pixels that count, the image
edge as a border, exact Euclidean depth, never a pixel twice, positive only where strictly deeper, the first deepest
pixel in row-major order.
"""

from typing import NamedTuple

import cv2
import numpy as np

from ..clicks import Click
from ..data.objects import BoolMask

# OpenCV's 5x5 chamfer distance lies between these factors of the Euclidean one: the norm with weights 1, 1.4 and
# 2.1969 at its extreme directions, (2, 1) and (1, 0.1969), with room for its fixed-point rounding.
_CHAMFER_LOW, _CHAMFER_HIGH = 0.982, 1.020


class Deepest(NamedTuple):
    """The pixel of a region that is farthest from the region's border, and the square of that distance."""

    squared_depth: int
    row: int
    col: int


class Aim(NamedTuple):
    """Where the protocol clicks next."""

    pixel: Deepest
    is_positive: bool


class SimulatedUser:
    """Answers masks with clicks for one object.

    `truth` and `ignored` are (H, W) bool; ignored pixels are never clicked and never wrong.
    """

    takes_back = False
    """Whether the click just given was a slip that the user undoes as soon as it is answered."""

    def __init__(self, truth: BoolMask, ignored: BoolMask | None = None) -> None:
        self._counts = np.ones(truth.shape, np.bool_) if ignored is None else ~ignored
        self._object = truth & self._counts
        self._background = ~truth & self._counts
        self._clicked: list[tuple[int, int]] = []

    def click(self, mask: BoolMask) -> Click | None:
        """Give the next click on the answer `mask` (H, W) bool, or None where no wrong pixel is left to click."""
        aim = self.aim(mask)
        return None if aim is None else self.place(aim.pixel.row, aim.pixel.col, is_positive=aim.is_positive)

    def aim(self, mask: BoolMask) -> Aim | None:
        """Find where the published rule clicks on the answer `mask`, without clicking there."""
        missed = _Region(self.wrong(mask, is_positive=True), self._clicked)
        spilled = _Region(self.wrong(mask, is_positive=False), self._clicked)
        if missed.at_most <= 0 and spilled.at_most <= 0:
            return None
        if missed.at_least > spilled.at_most:
            return Aim(missed.deepest(), is_positive=True)
        if spilled.at_least > missed.at_most:
            return Aim(spilled.deepest(), is_positive=False)
        positive, negative = missed.deepest(), spilled.deepest()
        is_positive = positive.squared_depth > negative.squared_depth
        return Aim(positive if is_positive else negative, is_positive=is_positive)

    def aim_at_missed(self, mask: BoolMask) -> Aim | None:
        """Find the deepest pixel that the answer misses, however deep the other errors are; None where none is."""
        missed = _Region(self.wrong(mask, is_positive=True), self._clicked)
        return None if missed.at_most <= 0 else Aim(missed.deepest(), is_positive=True)

    def wrong(self, mask: BoolMask, *, is_positive: bool) -> BoolMask:
        """Pixels that a positive (or else a negative) click would put right, clicked ones too: (H, W) bool."""
        return self._object & ~mask if is_positive else self._background & mask

    def place(self, row: int, col: int, *, is_positive: bool) -> Click:
        """Click a pixel, which is then never clicked again."""
        self._clicked.append((row, col))
        return Click(row=row, col=col, is_positive=is_positive)

    @property
    def clicked(self) -> tuple[tuple[int, int], ...]:
        """Pixels (row, column) that were clicked so far."""
        return tuple(self._clicked)


class _Region:
    """Wrong pixels of one kind: bounds of their depth at once, the exact deepest pixel on demand.

    The exact transform costs five times the chamfer one. The chamfer distance bounds it, so the exact depth is only
    taken at the few pixels that can be the deepest, and not at all where the other kind is deeper for sure.
    """

    def __init__(self, wrong: BoolMask, clicked: list[tuple[int, int]]) -> None:
        pixels = wrong.view(np.uint8)
        left, top, width, height = cv2.boundingRect(pixels)
        self._origin = (top - 1, left - 1)
        # One pixel of zeros all round: the image edge is a border, and so is the edge of the box.
        self._padded = np.zeros((height + 2, width + 2), np.uint8)
        self._padded[1:-1, 1:-1] = pixels[top : top + height, left : left + width]
        self._chamfer = np.asarray(cv2.distanceTransform(self._padded, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
        for row, col in clicked:
            if 0 <= row - top < height and 0 <= col - left < width:
                self._chamfer[row - top + 1, col - left + 1] = 0.0
        self._highest = float(self._chamfer.max())
        self.at_least = self._highest / _CHAMFER_HIGH
        self.at_most = self._highest / _CHAMFER_LOW

    def deepest(self) -> Deepest:
        """Find the exact deepest pixel, the first one in row-major order."""
        if self._highest <= 0.0:
            return Deepest(0, 0, 0)
        candidates = (self._chamfer >= self._highest * (_CHAMFER_LOW / _CHAMFER_HIGH)).view(np.uint8)
        left, top, width, height = cv2.boundingRect(candidates)
        # A border pixel nearest to a candidate lies no farther than this, so the window holds it.
        reach = int(np.ceil(self.at_most)) + 1
        first_row, first_col = max(0, top - reach), max(0, left - reach)
        window = self._padded[first_row : top + height + reach, first_col : left + width + reach]
        exact = cv2.distanceTransform(np.ascontiguousarray(window), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        rows, cols = np.nonzero(candidates[top : top + height, left : left + width])
        distances = exact[rows + (top - first_row), cols + (left - first_col)].astype(np.float64)
        # Squares of the true distances are whole numbers: rounding makes ties exact.
        squared = np.rint(distances**2)
        best = int(squared.argmax())
        return Deepest(
            int(squared[best]), int(rows[best]) + top + self._origin[0], int(cols[best]) + left + self._origin[1]
        )

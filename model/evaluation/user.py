"""The simulated user of the NoC protocol: clicks where the error is deepest.

Protocol of f-BRS and RITM, to the pixel: false negatives and false positives inside the pixels that count, the image
edge as a border, exact Euclidean depth, never a pixel twice, positive only where strictly deeper, the first deepest
pixel in row-major order.
"""

from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.objects import BoolMask

# OpenCV's 5x5 chamfer distance lies between these factors of the Euclidean one: the norm with weights 1, 1.4 and
# 2.1969 at its extreme directions, (2, 1) and (1, 0.1969), with room for its fixed-point rounding.
_CHAMFER_LOW, _CHAMFER_HIGH = 0.982, 1.020

_MOST_GROUPS = 64
"""More groups of candidates than this are looked at as one."""


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
        if missed.count >= spilled.count:
            spilled.skip_below(missed.at_least)
        else:
            missed.skip_below(spilled.at_least)
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
        return np.greater(self._object, mask) if is_positive else self._background & mask

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
        self._wrong, self._clicked = wrong.view(np.uint8), clicked
        self._box = cv2.boundingRect(self._wrong)
        self.count = int(np.count_nonzero(wrong))
        self._is_shallow = False

    def skip_below(self, depth: float) -> None:
        """Do not look closer where no pixel is as deep as `depth`: erosion, which is cheap, can tell."""
        # By how much the region can be eroded is its depth on the chessboard, at least 1 / sqrt(2) of the true one.
        reach = int(depth / np.sqrt(2)) - 1
        if reach < 1 or not self.count:
            return
        left, top, width, height = self._box
        square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
        cut = self._wrong[top : top + height, left : left + width]
        inner = cv2.erode(cut, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        self._is_shallow = not inner.any()

    @property
    def at_least(self) -> float:
        """Lower bound of the largest depth."""
        return self._highest / _CHAMFER_HIGH

    @property
    def at_most(self) -> float:
        """Upper bound of the largest depth; 0 where it is known to be less than the other kind's."""
        return self._highest / _CHAMFER_LOW

    @cached_property
    def _highest(self) -> float:
        return 0.0 if self._is_shallow or not self.count else float(self._row_highest.max())

    @cached_property
    def _row_highest(self) -> NDArray[np.float32]:
        """Of each row of the padded box. Few rows hold a candidate, and only these are looked at again."""
        return np.asarray(self._chamfer.max(axis=1))

    @cached_property
    def _padded(self) -> NDArray[np.uint8]:
        """The box with one pixel of zeros all round: the image edge is a border, and so is the edge of the box."""
        left, top, width, height = self._box
        padded = np.zeros((height + 2, width + 2), np.uint8)
        padded[1:-1, 1:-1] = self._wrong[top : top + height, left : left + width]
        return padded

    @cached_property
    def _chamfer(self) -> NDArray[np.float32]:
        left, top, width, height = self._box
        chamfer = np.asarray(cv2.distanceTransform(self._padded, cv2.DIST_L2, cv2.DIST_MASK_5), np.float32)
        for row, col in self._clicked:
            if 0 <= row - top < height and 0 <= col - left < width:
                chamfer[row - top + 1, col - left + 1] = 0.0
        return chamfer

    def deepest(self) -> Deepest:
        """Find the exact deepest pixel, the first one in row-major order."""
        if self._highest <= 0.0:
            return Deepest(0, 0, 0)
        level = self._highest * (_CHAMFER_LOW / _CHAMFER_HIGH)
        held = np.flatnonzero(self._row_highest >= level)
        places, cols = np.nonzero(self._chamfer[held] >= level)
        rows = held[places]
        best = min(
            (self._deepest_of(rows[group], cols[group]) for group in _groups(rows, cols, self._reach)),
            key=lambda found: (-found.squared_depth, found.row, found.col),
        )
        return Deepest(best.squared_depth, best.row + self._box[1] - 1, best.col + self._box[0] - 1)

    @property
    def _reach(self) -> int:
        """A border pixel nearest to a candidate lies no farther than this."""
        return int(np.ceil(self.at_most)) + 1

    def _deepest_of(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> Deepest:
        """Take the exact depth of candidates (of the padded box) in a window that holds their nearest borders."""
        reach = self._reach
        top, left = max(0, int(rows.min()) - reach), max(0, int(cols.min()) - reach)
        window = self._padded[top : int(rows.max()) + reach + 1, left : int(cols.max()) + reach + 1]
        exact = cv2.distanceTransform(np.ascontiguousarray(window), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        # Squares of the true distances are whole numbers: rounding makes ties exact.
        squared = np.rint(exact[rows - top, cols - left].astype(np.float64) ** 2)
        best = int(squared.argmax())
        return Deepest(int(squared[best]), int(rows[best]), int(cols[best]))


def _groups(rows: NDArray[np.intp], cols: NDArray[np.intp], reach: int) -> list[NDArray[np.intp]]:
    """Part candidates into groups whose windows together are smaller than the one of all; indices, in order."""
    side = 2 * reach
    cells = (rows // side) * (int(cols.max()) // side + 1) + cols // side
    groups = [np.flatnonzero(cells == cell) for cell in np.unique(cells)[:_MOST_GROUPS]]

    def area(group: NDArray[np.intp]) -> int:
        return int((np.ptp(rows[group]) + side + 1) * (np.ptp(cols[group]) + side + 1))

    everything = np.arange(len(rows))
    if sum(map(len, groups)) < len(rows) or sum(map(area, groups)) >= area(everything):
        return [everything]
    return groups

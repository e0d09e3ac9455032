"""The simulated user of the NoC protocol: clicks where the error is deepest.

Protocol of f-BRS and RITM, to the pixel: false negatives and false positives inside the pixels that count, the image
edge as a border, exact Euclidean depth, never a pixel twice, positive only where strictly deeper, the first deepest
pixel in row-major order.
"""

from functools import cached_property
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.objects import BoolMask

_CHAMFER_LOW = 0.982
"""OpenCV's 5x5 chamfer distance is never less than this share of the Euclidean one: the norm with weights 1, 1.4 and
2.1969 at its lowest direction, (2, 1), with room for its fixed-point rounding."""

_HIGHEST_BLOCKS = 255
"""Distances in city blocks are counted up to here."""

_MOST_GROUPS = 256
"""More groups of candidates than this are looked at as one."""

_ROUNDING = 1e-6


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
    """Wrong pixels of one kind: bounds of their largest depth at once, the exact deepest pixel on demand.

    The exact transform of an image costs fifty times that of city blocks, whose distances are never less than the true
    ones. The true depth where they are largest leaves few pixels that can be deeper, and only these are looked at.
    """

    def __init__(self, wrong: BoolMask, clicked: list[tuple[int, int]]) -> None:
        mask = wrong.view(np.uint8)
        left, top, width, height = cv2.boundingRect(mask)
        self._top, self._left = top - 1, left - 1
        # One pixel of zeros all round: the image edge is a border, and so is the edge of the box.
        self._padded = np.zeros((height + 2, width + 2), np.uint8)
        self._padded[1:-1, 1:-1] = mask[top : top + height, left : left + width]
        self._places = [
            (row - self._top, col - self._left)
            for row, col in clicked
            if top <= row < top + height and left <= col < left + width
        ]
        self._bound, self._row_highest = self._bounded(cv2.DIST_L1, cv2.DIST_MASK_3, cv2.CV_8U)
        self._factor = 1.0
        if self._row_highest.max() == _HIGHEST_BLOCKS:
            # The chamfer distance goes on, at five times the cost.
            self._bound, self._row_highest = self._bounded(cv2.DIST_L2, cv2.DIST_MASK_5, cv2.CV_32F)
            self._factor = 1 / _CHAMFER_LOW

    def _bounded(self, metric: int, size: int, kind: int) -> tuple[NDArray[Any], NDArray[Any]]:
        """Distances that, times the factor, are never less than the depths, and the highest of each row.

        Few rows hold a candidate, and only these are looked at again.
        """
        bound = np.asarray(cv2.distanceTransform(self._padded, metric, size, dstType=kind))
        for place in self._places:
            bound[place] = 0
        return bound, bound.max(axis=1)

    @cached_property
    def at_most(self) -> float:
        """Upper bound of the largest depth; 0 where there is no pixel to click."""
        return self._factor * float(self._row_highest.max())

    @cached_property
    def at_least(self) -> float:
        """Lower bound of the largest depth: the true depth of a pixel whose bound is the highest."""
        if self.at_most <= 0:
            return 0.0
        row = int(self._row_highest.argmax())
        col = int(self._bound[row].argmax())
        return float(np.sqrt(self._deepest_of(np.array([row]), np.array([col])).squared_depth))

    def deepest(self) -> Deepest:
        """Find the exact deepest pixel, the first one in row-major order."""
        if self.at_most <= 0:
            return Deepest(0, 0, 0)
        level = self.at_least / self._factor * (1 - _ROUNDING)
        held = np.flatnonzero(self._row_highest >= level)
        places, cols = np.nonzero(self._bound[held] >= level)
        rows = held[places]
        best = min(
            (self._deepest_of(rows[group], cols[group]) for group in _groups(rows, cols, self._reach)),
            key=lambda found: (-found.squared_depth, found.row, found.col),
        )
        return Deepest(best.squared_depth, best.row + self._top, best.col + self._left)

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

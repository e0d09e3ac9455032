"""How annotators click, other than the protocol does: each manner changes one thing about the simulated user."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.objects import BoolMask
from .user import Aim, SimulatedUser

PROTOCOL = "protocol"
"""The published user: always the deepest pixel of the deepest error."""

JITTER_SHARE, JITTER_LEAST = 0.5, 3.0
"""A jittered click lies within this share of its depth, or this many pixels where that is more."""
OFF_CENTRE_FROM = 0.2
"""The first click off centre lies at least at this share of the largest depth inside the object."""
LATE_FROM = 6
"""The first click (from 1) that may be negative where negative clicks come late."""
SLIP_CHANCE = 0.2
"""How often a click is a slip."""


class JitteredUser(SimulatedUser):
    """Aims as the protocol, and hits a pixel of the same error nearby, with equal chances."""

    def __init__(self, truth: BoolMask, ignored: BoolMask | None, rng: np.random.Generator) -> None:
        super().__init__(truth, ignored)
        self._rng = rng

    def click(self, mask: BoolMask) -> Click | None:
        """See `SimulatedUser.click`."""
        aim = self.aim(mask)
        if aim is None:
            return None
        radius = max(JITTER_SHARE * float(np.sqrt(aim.pixel.squared_depth)), JITTER_LEAST)
        rows, cols = self._near(aim, radius, self.wrong(mask, is_positive=aim.is_positive))
        choice = int(self._rng.integers(len(rows)))
        return self.place(int(rows[choice]), int(cols[choice]), is_positive=aim.is_positive)

    def _near(self, aim: Aim, radius: float, wrong: BoolMask) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Rows and columns of the wrong pixels, not yet clicked, within `radius` of the aim; the aim is one."""
        reach = int(radius)
        top, left = max(0, aim.pixel.row - reach), max(0, aim.pixel.col - reach)
        window = wrong[top : aim.pixel.row + reach + 1, left : aim.pixel.col + reach + 1].copy()
        for row, col in self.clicked:
            if 0 <= row - top < window.shape[0] and 0 <= col - left < window.shape[1]:
                window[row - top, col - left] = False
        rows, cols = np.nonzero(window)
        rows, cols = rows + top, cols + left
        inside = (rows - aim.pixel.row) ** 2 + (cols - aim.pixel.col) ** 2 <= radius**2
        return rows[inside], cols[inside]


class OffCentreUser(SimulatedUser):
    """Begins somewhere in the object instead of at its deepest pixel, and goes on as the protocol."""

    def __init__(self, truth: BoolMask, ignored: BoolMask | None, rng: np.random.Generator) -> None:
        super().__init__(truth, ignored)
        self._rng = rng

    def click(self, mask: BoolMask) -> Click | None:
        """See `SimulatedUser.click`."""
        if self.clicked:
            return super().click(mask)
        depth = depths(self.wrong(mask, is_positive=True))
        if depth.max(initial=0.0) <= 0:
            return super().click(mask)
        rows, cols = np.nonzero(depth >= OFF_CENTRE_FROM * depth.max())
        choice = int(self._rng.integers(len(rows)))
        return self.place(int(rows[choice]), int(cols[choice]), is_positive=True)


class LateNegativeUser(SimulatedUser):
    """Adds what is missing first: clicks beside the object come late, or once nothing is missing."""

    def click(self, mask: BoolMask) -> Click | None:
        """See `SimulatedUser.click`."""
        aim = self.aim_at_missed(mask) if len(self.clicked) + 1 < LATE_FROM else None
        aim = aim or self.aim(mask)
        return None if aim is None else self.place(aim.pixel.row, aim.pixel.col, is_positive=aim.is_positive)


class SlippingUser(SimulatedUser):
    """Sometimes clicks with the wrong button, sees the answer, and takes the click back; it counts all the same."""

    def __init__(self, truth: BoolMask, ignored: BoolMask | None, rng: np.random.Generator) -> None:
        super().__init__(truth, ignored)
        self._rng = rng

    def click(self, mask: BoolMask) -> Click | None:
        """See `SimulatedUser.click`."""
        aim = self.aim(mask)
        # Never twice in a row: a person looks at the button after a slip.
        self.takes_back = not self.takes_back and bool(self._rng.random() < SLIP_CHANCE)
        if aim is None:
            return None
        if self.takes_back:
            return Click(aim.pixel.row, aim.pixel.col, is_positive=not aim.is_positive)
        return self.place(aim.pixel.row, aim.pixel.col, is_positive=aim.is_positive)


UserMaker = Callable[[BoolMask, BoolMask | None, np.random.Generator], SimulatedUser]

MANNERS: dict[str, tuple[str, UserMaker]] = {
    PROTOCOL: ("as the protocol", lambda truth, ignored, rng: SimulatedUser(truth, ignored)),
    "jittered": ("clicks beside their aim", JitteredUser),
    "off-centre": ("first click off centre", OffCentreUser),
    "late-negative": (
        f"no negative click before the {LATE_FROM}th",
        lambda truth, ignored, rng: LateNegativeUser(truth, ignored),
    ),
    "slips": ("wrong clicks, undone", SlippingUser),
}
"""Name of a manner -> what it is, and how its user is made."""


def depths(region: BoolMask) -> NDArray[np.float32]:
    """Distance of each pixel of a region (H, W) to the nearest one outside, the image edge is outside."""
    padded = np.pad(region.view(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32)[1:-1, 1:-1]

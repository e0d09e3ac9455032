"""Clicks for training: where a user would click next, with the freedom that users take."""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from ..networks.click_maps import DISK_RADIUS

THRESHOLD = 0.49
"""Probability above which a pixel counts as object (the published protocol's)."""

BoolMask = NDArray[np.bool_]


def edge_distance(mask: BoolMask) -> NDArray[np.float32]:
    """Return the distance in pixels of every mask pixel to the nearest pixel outside; the image edge is outside."""
    padded = np.pad(mask.astype(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5), np.float32)[1:-1, 1:-1]


def pick(distance: NDArray[np.float32], share: float, rng: np.random.Generator) -> tuple[int, int] | None:
    """Pick a random pixel whose distance is at least `share` of the largest; share 1 is the centre itself.

    None where every distance is zero.
    """
    largest = distance.max(initial=0.0)
    if largest <= 0:
        return None
    candidates = np.flatnonzero(distance >= share * largest)
    row, col = np.unravel_index(int(rng.choice(candidates)), distance.shape)
    return int(row), int(col)


@dataclass(slots=True)
class ClickState:
    """The clicks on one training target: disk maps at twice the target's grid, as the engine draws them.

    `radius` is the network's, in pixels of these maps.
    """

    target: BoolMask
    rng: np.random.Generator
    radius: float = DISK_RADIUS
    maps: NDArray[np.uint8] = field(init=False)
    count: int = 0

    def __post_init__(self) -> None:
        height, width = self.target.shape
        self.maps = np.zeros((2, 2 * height, 2 * width), np.uint8)

    def add(self, row: int, col: int, *, is_positive: bool) -> None:
        """Draw the disk of a click at a pixel of the target's grid (somewhere in its 2x2 pixels of the view)."""
        view_row, view_col = 2 * row + int(self.rng.integers(2)), 2 * col + int(self.rng.integers(2))
        stamp_disk(self.maps[0 if is_positive else 1], view_row, view_col, self.radius)
        self.count += 1

    def add_first(self) -> None:
        """Click the object: at its centre, near it, or anywhere well inside."""
        share = float(self.rng.choice((1.0, 0.5, 0.1), p=(0.4, 0.4, 0.2)))
        self._add_from(edge_distance(self.target), share, is_positive=True)

    def add_random(self) -> None:
        """Add one to five clicks of both signs that follow no prediction (negatives near the border or anywhere)."""
        inside, outside = edge_distance(self.target), edge_distance(~self.target)
        self._add_from(inside, 0.3, is_positive=True)
        for _ in range(int(self.rng.integers(0, 3))):
            self._add_from(inside, 0.05, is_positive=True)
        reach = 2 + 0.1 * np.sqrt(self.target.sum())
        ring = np.where(cv2.dilate(self.target.astype(np.uint8), _square(reach)) > 0, outside, 0)
        for _ in range(int(self.rng.integers(0, 3))):
            self._add_from(ring if self.rng.random() < 0.5 else outside, 0.05, is_positive=False)

    def add_correction(self, probability: NDArray[np.float32]) -> None:
        """Click the larger error of `probability` (H, W), at its centre or near it."""
        found = probability > THRESHOLD
        missed, wrong = edge_distance(self.target & ~found), edge_distance(found & ~self.target)
        is_positive = bool(missed.max() > wrong.max())
        share = 1.0 if self.rng.random() < 0.5 else 0.5
        self._add_from(missed if is_positive else wrong, share, is_positive=is_positive)

    def add_deepest(self, probability: NDArray[np.float32]) -> None:
        """Click the centre of the larger error of `probability` (H, W), as the evaluation's user does."""
        found = probability > THRESHOLD
        missed, wrong = edge_distance(self.target & ~found), edge_distance(found & ~self.target)
        is_positive = bool(missed.max() > wrong.max())
        self._add_from(missed if is_positive else wrong, 1.0, is_positive=is_positive)

    def _add_from(self, distance: NDArray[np.float32], share: float, *, is_positive: bool) -> None:
        place = pick(distance, share, self.rng)
        if place is not None:
            self.add(*place, is_positive=is_positive)


def _square(reach: float) -> NDArray[np.uint8]:
    side = 2 * int(np.ceil(reach)) + 1
    return np.ones((side, side), np.uint8)


@lru_cache(maxsize=8)
def _stamp(radius: float) -> BoolMask:
    offsets = np.arange(-int(radius), int(radius) + 1)
    return np.asarray(offsets[:, None] ** 2 + offsets[None, :] ** 2 <= radius**2)


def stamp_disk(plane: NDArray[np.uint8], row: int, col: int, radius: float = DISK_RADIUS) -> None:
    """Draw one click's disk into `plane` (H, W), cut at the edges; equal to `disk_maps` at whole pixels."""
    reach = int(radius)
    top, left = max(row - reach, 0), max(col - reach, 0)
    bottom, right = min(row + reach + 1, plane.shape[0]), min(col + reach + 1, plane.shape[1])
    cut = _stamp(radius)[top - row + reach : bottom - row + reach, left - col + reach : right - col + reach]
    plane[top:bottom, left:right][cut] = 1

"""Clicks and targets for training as published: RITM's `MultiPointSampler`, and its next click on an answer.

Points are (2N, 3) float32, rows (row, col, sign), the first N places for positive clicks and the last N for negative
ones; sign 0 is an empty place.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .click_sampling import THRESHOLD, edge_distance
from .objects import BoolMask

_FEWEST_ERODED = 10
_EROSIONS = 3


@dataclass(frozen=True, slots=True)
class PointSampling:
    """The published numbers."""

    most: int = 24
    """Clicks of one sign at most."""
    gamma: float = 0.8
    """One click more is so much less likely."""
    merge_share: float = 0.15
    """Share of the targets that are two objects together, where there are two."""
    eroded_share: float = 0.9
    """How often positive clicks keep away from the edge."""
    strategies: tuple[float, float, float] = (0.1, 0.4, 0.5)
    """Shares of the negative clicks: anywhere outside, on other objects, near the border."""
    expand_ratio: float = 0.1
    """Width of the border as a share of the square root of the target's area."""


def count_probabilities(most: int, gamma: float) -> NDArray[np.float64]:
    """Probabilities of 0, 1, ... `most - 1` further clicks: proportional to gamma^k."""
    weights = gamma ** np.arange(most)
    return np.asarray(weights / weights.sum(), np.float64)


def pick_objects(numbers: list[int], sampling: PointSampling, rng: np.random.Generator) -> list[int]:
    """Choose the object that is to be clicked, or two that are to be one target; none where there is none."""
    if not numbers:
        return []
    if len(numbers) > 1 and rng.random() < sampling.merge_share:
        return [int(each) for each in rng.choice(numbers, 2, replace=False)]
    return [int(rng.choice(numbers))]


def sample_points(
    parts: list[BoolMask], others: BoolMask, sampling: PointSampling, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Click the target that `parts` (H, W) make together; `others` (H, W) are the pixels of all other objects.

    Without parts there are negative clicks only, anywhere.
    """
    points = np.zeros((2 * sampling.most, 3), np.float32)
    target = np.logical_or.reduce(parts) if parts else np.zeros(others.shape, np.bool_)
    if target.any():
        count = 1 + int(rng.choice(sampling.most, p=count_probabilities(sampling.most, sampling.gamma)))
        firsts = parts if len(parts) > 1 else []
        areas = [*firsts, *([target] * max(count - len(firsts), 0))][: max(count, len(firsts))]
        for place, area in enumerate(areas[: sampling.most]):
            _place(points, place, _inner(area, sampling, rng), 1, rng)
    count = int(rng.choice(sampling.most + 1, p=count_probabilities(sampling.most + 1, sampling.gamma)))
    places = _negative_places(target, others, sampling)
    for place in range(count):
        which = int(rng.choice(3, p=sampling.strategies)) if target.any() else 0
        _place(points, sampling.most + place, places[which], -1, rng)
    return points


def _negative_places(target: BoolMask, others: BoolMask, sampling: PointSampling) -> tuple[BoolMask, ...]:
    outside = ~target
    reach = int(np.ceil(sampling.expand_ratio * np.sqrt(target.sum())))
    grown = cv2.dilate(target.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=reach) if reach else target
    border = np.asarray(grown, np.bool_) & outside
    other = others & outside
    return outside, other if other.any() else outside, border


def _inner(area: BoolMask, sampling: PointSampling, rng: np.random.Generator) -> BoolMask:
    """The pixels that a positive click may fall on."""
    if rng.random() >= sampling.eroded_share:
        return area
    eroded = cv2.erode(area.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=_EROSIONS)
    return np.asarray(eroded, np.bool_) if eroded.sum() > _FEWEST_ERODED else area


def _place(points: NDArray[np.float32], place: int, area: BoolMask, sign: int, rng: np.random.Generator) -> None:
    pixels = np.flatnonzero(area)
    if pixels.size:
        row, col = divmod(int(rng.choice(pixels)), area.shape[1])
        points[place] = row, col, sign


def add_next_point(
    points: NDArray[np.float32],
    target: BoolMask,
    probability: NDArray[np.float32],
    turn: int,
    rng: np.random.Generator,
) -> None:
    """Click the answer `probability` (H, W) where it is wrong, in place; `turn` counts from 1.

    The sign with the deeper error is clicked (positive only if strictly deeper), at a random pixel that is more than
    half as deep as the deepest; it takes the `turn`-th place from the end of its sign, as published.
    """
    found = probability > THRESHOLD
    missed, wrong = edge_distance(target & ~found), edge_distance(found & ~target)
    is_positive = bool(missed.max() > wrong.max())
    depth = missed if is_positive else wrong
    pixels = np.flatnonzero(depth > depth.max() / 2)
    if pixels.size:
        row, col = divmod(int(rng.choice(pixels)), target.shape[1])
        most = len(points) // 2
        points[(most if is_positive else 2 * most) - turn] = row, col, 1 if is_positive else -1

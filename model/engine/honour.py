"""A click is honoured: the pixel that was clicked has the clicked label, whatever the network says.

Where the network disagrees, two passes correct its answer: in the view the neighbourhood of the click changes as far
as makes sense; in the image the clicked pixel, and a small disk round it, is set for certain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from .view import View

THRESHOLD = 0.49
"""A pixel belongs to the object where its probability is at least this (the published protocol)."""

_POSITIVE_FROM = 0.5
"""A positive click needs this much: above `THRESHOLD`, so that users of 0.5 agree."""
_RAISED = np.float32(0.51)
_LOWERED = np.float32(0.48)


@dataclass(frozen=True, kw_only=True)
class HonourRule:
    """How far a click that the network overrules reaches. Lengths are view pixels."""

    core: float = 3.0
    """Radius of the disk that always changes, up to half-way to a click of the other sign."""
    reach: float = 16.0
    """Radius up to which the change spreads along the probability."""
    tolerance: float = 0.05
    """The change spreads over pixels whose probability is at most this much further from the clicked label."""
    small_share: float = 0.005
    """A wrong part up to this share of the view changes as a whole, where it holds no click of the other sign."""


@dataclass(frozen=True, slots=True)
class _Seed:
    row: int
    col: int
    is_positive: bool


def effective(clicks: Sequence[Click]) -> tuple[Click, ...]:
    """Keep of each pixel's clicks the last one, in the order in which they were made."""
    last = {(click.row, click.col): index for index, click in enumerate(clicks)}
    return tuple(click for index, click in enumerate(clicks) if last[click.row, click.col] == index)


def agrees(probability: float, *, is_positive: bool) -> bool:
    """Tell whether a probability has the clicked label at `THRESHOLD` and at 0.5 alike."""
    return probability >= _POSITIVE_FROM if is_positive else probability < THRESHOLD


def honour_in_view(
    probability: NDArray[np.float32], view: View, clicks: Sequence[Click], rule: HonourRule
) -> NDArray[np.float32]:
    """Correct a view's probability (h, w) round the clicks that it contradicts; `clicks` are effective.

    Gives the array itself where nothing is to be done, a corrected copy otherwise.
    """
    seeds = [_Seed(*view.pixel(click), click.is_positive) for click in clicks if view.box.contains(click)]
    result = probability
    for seed in seeds:
        if agrees(result[seed.row, seed.col], is_positive=seed.is_positive):
            continue
        if result is probability:
            result = probability.copy()
        _push(result, _wrong_part(result, seed, seeds, rule), is_positive=seed.is_positive)
    return result


def honour_in_image(answer: NDArray[np.float32], clicks: Sequence[Click], view: View) -> None:
    """Set every clicked pixel of `answer` (H, W) that has the wrong label, with a disk of about a view pixel.

    `clicks` are effective. A disk ends half-way to the nearest click of the other sign, so it flips none of those.
    """
    spread = max(1.0, 0.75 / min(view.scale))
    for click in clicks:
        if agrees(answer[click.row, click.col], is_positive=click.is_positive):
            continue
        gaps = [
            math.hypot(other.row - click.row, other.col - click.col)
            for other in clicks
            if other.is_positive != click.is_positive
        ]
        radius = min([spread, *(gap / 2 for gap in gaps)])
        reach = math.floor(radius)
        row0, col0 = max(0, click.row - reach), max(0, click.col - reach)
        patch = answer[row0 : click.row + reach + 1, col0 : click.col + reach + 1]
        _push(
            patch, _squares(patch.shape, click.row - row0, click.col - col0) <= radius**2, is_positive=click.is_positive
        )


def _push(array: NDArray[np.float32], where: NDArray[np.bool_], *, is_positive: bool) -> None:
    if is_positive:
        np.maximum(array, _RAISED, out=array, where=where)
    else:
        np.minimum(array, _LOWERED, out=array, where=where)


def _wrong_part(
    probability: NDArray[np.float32], seed: _Seed, seeds: Sequence[_Seed], rule: HonourRule
) -> NDArray[np.bool_]:
    """Choose the pixels of the view that change their side with the seed."""
    wrong = probability < _POSITIVE_FROM if seed.is_positive else probability >= THRESHOLD
    part = _connected(wrong, seed.row, seed.col)
    others = [other for other in seeds if other.is_positive != seed.is_positive]
    if not any(part[other.row, other.col] for other in others):
        small = np.count_nonzero(part) <= rule.small_share * part.size
        if small or (_is_hole(part) if seed.is_positive else _has_object_elsewhere(probability, others)):
            return part
    return _grown(probability, part, seed, others, rule)


def _is_hole(part: NDArray[np.bool_]) -> bool:
    return not (part[0].any() or part[-1].any() or part[:, 0].any() or part[:, -1].any())


def _has_object_elsewhere(probability: NDArray[np.float32], positive: Sequence[_Seed]) -> bool:
    return any(agrees(probability[seed.row, seed.col], is_positive=True) for seed in positive)


def _grown(
    probability: NDArray[np.float32],
    part: NDArray[np.bool_],
    seed: _Seed,
    others: Sequence[_Seed],
    rule: HonourRule,
) -> NDArray[np.bool_]:
    """Choose a disk round the seed, spread along the probability, nearer to the seed than to any of the `others`."""
    reach = math.ceil(max(rule.reach, rule.core))
    row0, col0 = max(0, seed.row - reach), max(0, seed.col - reach)
    window = np.s_[row0 : seed.row + reach + 1, col0 : seed.col + reach + 1]
    near = probability[window]
    distance = _squares(near.shape, seed.row - row0, seed.col - col0)
    own = part[window].copy()
    for other in others:
        own &= distance < _squares(near.shape, other.row - row0, other.col - col0)
    level = probability[seed.row, seed.col]
    alike = near >= level - rule.tolerance if seed.is_positive else near <= level + rule.tolerance
    spread = own & ((alike & (distance <= rule.reach**2)) | (distance <= rule.core**2))
    chosen = np.zeros_like(part)
    if spread[seed.row - row0, seed.col - col0]:
        chosen[window] = _connected(spread, seed.row - row0, seed.col - col0)
    return chosen


def _connected(mask: NDArray[np.bool_], row: int, col: int) -> NDArray[np.bool_]:
    canvas = mask.astype(np.uint8)
    cv2.floodFill(canvas, None, (col, row), 2)
    return np.asarray(canvas == 2)


def _squares(shape: tuple[int, ...], row: int, col: int) -> NDArray[np.int64]:
    rows, cols = np.arange(shape[0]) - row, np.arange(shape[1]) - col
    return np.asarray(rows[:, None] ** 2 + cols[None, :] ** 2)

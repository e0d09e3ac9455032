"""Which slices a mask is carried to, from where, and when that ends: no torch, for commands and the window alike."""

from collections.abc import Collection, Sequence
from enum import Enum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Slice = TypeVar("Slice")
Walk = tuple[int, ...]
"""A key slice, and the slices that its mask is carried to one after the other."""

KNOWN_SLICES = 5
"""So many slices at most tell what an object looks like: the key slice and the last ones walked through."""

LEAST_OVERLAP, WEAK_OVERLAP = 0.55, 0.65
"""A mask whose intersection over union with that of the slice before is smaller is not believed, or is weak."""
MOST_GROWTH, WEAK_GROWTH = 2.0, 1.6
"""The same where its area is so many times that of the slice before, or the other way round."""
MOST_UNSURE, WEAK_UNSURE = 0.5, 0.3
"""The same where more pixels may be object or not, for each pixel that is."""
_MAY_BE = 0.25, 0.75
"""The probabilities of such pixels."""
_SMALL = 100
"""Areas in pixels under which a pixel's change of the border counts for less."""


class Doubt(Enum):
    """Why a walk ends: what is said after *stopped at slice N:*."""

    GONE = "the object was not found there"
    MOVED = "the mask does not lie where it lay before"
    GREW = "the mask is much larger than before"
    SHRANK = "the mask is much smaller than before"
    UNSURE = "the model is not sure of the border"


def walks(keys: Collection[int], first: int, last: int) -> tuple[Walk, ...]:
    """Lead from the key slices to all slices from `first` to `last`, each from the nearest, of two alike the earlier.

    Key slices are not walked to. Nothing outside first..last is, either, and from keys outside nothing sets out.
    """
    inside = sorted({key for key in keys if first <= key <= last})
    found: list[Walk] = []
    for place, key in enumerate(inside):
        # Half-way to the neighbours: of an odd number of slices between, the earlier key takes the middle one.
        top = (inside[place - 1] + key) // 2 + 1 if place else first
        bottom = (key + inside[place + 1]) // 2 if key != inside[-1] else last
        found += [tuple(range(key, top - 1, -1)), tuple(range(key, bottom + 1))]
    return tuple(walk for walk in found if len(walk) > 1)


def remembered(walked: Sequence[Slice]) -> list[Slice]:
    """Of the slices walked through, key slice first, keep those that still tell what the object looks like."""
    return [walked[0], *walked[1:][-(KNOWN_SLICES - 1) :]]


def doubt_of(before: NDArray[np.bool_], probability: NDArray[np.float32], threshold: float) -> Doubt | None:
    """Tell why the `probability` (H, W) of a slice should not be believed after the mask (H, W) of the slice before.

    None where it may be. Small objects are given some pixels more, for a pixel is much of them.
    """
    return _doubt(before, probability, threshold, (LEAST_OVERLAP, MOST_GROWTH, MOST_UNSURE))


def is_weak(before: NDArray[np.bool_], probability: NDArray[np.float32], threshold: float) -> bool:
    """Tell whether what may be believed should be looked at all the same; the arguments are those of `doubt_of`."""
    return _doubt(before, probability, threshold, (WEAK_OVERLAP, WEAK_GROWTH, WEAK_UNSURE)) is not None


def _doubt(
    before: NDArray[np.bool_],
    probability: NDArray[np.float32],
    threshold: float,
    limits: tuple[float, float, float],
) -> Doubt | None:
    overlap, growth, unsure = limits
    mask = probability >= threshold
    area, former = int(np.count_nonzero(mask)), int(np.count_nonzero(before))
    if area == 0:
        return Doubt.GONE
    slack = max(1.0, (_SMALL / max(min(area, former), 1)) ** 0.5)
    shared = int(np.count_nonzero(mask & before))
    raised = {
        Doubt.GREW: area > growth * slack * former,
        Doubt.SHRANK: area * growth * slack < former,
        Doubt.MOVED: shared * slack < overlap * (area + former - shared),
        Doubt.UNSURE: unsure_share(probability, area) > unsure * slack,
    }
    return next((doubt for doubt, is_raised in raised.items() if is_raised), None)


def unsure_share(probability: NDArray[np.float32], area: int) -> float:
    """Pixels of a probability (H, W) that may be object or not, as a share of the `area` of the mask."""
    low, high = _MAY_BE
    return int(np.count_nonzero((probability > low) & (probability < high))) / max(area, 1)

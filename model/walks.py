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

LEAST_OVERLAP = 0.55
"""A mask whose intersection over union with that of the slice before is smaller is not believed."""
LEAST_GROWTH, MOST_GROWTH = 0.5, 2.0
"""Nor is one whose area is under or over so many times that of the slice before."""
MOST_UNSURE = 0.5
"""Nor is one with more pixels that may be object or not, for each pixel that is."""
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
    mask = probability >= threshold
    area, former = int(np.count_nonzero(mask)), int(np.count_nonzero(before))
    if area == 0:
        return Doubt.GONE
    slack = (_SMALL / min(area, former)) ** 0.5 if 0 < min(area, former) < _SMALL else 1.0
    if area > MOST_GROWTH * slack * former:
        return Doubt.GREW
    if area * slack < LEAST_GROWTH * former:
        return Doubt.SHRANK
    shared = int(np.count_nonzero(mask & before))
    if shared * slack < LEAST_OVERLAP * (area + former - shared):
        return Doubt.MOVED
    if unsure_share(probability, area) > MOST_UNSURE * slack:
        return Doubt.UNSURE
    return None


def unsure_share(probability: NDArray[np.float32], area: int) -> float:
    """Pixels of a probability (H, W) that may be object or not, as a share of the `area` of the mask."""
    low, high = _MAY_BE
    return int(np.count_nonzero((probability > low) & (probability < high))) / max(area, 1)

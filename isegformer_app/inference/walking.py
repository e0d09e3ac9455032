"""Where masks are carried to and when that ends, by the model's own rules: they need no network."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .requests import Probability

Slice = TypeVar("Slice")
Walk = tuple[int, ...]
"""A key slice, and the slices that its mask is carried to one after the other."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a mask should not be believed, to be said after *stopped at slice N:*."""

    words: str
    is_gone: bool
    """Whether there is no mask at all."""


def walks(keys: Collection[int], first: int, last: int) -> tuple[Walk, ...]:
    """Lead from the key slices to all slices from `first` to `last`, each from the nearest."""
    from model.walks import walks as lead

    return lead(keys, first, last)


def remembered(walked: Sequence[Slice]) -> list[Slice]:
    """Of the slices walked through, key slice first, keep those that still tell what the object looks like."""
    from model.walks import remembered as keep

    return keep(walked)


def is_weak(before: NDArray[np.bool_], probability: Probability, threshold: float) -> bool:
    """Tell whether a mask that may be believed should be looked at all the same; arguments as for `doubt_of`."""
    from model import walks as rules

    return rules.is_weak(before, probability, threshold)


def doubt_of(before: NDArray[np.bool_], probability: Probability, threshold: float) -> Doubt | None:
    """Tell why the probability (H, W) of a slice should not be believed after the mask (H, W) of the slice before."""
    from model import walks as rules

    doubt = rules.doubt_of(before, probability, threshold)
    return None if doubt is None else Doubt(doubt.value, doubt is rules.Doubt.GONE)

"""A walk through the slices of a volume: the mask of a key slice carried on until the end or until it is in doubt."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..walks import Doubt, Walk, doubt_of, is_weak, remembered
from .carrying import Carrier, KnownSlice

ReadSlice = Callable[[int], NDArray[np.uint8]]
"""Gives the slice of an index as the network sees it, (H, W, 3) uint8."""


@dataclass(frozen=True, eq=False, slots=True)
class Stride:
    """What was found on one slice: the mask (H, W) bool, and what speaks against it."""

    index: int
    mask: NDArray[np.bool_]
    doubt: Doubt | None
    is_weak: bool
    """Whether it should be looked at though it may be believed."""


def strides(
    carrier: Carrier, read: ReadSlice, walk: Walk, mask: NDArray[np.bool_], threshold: float
) -> Iterator[Stride]:
    """Carry the key slice's `mask` (H, W) along a walk, slice after slice; the last one may be in doubt."""
    known = [KnownSlice(read(walk[0]), mask)]
    for index in walk[1:]:
        image = read(index)
        probability = carrier.carry(known, image)
        found = probability >= threshold
        doubt = doubt_of(known[-1].mask, probability, threshold)
        yield Stride(index, found, doubt, is_weak(known[-1].mask, probability, threshold))
        if doubt is not None:
            return
        known = remembered([*known, KnownSlice(image, found)])

"""Objects that are parts of others: a wheel of a car, as LVIS has them. Written to RITM's rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from .objects import BoolMask

_BOX_SHARE, _MASK_SHARE = 0.7, 0.8
"""A part lies with so much of its box in the other's box, and with more than so much of its pixels in its mask."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Objects by number: their areas in pixels, and for parts of which object each is one."""

    areas: Mapping[int, int]
    parents: Mapping[int, int]

    @classmethod
    def of(cls, areas: Mapping[int, int], parents: Mapping[int, int], least: int) -> "Tree":
        """Take the objects of at least `least` pixels; parts of one that is too small belong to what it belongs to."""
        kept = {number: area for number, area in areas.items() if area >= least}
        return cls(kept, {number: up for number in kept if (up := _next_above(number, kept, parents)) is not None})

    @property
    def roots(self) -> list[int]:
        """Objects that are part of nothing."""
        return [number for number in self.areas if number not in self.parents]

    def parts(self, number: int) -> list[int]:
        """Objects that are parts of an object, and not of one of its parts."""
        return [part for part, above in self.parents.items() if above == number]


def _next_above(number: int, kept: Mapping[int, int], parents: Mapping[int, int]) -> int | None:
    above = parents.get(number)
    while above is not None and above not in kept:
        above = parents.get(above)
    return above


def find_parents(masks: Sequence[BoolMask]) -> dict[int, int]:
    """Find which masks (H, W) are parts of which: place of the part -> place of the smallest that holds it.

    A mask belongs to the largest that holds it, then to that one's part that does, and so on. Empty ones hold nothing.
    """
    areas = [int(np.count_nonzero(mask)) for mask in masks]
    boxes = [_box(mask) for mask in masks]
    order = [at for at in sorted(range(len(masks)), key=lambda at: -areas[at]) if areas[at]]
    parents: dict[int, int] = {}
    parts: dict[int, list[int]] = {}

    def holds(large: int, small: int) -> bool:
        inside = _shared(boxes[large], boxes[small]) / _shared(boxes[small], boxes[small])
        return inside >= _BOX_SHARE and int((masks[large] & masks[small]).sum()) > _MASK_SHARE * areas[small]

    def deepest(large: int, small: int) -> int:
        part = next((each for each in parts.get(large, []) if holds(each, small)), None)
        return large if part is None else deepest(part, small)

    for place, large in enumerate(order):
        for small in order[place + 1 :]:
            if small not in parents and holds(large, small):
                parents[small] = deepest(large, small)
                parts.setdefault(parents[small], []).append(small)
    return parents


def _box(mask: BoolMask) -> tuple[int, int, int, int]:
    """First and last column and row + 1 of a mask."""
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    return left, left + width, top, top + height


def _shared(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> int:
    """Pixels that two boxes share."""
    width = min(one[1], other[1]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[2], other[2])
    return max(width, 0) * max(height, 0)

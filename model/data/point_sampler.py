"""Clicks and targets for training as published: RITM's `MultiPointSampler`, and its next click on an answer.

Points are (2N, 3) float32, rows (row, col, sign), the first N places for positive clicks and the last N for negative
ones; sign 0 is an empty place.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from .click_sampling import THRESHOLD, edge_distance
from .hierarchy import Tree
from .objects import BoolMask

_FEWEST_ERODED = 10
_EROSIONS = 3
_SMALL_PART = 0.1
"""A part with less than this share of its object's pixels is not clicked as the object."""

_DOWN_SHARE = 0.5
"""How often the search for a target goes down from an object to one of its parts."""

_MOST_LEFT_OUT = 3


@dataclass(frozen=True, slots=True)
class PointSampling:
    """The published numbers."""

    most: int = 24
    """Clicks of one sign at most."""
    gamma: float = 0.8
    """One click more is so much less likely."""
    merge_share: float = 0.15
    """Share of the targets that are two objects together, where there are two."""
    takes_parts: bool = False
    """Whether a target may be a part of an object, or an object without some of its parts."""
    eroded_share: float = 0.9
    """How often the areas that must be clicked keep away from their edge."""
    strategies: tuple[float, float, float] = (0.1, 0.4, 0.5)
    """Shares of the negative clicks: anywhere outside, on other objects, near the border."""
    expand_ratio: float = 0.1
    """Width of the border as a share of the square root of the target's area."""


@dataclass(slots=True)
class Target:
    """What is to be found, and where it must be clicked: an area an object, masks (H, W)."""

    mask: BoolMask
    inside: list[BoolMask] = field(default_factory=list)
    outside: list[BoolMask] = field(default_factory=list)
    """The rest of what it is a part of, and the parts that are left out: a negative click each, at least."""
    objects: int = 0
    """How many objects of the picture it was made of."""


def count_probabilities(most: int, gamma: float) -> NDArray[np.float64]:
    """Probabilities of 0, 1, ... `most - 1` further clicks: proportional to gamma^k."""
    weights = gamma ** np.arange(most)
    return np.asarray(weights / weights.sum(), np.float64)


def pick_target(
    tree: Tree,
    mask_of: Callable[[int], BoolMask],
    empty: BoolMask,
    sampling: PointSampling,
    rng: np.random.Generator,
) -> Target:
    """Choose an object that is part of nothing, or two; `empty` (H, W) is the target where there is none.

    With `takes_parts` it may become a part of the object, however deep, or go without up to three of its own parts.
    """
    target, roots = Target(empty.copy()), tree.roots
    if not roots:
        return target
    target.objects = 2 if len(roots) > 1 and rng.random() < sampling.merge_share else 1
    for root in rng.choice(roots, target.objects, replace=False).tolist():
        if sampling.takes_parts:
            _add_node(target, _node(root, tree, rng), tree, mask_of, rng)
        else:
            target.mask |= mask_of(root)
            target.inside.append(mask_of(root))
    target.inside, target.outside = (
        [_inner(area, sampling, rng) for area in areas] for areas in (target.inside, target.outside)
    )
    return target


def _node(number: int, tree: Tree, rng: np.random.Generator) -> int:
    while (parts := tree.parts(number)) and rng.random() < _DOWN_SHARE:
        number = int(rng.choice(parts))
    return number


def _add_node(
    target: Target, node: int, tree: Tree, mask_of: Callable[[int], BoolMask], rng: np.random.Generator
) -> None:
    mask = mask_of(node)
    found, inside = mask.copy(), mask.copy()
    if node in tree.parents:
        target.outside.append(mask_of(tree.parents[node]) & ~mask)
    parts = tree.parts(node)
    for part in parts:
        if tree.areas[part] < _SMALL_PART * tree.areas[node]:
            inside &= ~mask_of(part)
    if parts:
        count = int(rng.integers(min(len(parts), _MOST_LEFT_OUT) + 1))
        for part in rng.choice(parts, count, replace=False).tolist():
            left_out = mask_of(part)
            found &= ~left_out
            inside &= ~left_out
            target.outside.append(left_out)
    target.mask |= found
    target.inside.append(inside)


Source = Sequence[tuple[float, NDArray[np.intp]]]
"""Places that are clicked together: shares that add up to 1, and flat indices of pixels."""


def sample_points(
    target: Target, others: BoolMask, sampling: PointSampling, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Click a target; `others` (H, W) are the pixels of all other objects.

    Without a target there are negative clicks only.
    """
    points = np.zeros((2 * sampling.most, 3), np.float32)
    width = others.shape[1]
    inside: list[tuple[Source, int]] = [([(1.0, np.flatnonzero(area))], 1) for area in target.inside]
    outside: list[tuple[Source, int]] = [([(1.0, np.flatnonzero(area))], 1) for area in target.outside]
    outside.append((_strategies(target.mask, others, sampling), 0))
    for first, sign, sources in ((0, 1, inside), (sampling.most, -1, outside)):
        for place, pixel in enumerate(_clicks(sources, sampling, rng), start=first):
            points[place] = *divmod(pixel, width), sign
    return points


def _strategies(target: BoolMask, others: BoolMask, sampling: PointSampling) -> Source:
    """Where negative clicks may fall, and how often."""
    if not target.any():
        return [(1.0, np.flatnonzero(~others))]
    outside = ~target
    reach = int(np.ceil(sampling.expand_ratio * np.sqrt(target.sum())))
    grown = cv2.dilate(target.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=reach)
    other = others & outside
    areas = (outside, other if other.any() else outside, np.asarray(grown, np.bool_) & outside)
    return [(share, np.flatnonzero(area)) for share, area in zip(sampling.strategies, areas, strict=True)]


def _clicks(sources: list[tuple[Source, int]], sampling: PointSampling, rng: np.random.Generator) -> list[int]:
    """Click each source at least so often as it asks for; several share the clicks beyond the first of each."""
    sources = sources[: sampling.most]
    drawn = [_draw(source, _count(sampling, rng, least), rng) for source, least in sources]
    clicked = [pixels for pixels in drawn if pixels]
    if len(clicked) <= 1:
        return clicked[0] if clicked else []
    together = [(share / len(sources), pixels) for source, _ in sources for share, pixels in source]
    firsts = [pixels[0] for pixels in clicked]
    return (firsts + _draw(together, _count(sampling, rng, 0), rng))[: sampling.most]


def _count(sampling: PointSampling, rng: np.random.Generator, least: int) -> int:
    """Draw a number of clicks from `least`, which is 0 or 1, to the most of one sign."""
    further = sampling.most + 1 - least
    return least + int(rng.choice(further, p=count_probabilities(further, sampling.gamma)))


def _draw(source: Source, count: int, rng: np.random.Generator) -> list[int]:
    """Draw so many pixels; an area that is chosen and empty gives none."""
    chosen = rng.choice(len(source), count, p=[share for share, _ in source])
    return [int(rng.choice(source[at][1])) for at in chosen if source[at][1].size]


def _inner(area: BoolMask, sampling: PointSampling, rng: np.random.Generator) -> BoolMask:
    """The pixels of an area that may be clicked."""
    if rng.random() >= sampling.eroded_share:
        return area
    eroded = cv2.erode(area.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=_EROSIONS)
    return np.asarray(eroded, np.bool_) if eroded.sum() > _FEWEST_ERODED else area


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

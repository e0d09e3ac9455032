"""Filling the slices between two that were made by hand, by shape alone."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Edit, LabelObject, MaskCrop, OverlapRule, SliceKey
from isegformer_app.document.edits import Batch, CarryMask
from isegformer_app.document.shape_interpolation import shapes_between

from .photo import Photo
from .progress import Progress

Filled = list[tuple[int, MaskCrop]]
"""Slices with the shapes found for them."""

Ends = list[tuple[int, NDArray[np.bool_]]]
"""Two or more slices with the masks (H, W) that the shapes between them are made of."""


def gaps_at(keys: Sequence[int], here: int) -> list[tuple[int, int]]:
    """Pairs of neighbouring key slices with slices between them, that hold or touch a slice."""
    return [(one, other) for one, other in pairwise(keys) if one <= here <= other and other - one > 1]


def ends_of(photo: Photo, target: LabelObject, axis: int, gaps: Sequence[tuple[int, int]]) -> list[Ends]:
    """Take the masks at both ends of each gap."""
    return [[(index, photo.annotation.mask(target.id, SliceKey(axis, index))) for index in gap] for gap in gaps]


def places_along(photo: Photo, axis: int) -> Sequence[float]:
    """Where the slices along an axis lie: not at their numbers where a series has uneven distances."""
    grid = None if photo.image is None else photo.image.grid
    if grid is None or grid.is_even or axis != grid.slice_axis:
        return range(photo.volume.shape[axis])
    places: list[float] = grid.places_in_volume().tolist()
    return places


def fill(gaps: Sequence[Ends], places: Sequence[float], pixel: tuple[float, float], progress: Progress) -> Filled:
    """Make the shapes; may run on any thread."""
    filled: Filled = []
    for number, ((first, one), (last, other)) in enumerate(gaps):
        progress(number, len(gaps), f"slices {first + 1} to {last + 1}")
        shapes = shapes_between(one, other, places[first : last + 1], pixel)
        filled += list(zip(range(first + 1, last), shapes, strict=False))
    return filled


def fill_edit(target: LabelObject, axis: int, filled: Filled, rule: OverlapRule) -> Batch:
    """Make the one step that writes the shapes; other objects keep their pixels."""
    edits: tuple[Edit, ...] = tuple(
        CarryMask(target.id, SliceKey(axis, index), mask, rule.sparing) for index, mask in filled
    )
    return Batch(edits, "Fill between slices", target.id, SliceKey(axis, filled[0][0]))

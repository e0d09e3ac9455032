"""What happens where a new mask meets objects that are already there."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from .geometry import Box, SliceKey
from .label_map import LabelMap, Labels, Patch


class OverlapRule(Enum):
    """Who owns a pixel that two objects claim."""

    KEEP = "keep existing"
    OVERWRITE = "overwrite"
    ALLOW = "allow overlap"

    @property
    def sparing(self) -> "OverlapRule":
        """The rule for masks that nobody drew: as this one, but no other object loses a pixel."""
        return OverlapRule.KEEP if self is OverlapRule.OVERWRITE else self


def assign(  # noqa: PLR0913 - a mask, its place, its owner and the rule
    label_map: LabelMap,
    object_id: int,
    key: SliceKey,
    corner: tuple[int, int],
    target: NDArray[np.bool_],
    *,
    rule: OverlapRule,
    locked: frozenset[int],
) -> list[Patch]:
    """Make the object's pixels in one rectangle equal `target` (h, w) as far as the rule and locked objects allow.

    `corner` is the (row, col) of the rectangle's first pixel. Pixels outside the rectangle stay.
    """
    height, width = target.shape
    if height == 0 or width == 0:
        return []
    rectangle = slice(corner[0], corner[0] + height), slice(corner[1], corner[1] + width)
    before = [plane[rectangle] for plane in label_map.planes(key)]
    after = [np.where(plane == object_id, np.uint16(0), plane) for plane in before]
    if rule is OverlapRule.KEEP:
        free = target & ~np.logical_or.reduce([plane != 0 for plane in after])
        after[0][free] = object_id
    elif rule is OverlapRule.OVERWRITE:
        _overwrite(after, target, object_id, locked)
    else:
        _stack(after, target, object_id)
    box = Box.on_slice(key, *corner, height, width)
    patches = (label_map.write(layer, box, plane.reshape(box.shape)) for layer, plane in enumerate(after))
    return [patch for patch in patches if patch is not None]


def _overwrite(planes: list[Labels], target: NDArray[np.bool_], object_id: int, locked: frozenset[int]) -> None:
    protected = np.logical_or.reduce([np.isin(plane, list(locked)) for plane in planes])
    free = target & ~protected
    for plane in planes:
        plane[free] = 0
    planes[0][free] = object_id


def _stack(planes: list[Labels], target: NDArray[np.bool_], object_id: int) -> None:
    for plane in planes:
        if not plane[target].any():
            plane[target] = object_id
            return
    planes.append(np.where(target, np.uint16(object_id), np.uint16(0)))

"""The labels as they would be if the open object were finished now: what the overlay draws."""

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import PHOTO, Change, MaskCrop, Origin, OverlapRule, SliceKey
from isegformer_app.document.geometry import bounding_rectangle, slice_shape

from .photo import Photo
from .segmenting import SegmentingController

Rectangle = tuple[int, int, int, int]
"""(top, left, bottom, right), half-open."""

_HARDLY = 0.05
"""Share of a mask under which the annotator would think that nothing happened."""


class ShownLabels:
    """One plane of object ids, brought up to date only where something changed."""

    def __init__(self) -> None:
        """Start with nothing to show."""
        self.plane: NDArray[np.uint16] | None = None
        """(rows, cols) of the slice shown; the same array for as long as the photo stays."""
        self.is_covered = False
        """Whether hardly anything shows of the open object's mask, because others keep their pixels."""
        self.key = PHOTO
        """The slice that is shown."""
        self._photo: Photo | None = None
        self._drawn: Rectangle | None = None
        self._mask: MaskCrop | None = None
        self._setting: tuple[int | None, OverlapRule] = (None, OverlapRule.KEEP)
        self._dirty: Rectangle | None = None

    def open(self, photo: Photo | None, key: SliceKey = PHOTO) -> None:
        """Turn to another photo, or to another slice of it."""
        self._photo, self.key, self._drawn, self._mask, self._dirty = photo, key, None, None, None
        self._setting = None, self._setting[1]
        self.plane = None if photo is None else photo.annotation.label_map.top_plane(key)

    def document_changed(self, change: Change) -> None:
        """Remember where ids changed."""
        if self._photo is not None and change.box is not None:
            self._dirty = _union(self._dirty, change.box.rectangle(self.key))

    def follow(self, segmenting: SegmentingController) -> Rectangle | None:
        """Bring the plane up to date and return the rectangle that may differ from before."""
        if self._photo is None or self.plane is None or segmenting.photo is not self._photo:
            return None
        active = segmenting.active if self.key == self._photo.viewpoint.key else None
        mask = segmenting.shown if active is not None else None
        setting = (None if active is None or mask is None else active.id, segmenting.rule)
        if mask is self._mask and setting == self._setting and self._dirty is None:
            return None
        changed = _union(self._dirty, self._drawn)
        self._drawn = None if mask is None or setting[0] is None else self._reach(setting[0], mask, self._photo)
        self._mask, self._setting, self._dirty = mask, setting, None
        changed = _union(changed, self._drawn)
        if changed is not None:
            self._compose(self._photo, changed)
        self.is_covered = self._hardly_shows()
        return changed

    def _hardly_shows(self) -> bool:
        if self.plane is None or self._mask is None or self._drawn is None:
            return False
        top, left, bottom, right = self._drawn
        seen = int((self.plane[top:bottom, left:right] == self._setting[0]).sum())
        return seen < _HARDLY * int(self._mask.pixels.sum())

    def _reach(self, object_id: int, mask: MaskCrop, photo: Photo) -> Rectangle | None:
        """Where the plane differs from the label map: the mask, and the accepted pixels that it replaces."""
        height, width = mask.shape
        own = None if mask.is_empty else (mask.top, mask.left, mask.top + height, mask.left + width)
        target = photo.annotation.state.find_object(object_id)
        prompt = None if target is None else target.prompt(self.key)
        is_new = prompt is None or not (prompt.accepted or prompt.start is not None or prompt.origin is not Origin.HAND)
        if is_new:
            return own
        return _union(own, bounding_rectangle(photo.annotation.mask(object_id, self.key)))

    def _compose(self, photo: Photo, rectangle: Rectangle) -> None:
        if self.plane is None:
            return
        top, left, bottom, right = rectangle
        area = slice(top, bottom), slice(left, right)
        part = _top(photo, self.key, area)
        object_id, rule = self._setting
        if object_id is not None and self._mask is not None:
            part[part == object_id] = 0
            wanted = _cut(self._mask, slice_shape(photo.annotation.shape, self.key), rectangle)
            if rule is OverlapRule.KEEP:
                wanted &= part == 0
            elif rule is OverlapRule.OVERWRITE:
                wanted &= ~np.isin(part, list(photo.annotation.state.locked_ids))
            part[wanted] = object_id
        self.plane[area] = part


def _top(photo: Photo, key: SliceKey, area: tuple[slice, slice]) -> NDArray[np.uint16]:
    bottom, *others = photo.annotation.label_map.planes(key)
    part = bottom[area].copy()
    for plane in others:
        np.copyto(part, plane[area], where=plane[area] != 0)
    return part


def _cut(mask: MaskCrop, shape: tuple[int, int], rectangle: Rectangle) -> NDArray[np.bool_]:
    """Pixels of the mask inside a rectangle that lies on a slice of `shape`."""
    top, left, bottom, right = (
        max(rectangle[0], 0),
        max(rectangle[1], 0),
        min(rectangle[2], shape[0]),
        min(rectangle[3], shape[1]),
    )
    cut = np.zeros((bottom - top, right - left), dtype=np.bool_)
    low = max(mask.top, top), max(mask.left, left)
    high = min(mask.top + mask.shape[0], bottom), min(mask.left + mask.shape[1], right)
    if low[0] < high[0] and low[1] < high[1]:
        cut[low[0] - top : high[0] - top, low[1] - left : high[1] - left] = mask.pixels[
            low[0] - mask.top : high[0] - mask.top, low[1] - mask.left : high[1] - mask.left
        ]
    return cut


def _union(one: Rectangle | None, other: Rectangle | None) -> Rectangle | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])

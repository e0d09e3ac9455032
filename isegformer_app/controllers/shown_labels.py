"""The labels as they would be if the open object were finished now, with that in front: what the overlay draws."""

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import PHOTO, Change, MaskCrop, Origin, OverlapRule, SliceKey
from isegformer_app.document.geometry import Rectangle, bounding_rectangle
from isegformer_app.document.label_map import merged

from .photo import Photo
from .segmenting import SegmentingController

_HARDLY = 0.05
"""Share of a mask under which the annotator would think that nothing happened."""

_ROWS = 64
"""So many rows are composed at once: what lies between stays in the processor's cache."""


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
        self._hidden: frozenset[int] = frozenset()
        """Objects that cover nothing, because they are hidden; where none overlap, they never do."""
        self._dirty: Rectangle | None = None
        self._accepted: tuple[int, Rectangle | None] | None = None
        """An object, and where its accepted pixels lie; None where that must be looked up."""

    def open(self, photo: Photo | None, key: SliceKey = PHOTO) -> None:
        """Turn to another photo, or to another slice of it."""
        self._photo, self.key, self._drawn, self._mask, self._dirty = photo, key, None, None, None
        self._setting, self._hidden, self._accepted = (None, self._setting[1]), frozenset(), None
        self.plane = None if photo is None else photo.annotation.label_map.top_plane(key)

    def document_changed(self, change: Change) -> None:
        """Remember where ids changed."""
        if self._photo is not None and change.box is not None:
            self._dirty, self._accepted = _union(self._dirty, change.box.rectangle(self.key)), None

    def follow(self, segmenting: SegmentingController) -> Rectangle | None:
        """Bring the plane up to date and return the rectangle that may differ from before."""
        if self._photo is None or self.plane is None or segmenting.photo is not self._photo:
            return None
        active = segmenting.active if self.key == self._photo.viewpoint.key else None
        mask = segmenting.shown if active is not None else None
        setting = (None if active is None or mask is None else active.id, segmenting.rule)
        hidden = _hidden(self._photo, segmenting.rule)
        if hidden != self._hidden:
            self._hidden, self._dirty = hidden, (0, 0, *self.plane.shape)
        if mask is self._mask and setting == self._setting and self._dirty is None:
            return None
        changed = _union(self._dirty, self._drawn)
        self._drawn = None if mask is None or setting[0] is None else self._reach(setting[0], mask, self._photo)
        self._mask, self._setting, self._dirty = mask, setting, None
        changed = _union(changed, self._drawn)
        self.is_covered = False if changed is None else self._compose(self._photo, self.plane, changed)
        return changed

    def _reach(self, object_id: int, mask: MaskCrop, photo: Photo) -> Rectangle | None:
        """Where the plane differs from the label map: the mask, and the accepted pixels that it replaces."""
        height, width = mask.shape
        own = None if mask.is_empty else (mask.top, mask.left, mask.top + height, mask.left + width)
        target = photo.annotation.state.find_object(object_id)
        prompt = None if target is None else target.prompt(self.key)
        is_new = prompt is None or not (prompt.accepted or prompt.start is not None or prompt.origin is not Origin.HAND)
        if is_new:
            return own
        if self._accepted is None or self._accepted[0] != object_id:
            self._accepted = object_id, bounding_rectangle(photo.annotation.mask(object_id, self.key))
        return _union(own, self._accepted[1])

    def _compose(self, photo: Photo, plane: NDArray[np.uint16], rectangle: Rectangle) -> bool:
        """Bring a rectangle of the plane up to date; whether hardly anything shows there of the open object's mask."""
        top, left, bottom, right = rectangle
        wanted = None if self._setting[0] is None or self._mask is None else _cut(self._mask, rectangle)
        seen = 0
        for start in range(top, bottom, _ROWS):
            band = start, left, min(start + _ROWS, bottom), right
            layers = photo.annotation.label_map.planes(self.key, band)
            allowed = None
            if wanted is not None:
                allowed = self._make_room(layers, wanted[start - top : start - top + _ROWS], photo)
                seen += int(np.count_nonzero(allowed))
            if self._hidden:
                for layer in layers:
                    layer *= ~np.isin(layer, list(self._hidden))
            shown = merged(layers)
            if allowed is not None and self._setting[0] not in self._hidden:
                # Cleared and added to, instead of written where it is wanted: four times as fast.
                shown *= ~allowed
                shown += allowed * np.uint16(self._setting[0] or 0)
            plane[start : band[2], left:right] = shown
        return wanted is not None and seen < _HARDLY * int(np.count_nonzero(wanted))

    def _make_room(
        self, layers: tuple[NDArray[np.uint16], ...], wanted: NDArray[np.bool_], photo: Photo
    ) -> NDArray[np.bool_]:
        """Take the open object out of layers of labels, and answer where the rule lets its mask show."""
        object_id, rule = self._setting
        for layer in layers:
            layer *= layer != object_id
            if not layer.any():
                continue
            if rule is OverlapRule.KEEP:
                wanted = wanted & (layer == 0)
            elif rule is OverlapRule.OVERWRITE:
                wanted = wanted & ~np.isin(layer, list(photo.annotation.state.locked_ids))
        return wanted


def _hidden(photo: Photo, rule: OverlapRule) -> frozenset[int]:
    hidden = frozenset(each.id for each in photo.annotation.objects if not each.is_visible)
    may_cover = bool(hidden) and (rule is OverlapRule.ALLOW or len(photo.annotation.label_map.layers) > 1)
    return hidden if may_cover else frozenset()


def _cut(mask: MaskCrop, rectangle: Rectangle) -> NDArray[np.bool_]:
    """Pixels of the mask inside a rectangle of the slice."""
    top, left, bottom, right = rectangle
    height, width = mask.shape
    if (mask.top, mask.left, mask.top + height, mask.left + width) == rectangle:
        return mask.pixels
    cut = np.zeros((bottom - top, right - left), dtype=np.bool_)
    low = max(mask.top, top), max(mask.left, left)
    high = min(mask.top + height, bottom), min(mask.left + width, right)
    if low[0] < high[0] and low[1] < high[1]:
        cut[low[0] - top : high[0] - top, low[1] - left : high[1] - left] = mask.pixels[
            low[0] - mask.top : high[0] - mask.top, low[1] - mask.left : high[1] - mask.left
        ]
    return cut


def _union(one: Rectangle | None, other: Rectangle | None) -> Rectangle | None:
    if one is None or other is None:
        return one or other
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])

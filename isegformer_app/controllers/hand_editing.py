"""Brush, eraser, outlines and tidying: pixels by hand, on the active object."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Edit, LabelObject, MaskCrop, slice_shape
from isegformer_app.document.edits import AcceptMask, Batch, Paint, ReplaceMask, stroke_mask
from isegformer_app.document.object_edits import NewObject
from isegformer_app.document.regions import largest_part, outline_mask, smoothed, without_holes

from .importing import free_pixels
from .photo import Photo
from .segmenting import SegmentingController

Points = tuple[tuple[float, float], ...]
"""(row, col) in pixels of the slice, pixel middles whole."""

_NO_OBJECT = "Choose an object in the list first: {} works on the active object."

_COVERED = (
    "What you drew lies wholly on other objects, which keep their pixels: "
    "choose “Overwrite others” or “Allow overlap” under Overlap to draw there."
)


class HandEditing:
    """Turns strokes into edits. An open object is finished by the first stroke, in the same undoable step."""

    def __init__(self, segmenting: SegmentingController) -> None:
        """Work on what `segmenting` has open."""
        self._segmenting = segmenting

    def stroke(self, points: Points, radius: float, *, is_erasing: bool) -> bool:
        """Paint along `points`; whether it was done."""
        photo = self._segmenting.photo
        if photo is None or not points:
            return False
        key = photo.viewpoint.key
        mask = stroke_mask(slice_shape(photo.annotation.shape, key), points, radius, photo.pixel(key.axis))
        return self._paint(photo, mask, is_erasing, "the eraser")

    def outline(self, points: Points, *, is_erasing: bool) -> bool:
        """Add the inside of an outline to the active object, or take it away; whether it was done."""
        photo = self._segmenting.photo
        if photo is None:
            return False
        mask = outline_mask(slice_shape(photo.annotation.shape, photo.viewpoint.key), points)
        return self._paint(photo, mask, is_erasing, "taking away")

    def fill_holes(self) -> bool:
        """Fill what the active object encloses; whether it changed."""
        return self._tidy(without_holes, "Fill holes")

    def keep_largest(self) -> bool:
        """Drop all but the largest part of the active object; whether it changed."""
        return self._tidy(largest_part, "Keep largest part")

    def smooth(self) -> bool:
        """Round the border of the active object off; whether it changed."""
        return self._tidy(smoothed, "Smooth border")

    def _paint(self, photo: Photo, mask: MaskCrop, is_erasing: bool, tool: str) -> bool:
        if mask.is_empty:
            return False
        active = self._segmenting.active
        if active is not None:
            return self._paint_on(photo, active, mask, is_erasing)
        if is_erasing:
            self._segmenting.tell(_NO_OBJECT.format(tool))
            return False
        key, number = photo.viewpoint.key, photo.annotation.state.next_object_id
        if self._is_covered(photo, mask):
            return False
        new = NewObject(number, self._segmenting.class_for_new)
        edits: tuple[Edit, ...] = (new, Paint(number, key, mask, False, self._segmenting.rule))
        return self._segmenting.apply(Batch(edits, "Brush stroke", number, key), activate=number)

    def _paint_on(self, photo: Photo, active: LabelObject, mask: MaskCrop, is_erasing: bool) -> bool:
        key, rule = photo.viewpoint.key, self._segmenting.rule
        paint = Paint(active.id, key, mask, is_erasing, rule)
        if not active.prompt(key).is_open:
            is_covered = not is_erasing and self._is_covered(photo, mask)
            return not is_covered and self._segmenting.apply(paint)
        if self._must_wait():
            return False
        preview = self._segmenting.preview
        accept: tuple[Edit, ...] = () if preview is None else (AcceptMask(active.id, key, preview, rule),)
        return self._segmenting.apply(Batch((*accept, paint), paint.title, active.id, key))

    def _tidy(self, change: Callable[[NDArray[np.bool_]], NDArray[np.bool_]], title: str) -> bool:
        photo, active = self._segmenting.photo, self._segmenting.active
        if photo is None or active is None:
            self._segmenting.tell(_NO_OBJECT.format(title))
            return False
        if self._must_wait():
            return False
        key, preview = photo.viewpoint.key, self._segmenting.preview
        is_open = active.prompt(key).is_open and preview is not None
        accepted = photo.annotation.mask(active.id, key)
        present = preview.full((accepted.shape[0], accepted.shape[1])) if is_open and preview else accepted
        tidy = change(present)
        if np.array_equal(tidy, present):
            self._segmenting.tell(f"{title}: there is nothing to change on {active.name}.")
            return False
        edit = ReplaceMask(active.id, key, MaskCrop.of(tidy), title, self._segmenting.rule)
        return self._segmenting.apply(edit)

    def _is_covered(self, photo: Photo, mask: MaskCrop) -> bool:
        """Whether other objects leave nothing of what was drawn, and all of it lies on them; says so."""
        key, active, (height, width) = photo.viewpoint.key, self._segmenting.active, mask.shape
        if free_pixels(photo.annotation, mask, self._segmenting.rule, key):
            return False
        if active is not None:
            own = photo.annotation.mask(active.id, key)[mask.top : mask.top + height, mask.left : mask.left + width]
            if (own & mask.pixels).any():
                return False
        self._segmenting.tell(_COVERED)
        return True

    def _must_wait(self) -> bool:
        """Whether the mask to work on is still under way; says so."""
        if self._segmenting.prompt.is_open and self._segmenting.preview is None and self._segmenting.is_waiting:
            self._segmenting.tell("Wait for the mask of the last click before drawing on it.")
            return True
        return False

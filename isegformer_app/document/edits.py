"""Edits of clicks and pixels. Each is a frozen value that says what the annotator did."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .annotation import Draft, Edit
from .click import Click
from .errors import EditError
from .geometry import SliceKey, bounding_rectangle, slice_shape
from .masks import MaskCrop
from .objects import EMPTY_PROMPT, Origin, Prompt
from .overlap import OverlapRule, assign


@dataclass(frozen=True, slots=True)
class AddClick:
    """Add a click to an object; opens the object on that slice."""

    object_id: int
    key: SliceKey
    click: Click
    title: ClassVar[str] = "Add click"

    def apply(self, draft: Draft) -> None:
        """Append the click."""
        draft.check_inside(self.key, self.click.row, self.click.col)
        prompt = draft.unlocked(self.object_id).prompt(self.key)
        _set_clicks(draft, self.object_id, self.key, (*prompt.clicks, self.click))


@dataclass(frozen=True, slots=True)
class MoveClick:
    """Move the click at `index` to another pixel."""

    object_id: int
    key: SliceKey
    index: int
    row: int
    col: int
    title: ClassVar[str] = "Move click"

    def apply(self, draft: Draft) -> None:
        """Move it."""
        draft.check_inside(self.key, self.row, self.col)
        clicks = _clicks_with(draft, self.object_id, self.key, self.index)
        clicks[self.index] = clicks[self.index].moved(self.row, self.col)
        _set_clicks(draft, self.object_id, self.key, tuple(clicks))


@dataclass(frozen=True, slots=True)
class FlipClick:
    """Turn the click at `index` from positive to negative or back."""

    object_id: int
    key: SliceKey
    index: int
    title: ClassVar[str] = "Flip click"

    def apply(self, draft: Draft) -> None:
        """Flip it."""
        clicks = _clicks_with(draft, self.object_id, self.key, self.index)
        clicks[self.index] = clicks[self.index].flipped()
        _set_clicks(draft, self.object_id, self.key, tuple(clicks))


@dataclass(frozen=True, slots=True)
class RemoveClick:
    """Take the click at `index` away."""

    object_id: int
    key: SliceKey
    index: int
    title: ClassVar[str] = "Remove click"

    def apply(self, draft: Draft) -> None:
        """Remove it."""
        clicks = _clicks_with(draft, self.object_id, self.key, self.index)
        del clicks[self.index]
        _set_clicks(draft, self.object_id, self.key, tuple(clicks))


@dataclass(frozen=True, slots=True)
class DropClicks:
    """Close an object without its new clicks: it goes back to the clicks of its last accepted answer."""

    object_id: int
    key: SliceKey
    title: ClassVar[str] = "Drop clicks"

    def apply(self, draft: Draft) -> None:
        """Close it."""
        target = draft.unlocked(self.object_id)
        prompt = target.prompt(self.key)
        closed = Prompt(prompt.accepted, prompt.start, False, prompt.accepted, prompt.origin)
        # What was only proposed leaves nothing behind.
        has_pixels = bool(prompt.accepted) or draft.label_map.mask(self.object_id, self.key).any()
        draft.put_object(target.with_prompt(self.key, closed if has_pixels else EMPTY_PROMPT))


@dataclass(frozen=True, slots=True)
class ReopenObject:
    """Open a finished object again on a slice.

    With `start`, the clicks so far are put aside and the work goes on from that mask: the way to go on from
    pixels drawn by hand or imported.
    """

    object_id: int
    key: SliceKey
    start: MaskCrop | None = None
    title: ClassVar[str] = "Reopen object"

    def apply(self, draft: Draft) -> None:
        """Open it."""
        target = draft.unlocked(self.object_id)
        prompt = target.prompt(self.key)
        clicks, start = ((), self.start) if self.start is not None else (prompt.clicks, prompt.start)
        changed = replace(prompt, clicks=clicks, start=start, is_open=True)
        draft.put_object(target.with_prompt(self.key, changed))


@dataclass(frozen=True, slots=True, eq=False)
class AcceptMask:
    """Finish an object on a slice: its pixels there become the mask, as far as the overlap rule allows."""

    object_id: int
    key: SliceKey
    mask: MaskCrop
    rule: OverlapRule = OverlapRule.KEEP
    origin: Origin = Origin.HAND
    title: ClassVar[str] = "Finish object"

    def apply(self, draft: Draft) -> None:
        """Write the mask and close the prompt."""
        target = draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        _assign_all(draft, self)
        prompt = target.prompt(self.key)
        closed = replace(prompt, is_open=False, accepted=prompt.clicks, origin=self.origin)
        draft.put_object(target.with_prompt(self.key, closed))


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """A stroke: the mask's pixels are added to the object, or taken from it.

    The object's clicks on that slice no longer explain its pixels and go; the next click sets out from the pixels.
    """

    object_id: int
    key: SliceKey
    mask: MaskCrop
    is_erasing: bool = False
    rule: OverlapRule = OverlapRule.KEEP

    @property
    def title(self) -> str:
        """Name in the Undo menu."""
        return "Erase stroke" if self.is_erasing else "Brush stroke"

    def apply(self, draft: Draft) -> None:
        """Paint."""
        painted = draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        height, width = self.mask.shape
        top, left = self.mask.top, self.mask.left
        present = draft.label_map.mask(self.object_id, self.key)[top : top + height, left : left + width]
        stroke = self.mask.pixels
        target = present & ~stroke if self.is_erasing else present | stroke
        _assign(draft, self, (top, left), target)
        draft.put_object(painted.with_prompt(self.key, EMPTY_PROMPT))


@dataclass(frozen=True, slots=True, eq=False)
class ReplaceMask:
    """Give an object other pixels on a slice; as with a stroke, its clicks no longer explain them and go."""

    object_id: int
    key: SliceKey
    mask: MaskCrop
    title: str
    rule: OverlapRule = OverlapRule.KEEP

    def apply(self, draft: Draft) -> None:
        """Write the mask."""
        target = draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        _assign_all(draft, self)
        draft.put_object(target.with_prompt(self.key, EMPTY_PROMPT))


@dataclass(frozen=True, slots=True, eq=False)
class PlaceMask:
    """Give an object that has no pixels yet those of a mask made elsewhere; the next click sets out from them."""

    object_id: int
    key: SliceKey
    mask: MaskCrop
    rule: OverlapRule = OverlapRule.KEEP
    title: ClassVar[str] = "Import mask"

    def apply(self, draft: Draft) -> None:
        """Write the mask; the work grows with its box, not with the slice."""
        draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        if not self.mask.is_empty:
            _assign(draft, self, (self.mask.top, self.mask.left), self.mask.pixels)


@dataclass(frozen=True, slots=True, eq=False)
class CarryMask:
    """Give an object the pixels on a slice that were found from another one; other objects keep theirs."""

    object_id: int
    key: SliceKey
    mask: MaskCrop
    rule: OverlapRule = OverlapRule.KEEP
    origin: Origin = Origin.CARRIED
    title: ClassVar[str] = "Carry to slice"

    def apply(self, draft: Draft) -> None:
        """Write the mask."""
        target = draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        _assign_all(draft, self)
        draft.put_object(target.with_prompt(self.key, Prompt(origin=self.origin)))


@dataclass(frozen=True, slots=True, eq=False)
class ProposeMask:
    """Open an object on a slice with a mask that was found from another one, to be corrected, accepted or dropped."""

    object_id: int
    key: SliceKey
    mask: MaskCrop
    origin: Origin = Origin.CARRIED
    title: ClassVar[str] = "Carry to slice"

    def apply(self, draft: Draft) -> None:
        """Open it."""
        target = draft.unlocked(self.object_id)
        _check_mask(draft, self.key, self.mask)
        draft.put_object(target.with_prompt(self.key, Prompt(start=self.mask, is_open=True, origin=self.origin)))


@dataclass(frozen=True, slots=True)
class Batch:
    """Several edits as one undoable step."""

    edits: tuple[Edit, ...]
    title: str
    object_id: int | None = None
    key: SliceKey | None = None

    def apply(self, draft: Draft) -> None:
        """Do them in order."""
        for edit in self.edits:
            edit.apply(draft)


def _clicks_with(draft: Draft, object_id: int, key: SliceKey, index: int) -> list[Click]:
    clicks = list(draft.unlocked(object_id).prompt(key).clicks)
    if not 0 <= index < len(clicks):
        raise EditError(f"Object {object_id} has no click number {index + 1} here.")
    return clicks


def _set_clicks(draft: Draft, object_id: int, key: SliceKey, clicks: tuple[Click, ...]) -> None:
    target = draft.unlocked(object_id)
    changed = replace(target.prompt(key), clicks=clicks, is_open=True)
    draft.put_object(target.with_prompt(key, changed))


def _assign_all(draft: Draft, edit: "AcceptMask | CarryMask | ReplaceMask") -> None:
    """Make the object's pixels on the slice equal the edit's mask, as far as the rule allows."""
    present = draft.label_map.mask(edit.object_id, edit.key)
    wanted = edit.mask.full((present.shape[0], present.shape[1]))
    rectangle = bounding_rectangle(present | wanted)
    if rectangle is not None:
        top, left, bottom, right = rectangle
        _assign(draft, edit, (top, left), wanted[top:bottom, left:right])


def _assign(
    draft: Draft,
    edit: "AcceptMask | CarryMask | ReplaceMask | Paint | PlaceMask",
    corner: tuple[int, int],
    target: NDArray[np.bool_],
) -> None:
    locked = draft.state.locked_ids
    draft.patches += assign(draft.label_map, edit.object_id, edit.key, corner, target, rule=edit.rule, locked=locked)


def _check_mask(draft: Draft, key: SliceKey, mask: MaskCrop) -> None:
    draft.check_inside(key, 0, 0)
    if mask.is_empty:
        return
    rows, cols = slice_shape(draft.label_map.shape, key)
    height, width = mask.shape
    if min(mask.top, mask.left) < 0 or mask.top + height > rows or mask.left + width > cols:
        raise EditError(f"The mask reaches outside the image of {rows} x {cols} pixels.")


def stroke_mask(
    mask_shape: tuple[int, int],
    points: tuple[tuple[float, float], ...],
    radius: float,
    pixel: tuple[float, float] = (1.0, 1.0),
) -> MaskCrop:
    """Return the pixels within `radius` of the line through `points` (row, col), clipped to the slice.

    Distances are measured in the units of `pixel`, the height and width of a pixel. A radius under half a pixel
    still marks the pixels under the line.
    """
    size = np.asarray(pixel, dtype=np.float64)
    path = np.asarray(points, dtype=np.float64)
    reach = max(radius, 0.5 * float(size.max()))
    low = np.floor(path.min(axis=0) - reach / size).astype(int).clip(min=0)
    high = np.minimum(np.ceil(path.max(axis=0) + reach / size).astype(int) + 1, mask_shape)
    if (high <= low).any():
        return MaskCrop.of(np.zeros((1, 1), dtype=np.bool_))
    rows, cols = np.mgrid[low[0] : high[0], low[1] : high[1]].astype(np.float64) * size[:, None, None]
    path = path * size
    mask = np.zeros(rows.shape, dtype=np.bool_)
    for start, end in zip(path, path[1:] if len(path) > 1 else path, strict=False):
        along = end - start
        length = float(along @ along)
        offset_rows, offset_cols = rows - start[0], cols - start[1]
        share = ((offset_rows * along[0] + offset_cols * along[1]) / length).clip(0, 1) if length > 0 else 0.0
        distance = (offset_rows - share * along[0]) ** 2 + (offset_cols - share * along[1]) ** 2
        mask |= distance <= reach**2
    return MaskCrop.of(mask, int(low[0]), int(low[1]))

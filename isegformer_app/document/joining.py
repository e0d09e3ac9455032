"""Work on the same photo that was done elsewhere comes to the work that is here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from .annotation import Draft
from .class_list import ClassList
from .effort import Effort
from .errors import EditError
from .geometry import SliceKey, bounding_box
from .label_map import MAX_OBJECT_ID, Labels
from .objects import LabelClass, LabelObject, Status, palette_colour
from .runs import Runs


@dataclass(frozen=True, slots=True, eq=False)
class JoinWork:
    """Add objects of another annotation of this photo, with their pixels, clicks and efforts.

    `layers` are the other's labels, of which only those of `objects` count; `classes` are the other's, and all of
    them are here afterwards. Numbers count on from those that were given here: on a photo without work they stay.
    No object loses pixels; where new ones lie upon others the photo is flagged. `status` is for a photo that is *to
    do* here.
    """

    objects: tuple[LabelObject, ...]
    layers: tuple[Runs, ...]
    classes: tuple[LabelClass, ...]
    efforts: Mapping[int, Effort] = field(default_factory=dict)
    status: Status = Status.TO_DO
    title: ClassVar[str] = "Add work"
    object_id: ClassVar[int | None] = None
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Add them."""
        state = draft.state
        shift = state.next_object_id - 1
        last = max((each.id for each in self.objects), default=0) + shift
        if last > MAX_OBJECT_ID:
            raise EditError(f"One photo holds at most {MAX_OBJECT_ID} objects.")
        joined, numbers = ClassList.of(state).joined(self.classes)
        draft.state = replace(
            state,
            objects=(*state.objects, *(self._renumbered(each, shift, joined, numbers) for each in self.objects)),
            classes=joined.classes,
            next_object_id=max(last + 1, state.next_object_id),
            next_class_id=joined.next_id,
            status=self.status if state.status is Status.TO_DO else state.status,
        )
        draft.efforts |= {each.id + shift: self.efforts[each.id] for each in self.objects if each.id in self.efforts}
        layers = self._labels(shift)
        if any(_hits(draft, labels) for labels in layers):
            draft.state = replace(draft.state, status=Status.FLAGGED)
        for labels in layers:
            _lay(draft, labels)

    def _renumbered(self, each: LabelObject, shift: int, joined: ClassList, numbers: Mapping[int, int]) -> LabelObject:
        """Give an object its number and class; names and colours that were made of these are made anew."""
        number, class_id = each.id + shift, numbers[each.class_id]
        former = next(known.name for known in self.classes if known.id == each.class_id)
        later = next(known.name for known in joined.classes if known.id == class_id)
        name = f"{later} {number}" if each.name == f"{former} {each.id}" else each.name
        colour = palette_colour(number) if each.colour == palette_colour(each.id) else each.colour
        return replace(each, id=number, class_id=class_id, name=name, colour=colour)

    def _labels(self, shift: int) -> Sequence[Labels]:
        """The layers with the new numbers, (D, H, W) uint16 each."""
        numbers = np.zeros(MAX_OBJECT_ID + 1, dtype=np.uint16)
        for each in self.objects:
            numbers[each.id] = each.id + shift
        return [Runs(each.shape, numbers[each.values], each.ends).decode() for each in self.layers]


def _hits(draft: Draft, labels: Labels) -> bool:
    """Whether labels would lie upon others."""
    box = bounding_box(labels != 0)
    if box is None:
        return False
    is_new = labels[box.slices] != 0
    return any(layer[box.slices][is_new].any() for layer in draft.label_map.layers)


def _lay(draft: Draft, labels: Labels) -> None:
    """Write labels into the first layer where nothing is in their way."""
    box = bounding_box(labels != 0)
    if box is None:
        return
    inside = labels[box.slices]
    present = [layer[box.slices] for layer in draft.label_map.layers]
    place = next((place for place, layer in enumerate(present) if not layer[inside != 0].any()), len(present))
    merged = np.where(inside != 0, inside, present[place]) if place < len(present) else inside
    patch = draft.label_map.write(place, box, merged)
    draft.patches += [] if patch is None else [patch]

"""Edits of objects, classes and the status of the photo."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .annotation import Draft
from .errors import EditError
from .geometry import SliceKey, bounding_box
from .label_map import MAX_OBJECT_ID
from .objects import Colour, LabelClass, LabelObject, Status, palette_colour


@dataclass(frozen=True, slots=True)
class NewObject:
    """Make an empty object. `object_id` must be the state's `next_object_id` or higher, so that the caller knows it."""

    object_id: int
    class_id: int
    name: str = ""
    colour: Colour | None = None
    title: ClassVar[str] = "New object"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Append it; without a name it takes its class's name and its number."""
        state = draft.state
        label_class = state.find_class(self.class_id)
        if label_class is None:
            raise EditError(f"There is no class {self.class_id}.")
        if self.object_id < state.next_object_id:
            raise EditError(f"The next object has the number {state.next_object_id}, not {self.object_id}.")
        if self.object_id > MAX_OBJECT_ID:
            raise EditError(f"One photo holds at most {MAX_OBJECT_ID} objects.")
        name = self.name.strip() or f"{label_class.name} {self.object_id}"
        made = LabelObject(self.object_id, name, self.class_id, self.colour or palette_colour(self.object_id))
        draft.state = replace(state, objects=(*state.objects, made), next_object_id=self.object_id + 1)


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Take an object away, with its pixels on every slice."""

    object_id: int
    title: str = "Delete object"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Clear its pixels and forget it."""
        draft.unlocked(self.object_id)
        for number, layer in enumerate(draft.label_map.layers):
            owned = layer == self.object_id
            box = bounding_box(owned)
            if box is not None:
                inside = layer[box.slices]
                cleared = np.where(owned[box.slices], np.uint16(0), inside)
                patch = draft.label_map.write(number, box, cleared)
                draft.patches += [] if patch is None else [patch]
        kept = tuple(each for each in draft.state.objects if each.id != self.object_id)
        draft.state = replace(draft.state, objects=kept)


@dataclass(frozen=True, slots=True)
class RenameObject:
    """Give an object another name."""

    object_id: int
    name: str
    title: ClassVar[str] = "Rename object"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Rename it."""
        draft.put_object(replace(draft.object(self.object_id), name=_checked_name(self.name)))


@dataclass(frozen=True, slots=True)
class RecolourObject:
    """Give an object another colour."""

    object_id: int
    colour: Colour
    title: ClassVar[str] = "Change colour"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Recolour it."""
        draft.put_object(replace(draft.object(self.object_id), colour=self.colour))


@dataclass(frozen=True, slots=True)
class ClassifyObject:
    """Give an object another class; a name made from the old class follows."""

    object_id: int
    class_id: int
    title: ClassVar[str] = "Change class"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Change its class."""
        target, chosen = draft.object(self.object_id), draft.state.find_class(self.class_id)
        if chosen is None:
            raise EditError(f"There is no class {self.class_id}.")
        former = draft.state.find_class(target.class_id)
        given_by_class = former is not None and target.name == f"{former.name} {target.id}"
        name = f"{chosen.name} {target.id}" if given_by_class else target.name
        draft.put_object(replace(target, class_id=self.class_id, name=name))


@dataclass(frozen=True, slots=True)
class ShowObject:
    """Show or hide an object."""

    object_id: int
    is_visible: bool
    key: ClassVar[SliceKey | None] = None

    @property
    def title(self) -> str:
        """Name in the Undo menu."""
        return "Show object" if self.is_visible else "Hide object"

    def apply(self, draft: Draft) -> None:
        """Show or hide it."""
        draft.put_object(replace(draft.object(self.object_id), is_visible=self.is_visible))


@dataclass(frozen=True, slots=True)
class LockObject:
    """Lock an object against every change of its pixels and clicks, or unlock it."""

    object_id: int
    is_locked: bool
    key: ClassVar[SliceKey | None] = None

    @property
    def title(self) -> str:
        """Name in the Undo menu."""
        return "Lock object" if self.is_locked else "Unlock object"

    def apply(self, draft: Draft) -> None:
        """Lock or unlock it."""
        draft.put_object(replace(draft.object(self.object_id), is_locked=self.is_locked))


@dataclass(frozen=True, slots=True)
class ReorderObject:
    """Move an object to another place in the list, counted from 0."""

    object_id: int
    place: int
    title: ClassVar[str] = "Reorder objects"
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Move it."""
        target = draft.object(self.object_id)
        others = [each for each in draft.state.objects if each.id != self.object_id]
        others.insert(max(0, min(self.place, len(others))), target)
        draft.state = replace(draft.state, objects=tuple(others))


@dataclass(frozen=True, slots=True)
class NewClass:
    """Add a class to the list."""

    name: str
    colour: Colour | None = None
    title: ClassVar[str] = "New class"
    object_id: ClassVar[int | None] = None
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Append it."""
        state, name = draft.state, _free_class_name(draft, self.name, None)
        number = state.next_class_id
        made = LabelClass(number, name, self.colour or palette_colour(number))
        draft.state = replace(state, classes=(*state.classes, made), next_class_id=number + 1)


@dataclass(frozen=True, slots=True)
class ChangeClass:
    """Give a class another name and colour."""

    class_id: int
    name: str
    colour: Colour
    title: ClassVar[str] = "Change class"
    object_id: ClassVar[int | None] = None
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Change it."""
        former = draft.state.find_class(self.class_id)
        if former is None:
            raise EditError(f"There is no class {self.class_id}.")
        changed = replace(former, name=_free_class_name(draft, self.name, self.class_id), colour=self.colour)
        classes = tuple(changed if each.id == self.class_id else each for each in draft.state.classes)
        objects = tuple(
            replace(each, name=f"{changed.name} {each.id}") if each.name == f"{former.name} {each.id}" else each
            for each in draft.state.objects
        )
        draft.state = replace(draft.state, classes=classes, objects=objects)


@dataclass(frozen=True, slots=True)
class DeleteClass:
    """Take a class that no object has off the list; the last one stays."""

    class_id: int
    title: ClassVar[str] = "Delete class"
    object_id: ClassVar[int | None] = None
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Delete it."""
        state = draft.state
        doomed = state.find_class(self.class_id)
        if doomed is None:
            raise EditError(f"There is no class {self.class_id}.")
        users = sum(each.class_id == self.class_id for each in state.objects)
        if users:
            raise EditError(f"The class {doomed.name!r} still has {users} object(s): give them another class first.")
        if len(state.classes) == 1:
            raise EditError("The last class cannot be deleted: every object needs one.")
        draft.state = replace(state, classes=tuple(each for each in state.classes if each.id != self.class_id))


@dataclass(frozen=True, slots=True)
class SetStatus:
    """Say how far the photo is."""

    status: Status
    title: ClassVar[str] = "Set status"
    object_id: ClassVar[int | None] = None
    key: ClassVar[SliceKey | None] = None

    def apply(self, draft: Draft) -> None:
        """Set it."""
        draft.state = replace(draft.state, status=self.status)


def _checked_name(name: str) -> str:
    stripped = name.strip()
    if not stripped:
        raise EditError("A name needs at least one letter.")
    return stripped


def _free_class_name(draft: Draft, name: str, own_id: int | None) -> str:
    checked = _checked_name(name)
    if any(each.name.casefold() == checked.casefold() and each.id != own_id for each in draft.state.classes):
        raise EditError(f"There is already a class named {checked!r}.")
    return checked

"""The annotation of one photo or volume: the aggregate that changes only through `apply`."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .class_list import ClassList
from .effort import Effort, EffortLog
from .errors import EditError
from .geometry import Box, Shape, SliceKey, slice_shape
from .history import DEFAULT_LIMIT, History, Step
from .label_map import LabelMap, Patch
from .objects import LabelClass, LabelObject, State


class Draft:
    """An annotation while one edit works on it. All that is done here becomes one step, or is taken back."""

    def __init__(self, state: State, label_map: LabelMap) -> None:
        """Start from the present state."""
        self.state = state
        self.label_map = label_map
        self.patches: list[Patch] = []
        self.efforts: dict[int, Effort] = {}
        """What objects cost elsewhere that come from there."""

    def object(self, object_id: int) -> LabelObject:
        """Return an object; raises `EditError` where it does not exist."""
        found = self.state.find_object(object_id)
        if found is None:
            raise EditError(f"There is no object {object_id}.")
        return found

    def unlocked(self, object_id: int) -> LabelObject:
        """Return an object that may be changed; raises `EditError` where it is locked or does not exist."""
        found = self.object(object_id)
        if found.is_locked:
            raise EditError(f"{found.name!r} is locked: unlock it in the list of objects to change it.")
        return found

    def put_object(self, changed: LabelObject) -> None:
        """Put a changed object in the place of the one with the same id."""
        objects = tuple(changed if each.id == changed.id else each for each in self.state.objects)
        self.state = replace(self.state, objects=objects)

    def check_inside(self, key: SliceKey, row: int, col: int) -> None:
        """Raise `EditError` where the slice or the pixel is not in the image."""
        shape = self.label_map.shape
        if not (key.axis in range(3) and 0 <= key.index < shape[key.axis]):
            raise EditError(f"There is no slice {key.index} along axis {key.axis}.")
        rows, cols = slice_shape(shape, key)
        if not (0 <= row < rows and 0 <= col < cols):
            raise EditError(f"Row {row}, column {col} lies outside the image of {rows} x {cols} pixels.")


class Edit(Protocol):
    """One change that the annotator asks for: a frozen value. A failed edit changes nothing."""

    @property
    def title(self) -> str:
        """Name in the Undo menu."""

    @property
    def object_id(self) -> int | None:
        """The object that the edit is about."""

    @property
    def key(self) -> SliceKey | None:
        """The slice that the edit is about."""

    def apply(self, draft: Draft) -> None:
        """Do it on the draft; raises `EditError` where it cannot be done."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What observers are told: the step, its direction, the voxels whose ids changed, and the states around it.

    The states are not always those of the step, for classes may have been adopted since it was done.
    """

    step: Step
    is_undo: bool
    box: Box | None
    former: State
    later: State


Observer = Callable[[Change], None]


class Annotation:
    """Objects, classes, clicks and label map of one photo or volume of `shape` (slices, rows, columns)."""

    def __init__(
        self, shape: Shape, classes: Iterable[LabelClass] | None = None, history_limit: int = DEFAULT_LIMIT
    ) -> None:
        """Start without objects; `classes` replaces the list of one class named *object*."""
        state = State()
        if classes is not None:
            kept = tuple(classes)
            state = replace(state, classes=kept, next_class_id=1 + max((each.id for each in kept), default=0))
        self._state = state
        self._label_map = LabelMap(shape)
        self._history = History(history_limit)
        self.effort = EffortLog()
        self._serials = count(1)
        self._observers: list[Observer] = []
        self._saved_position = 0

    @classmethod
    def restore(
        cls,
        state: State,
        label_map: LabelMap,
        history_limit: int = DEFAULT_LIMIT,
        *,
        is_saved: bool = True,
        effort: Mapping[int, Effort] | None = None,
    ) -> "Annotation":
        """Build the annotation that a session file (or, not `is_saved`, a journal) holds; without history."""
        annotation = cls(label_map.shape, history_limit=history_limit)
        annotation._state = state
        annotation._label_map = label_map
        annotation.effort = EffortLog(effort)
        # No position is negative: until the next save nothing can make it equal.
        annotation._saved_position = 0 if is_saved else -1
        return annotation

    @property
    def shape(self) -> Shape:
        """(slices, rows, columns)."""
        return self._label_map.shape

    @property
    def state(self) -> State:
        """Objects, classes and status; immutable."""
        return self._state

    @property
    def objects(self) -> tuple[LabelObject, ...]:
        """The objects in the annotator's order."""
        return self._state.objects

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The label classes."""
        return self._state.classes

    @property
    def label_map(self) -> LabelMap:
        """Ids a voxel; read it, and write only through `apply`."""
        return self._label_map

    @property
    def history(self) -> History:
        """The undo stack; read it, and move in it only through `undo` and `redo`."""
        return self._history

    @property
    def is_dirty(self) -> bool:
        """Whether there is something that `mark_saved` has not seen."""
        return self._history.position != self._saved_position

    def mark_saved(self, position: int | None = None) -> None:
        """Remember the document as saved that it was at a position of the history, by default the present one."""
        self._saved_position = self._history.position if position is None else position

    def mask(self, object_id: int, key: SliceKey) -> NDArray[np.bool_]:
        """Return the accepted pixels of an object on a slice, (rows, cols) bool."""
        return self._label_map.mask(object_id, key)

    def subscribe(self, observer: Observer) -> Callable[[], None]:
        """Call `observer` after every apply, undo and redo; the function returned ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def apply(self, edit: Edit) -> Step:
        """Do an edit as one undoable step. Raises `EditError` and changes nothing where it cannot be done."""
        draft = Draft(self._state, self._label_map)
        try:
            edit.apply(draft)
        except Exception:
            for patch in reversed(draft.patches):
                self._label_map.revert(patch)
            raise
        for object_id, effort in draft.efforts.items():
            self.effort.put(object_id, effort)
        step = Step(
            next(self._serials), edit.title, self._state, draft.state, tuple(draft.patches), edit.object_id, edit.key
        )
        self._history.push(step)
        self._go_to(step, draft.state, is_undo=False)
        return step

    def adopt(self, classes: ClassList) -> None:
        """Take over the classes of the queue. This is no step: taking back older steps leaves the classes alone."""
        self._state = classes.given_to(self._state)

    def undo(self) -> Step | None:
        """Take the newest step back; None where there is none."""
        step = self._history.undo()
        if step is not None:
            for patch in reversed(step.patches):
                self._label_map.revert(patch)
            self._go_to(step, self._state_after(step.after, step.before), is_undo=True)
        return step

    def redo(self) -> Step | None:
        """Do the step again that was undone last; None where there is none."""
        step = self._history.redo()
        if step is not None:
            for patch in step.patches:
                self._label_map.reapply(patch)
            self._go_to(step, self._state_after(step.before, step.after), is_undo=False)
        return step

    def _state_after(self, origin: State, goal: State) -> State:
        """Return the state `goal` of a step with the present classes, changed only as the step changed them."""
        present = ClassList.of(self._state)
        return present.moved(ClassList.of(origin), ClassList.of(goal)).given_to(goal)

    def _go_to(self, step: Step, state: State, *, is_undo: bool) -> None:
        former, self._state = self._state, state
        self.effort.record(step, is_undo=is_undo)
        change = Change(step, is_undo, step.box, former, state)
        for observer in tuple(self._observers):
            observer(change)

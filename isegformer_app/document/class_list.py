"""The classes of a queue of photos: one list that the annotations of all photos share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .objects import LabelClass, LabelObject, State


@dataclass(frozen=True, slots=True)
class ClassList:
    """Classes in the annotator's order, and the number of the next."""

    classes: tuple[LabelClass, ...]
    next_id: int

    @classmethod
    def of(cls, state: State) -> "ClassList":
        """Take it from the state of an annotation."""
        return cls(state.classes, state.next_class_id)

    def given_to(self, state: State) -> State:
        """Return a state with these classes. A class that its objects have and the list lacks stays at the end.

        Names of objects that were made from the name of their class follow it.
        """
        if (state.classes, state.next_class_id) == (self.classes, self.next_id):
            return state
        former = {each.id: each for each in state.classes}
        known = {each.id for each in self.classes}
        used = {each.class_id for each in state.objects}
        classes = (*self.classes, *(each for each in state.classes if each.id in used - known))
        later = {each.id: each for each in classes}
        objects = tuple(_renamed(each, former[each.class_id], later[each.class_id]) for each in state.objects)
        next_id = max(self.next_id, 1 + max(later))
        return replace(state, objects=objects, classes=classes, next_class_id=next_id)

    def joined(self, others: Iterable[LabelClass]) -> tuple["ClassList", Mapping[int, int]]:
        """Return the list with the classes of another list, and the number that each of those has here.

        Classes of one name, in capitals or not, are one class; the others stand at the end in their own colours.
        """
        classes, next_id = list(self.classes), self.next_id
        ids = {each.name.casefold(): each.id for each in reversed(classes)}
        numbers: dict[int, int] = {}
        for each in others:
            name = each.name.casefold()
            if name not in ids:
                classes.append(replace(each, id=next_id))
                ids[name], next_id = next_id, next_id + 1
            numbers[each.id] = ids[name]
        return ClassList(tuple(classes), next_id), numbers

    def moved(self, origin: "ClassList", goal: "ClassList") -> "ClassList":
        """Do to this list what leads from `origin` to `goal`; what was changed otherwise meanwhile stays as it is."""
        if self == origin:
            return goal
        was, will = ({each.id: each for each in one.classes} for one in (origin, goal))
        kept = [will.get(each.id, each) if was.get(each.id) == each else each for each in self.classes]
        kept = [each for each in kept if each.id in will or each.id not in was]
        present = {each.id for each in kept}
        kept += [each for each in goal.classes if each.id not in was and each.id not in present]
        return ClassList(tuple(kept) or self.classes, max(self.next_id, goal.next_id))


def _renamed(target: LabelObject, former: LabelClass, later: LabelClass) -> LabelObject:
    if former.name == later.name or target.name != f"{former.name} {target.id}":
        return target
    return replace(target, name=f"{later.name} {target.id}")

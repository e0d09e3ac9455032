"""Work on one photo comes to other work on it: every object keeps its pixels, clicks and class, on both sides."""

from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import (
    PHOTO,
    Annotation,
    ClassList,
    EditError,
    Effort,
    LabelClass,
    LabelMap,
    Status,
    palette_colour,
)
from isegformer_app.document.joining import JoinWork
from isegformer_app.document.object_edits import DeleteObject, NewObject, RenameObject, SetStatus
from tests.app.files.drawing import Mask, annotated, disk, draw, masks
from tests.app.files.scripts import described

SIZE = (8, 6)
NAMES = st.lists(st.sampled_from(["cat", "Cat", "dog", "DOG", "tree", "straße", "STRASSE"]), max_size=6)


def class_list(names: list[str], first: int) -> ClassList:
    """Classes as annotators can make them: no two of one name; the numbers begin at `first`."""
    distinct = {name.casefold(): name for name in names} or {"object": "object"}
    classes = tuple(LabelClass(first + place, name, (place, first, 0)) for place, name in enumerate(distinct.values()))
    return ClassList(classes, first + len(classes) + 2)


def everything(other: Annotation, **changes: object) -> JoinWork:
    """All that another annotation holds."""
    state = other.state
    content = {
        "objects": state.objects,
        "layers": other.label_map.runs(),
        "classes": state.classes,
        "efforts": other.effort.efforts,
        "status": state.status,
    }
    return JoinWork(**{**content, **changes})  # type: ignore[arg-type]


@given(NAMES, NAMES, st.integers(1, 5), st.integers(1, 5))
def test_classes_of_one_name_are_one_class(ours: list[str], theirs: list[str], first: int, other_first: int) -> None:
    here, there = class_list(ours, first), class_list(theirs, other_first)
    joined, numbers = here.joined(there.classes)
    assert joined.classes[: len(here.classes)] == here.classes
    ids = [each.id for each in joined.classes]
    assert len(set(ids)) == len(ids)
    assert joined.next_id > max(ids)
    found = {each.id: each for each in joined.classes}
    assert numbers.keys() == {each.id for each in there.classes}
    for each in there.classes:
        assert found[numbers[each.id]].name.casefold() == each.name.casefold()
    folded = [each.name.casefold() for each in joined.classes]
    assert len(set(folded)) == len(folded)
    known = {each.name.casefold() for each in here.classes}
    added = [(each.name, each.colour) for each in there.classes if each.name.casefold() not in known]
    assert [(each.name, each.colour) for each in joined.classes[len(here.classes) :]] == added
    assert joined.joined(there.classes) == (joined, numbers)


@given(st.lists(masks(SIZE), max_size=4), st.lists(masks(SIZE), max_size=4))
def test_every_object_keeps_its_pixels(ours: list[Mask], theirs: list[Mask]) -> None:
    here, there = annotated(SIZE, ours), annotated(SIZE, theirs)
    before = described(here)
    here.apply(everything(there))
    assert len(here.objects) == len(ours) + len(theirs)
    for each, mask in zip(here.objects, [*ours, *theirs], strict=True):
        np.testing.assert_array_equal(here.mask(each.id, PHOTO), mask)
    for came, origin in zip(here.objects[len(ours) :], there.objects, strict=True):
        assert came.prompts == origin.prompts
        assert came.class_id == origin.class_id
    one, other = (np.logical_or.reduce([np.zeros(SIZE, bool), *each]) for each in (ours, theirs))
    assert (here.state.status is Status.FLAGGED) == (one & other).any()
    here.undo()
    assert described(here) == before
    here.redo()
    assert len(here.objects) == len(ours) + len(theirs)


def test_on_a_photo_without_work_all_stays_as_it_was() -> None:
    there = annotated(SIZE, [disk(SIZE, 2, 2, 1), disk(SIZE, 5, 3, 1), disk(SIZE, 4, 3, 3)])
    there.apply(DeleteObject(2))
    there.apply(RenameObject(3, "Mia"))
    there.apply(SetStatus(Status.DONE))
    here = annotated(SIZE)
    here.apply(everything(there))
    assert here.objects == there.objects
    assert here.state.status is Status.DONE
    assert here.state.next_object_id == 4
    assert LabelMap.of_runs(here.shape, here.label_map.runs()).equals(there.label_map)


def test_names_and_colours_that_were_made_of_numbers_are_made_anew() -> None:
    here = annotated(SIZE, [disk(SIZE, 2, 2, 1)])
    there = annotated(SIZE, [disk(SIZE, 5, 3, 1), disk(SIZE, 2, 4, 1)], classes=(LabelClass(7, "tree", (1, 2, 3)),))
    there.apply(RenameObject(2, "oak"))
    here.apply(everything(there))
    assert [(each.id, each.name) for each in here.objects] == [(1, "cat 1"), (2, "tree 2"), (3, "oak")]
    assert [each.colour for each in here.objects] == [palette_colour(number) for number in (1, 2, 3)]
    assert here.classes[-1] == LabelClass(3, "tree", (1, 2, 3))


def test_efforts_come_along_and_what_it_cost_here_stays() -> None:
    here, there = annotated(SIZE, [disk(SIZE, 2, 2, 1)]), annotated(SIZE, [disk(SIZE, 5, 3, 1)])
    here.effort.put(1, Effort(3, 4.0))
    there.effort.put(1, Effort(5, 6.0))
    here.apply(everything(there))
    assert here.effort.efforts == {1: Effort(3, 4.0), 2: Effort(5, 6.0)}


def test_only_the_objects_that_are_wanted_come() -> None:
    there = annotated(SIZE, [disk(SIZE, 2, 2, 1), disk(SIZE, 5, 3, 1)])
    here = annotated(SIZE)
    here.apply(everything(there, objects=there.objects[1:]))
    assert [each.id for each in here.objects] == [2]
    assert here.label_map.ids() == {2}


def test_a_status_that_was_set_here_stays() -> None:
    here, there = annotated(SIZE), annotated(SIZE)
    here.apply(SetStatus(Status.IN_PROGRESS))
    there.apply(SetStatus(Status.DONE))
    here.apply(everything(there))
    assert here.state.status is Status.IN_PROGRESS


def test_more_objects_than_a_photo_holds_are_refused_and_change_nothing() -> None:
    here, there = annotated(SIZE, [disk(SIZE, 2, 2, 1)]), annotated(SIZE)
    draw(there, disk(SIZE, 5, 3, 1))
    last = there.objects[0]
    full = tuple(type(last)(number, "x", 1, last.colour, prompts=MappingProxyType({})) for number in (1, 65535))
    before = described(here)
    with pytest.raises(EditError, match="at most 65535"):
        here.apply(everything(there, objects=full))
    assert described(here) == before
    here.apply(NewObject(2, 1))

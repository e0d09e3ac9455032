"""The annotation changes only through edits, and every edit can be taken back and done again."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from isegformer_app.document import (
    PHOTO,
    Annotation,
    Click,
    Edit,
    EditError,
    MaskCrop,
    OverlapRule,
    SliceKey,
    State,
    Status,
)
from isegformer_app.document.edits import (
    AcceptMask,
    AddClick,
    Batch,
    DropClicks,
    FlipClick,
    MoveClick,
    Paint,
    RemoveClick,
    ReopenObject,
    ReplaceMask,
)
from isegformer_app.document.object_edits import (
    ChangeClass,
    ClassifyObject,
    DeleteClass,
    DeleteObject,
    LockObject,
    NewClass,
    NewObject,
    RecolourObject,
    RenameObject,
    ReorderObject,
    SetStatus,
    ShowObject,
)

SHAPE = (1, 6, 8)
Mask = NDArray[np.bool_]

ids = st.integers(1, 4)
rows, cols = st.integers(0, 5), st.integers(0, 7)
rules = st.sampled_from(OverlapRule)


def block(top: int, left: int, height: int, width: int) -> MaskCrop:
    mask = np.zeros(SHAPE[1:], dtype=np.bool_)
    mask[top : top + height, left : left + width] = True
    return MaskCrop.of(mask)


masks = st.builds(block, rows, cols, st.integers(0, 4), st.integers(0, 4))
clicks = st.builds(Click, rows, cols, st.booleans())
edits: st.SearchStrategy[Edit] = st.one_of(
    st.builds(NewObject, ids, st.just(1)),
    st.builds(DeleteObject, ids),
    st.builds(AddClick, ids, st.just(PHOTO), clicks),
    st.builds(MoveClick, ids, st.just(PHOTO), st.integers(0, 2), rows, cols),
    st.builds(FlipClick, ids, st.just(PHOTO), st.integers(0, 2)),
    st.builds(RemoveClick, ids, st.just(PHOTO), st.integers(0, 2)),
    st.builds(DropClicks, ids, st.just(PHOTO)),
    st.builds(ReopenObject, ids, st.just(PHOTO)),
    st.builds(AcceptMask, ids, st.just(PHOTO), masks, rules),
    st.builds(Paint, ids, st.just(PHOTO), masks, st.booleans(), rules),
    st.builds(ReplaceMask, ids, st.just(PHOTO), masks, st.just("Fill holes"), rules),
    st.builds(LockObject, ids, st.booleans()),
    st.builds(ShowObject, ids, st.booleans()),
    st.builds(RenameObject, ids, st.sampled_from(["cat", " "])),
    st.builds(RecolourObject, ids, st.just((1, 2, 3))),
    st.builds(ReorderObject, ids, st.integers(-1, 5)),
    st.builds(NewClass, st.sampled_from(["object", "cat", "dog"])),
    st.builds(ClassifyObject, ids, st.integers(1, 3)),
    st.builds(ChangeClass, st.integers(1, 3), st.sampled_from(["cat", "cow"]), st.just((9, 9, 9))),
    st.builds(DeleteClass, st.integers(1, 3)),
    st.builds(SetStatus, st.sampled_from(Status)),
)


def snapshot(annotation: Annotation) -> tuple[State, list[bytes]]:
    layers = [layer.tobytes() for layer in annotation.label_map.layers if layer.any()]
    return annotation.state, layers


def with_objects(count: int) -> Annotation:
    annotation = Annotation(SHAPE)
    for number in range(1, count + 1):
        annotation.apply(NewObject(number, 1))
    return annotation


@given(st.lists(edits, max_size=25))
def test_undo_goes_back_through_every_state_and_redo_forth(steps: list[Edit]) -> None:
    annotation = with_objects(2)
    seen = [snapshot(annotation)]
    for edit in steps:
        before = snapshot(annotation)
        try:
            annotation.apply(edit)
        except EditError:
            assert snapshot(annotation) == before
        else:
            seen.append(snapshot(annotation))
    for expected in reversed(seen[:-1]):
        assert annotation.undo() is not None
        assert snapshot(annotation) == expected
    for expected in seen[1:]:
        assert annotation.redo() is not None
        assert snapshot(annotation) == expected
    assert annotation.redo() is None


@given(st.lists(edits, max_size=25))
def test_pixels_only_belong_to_objects_that_exist(steps: list[Edit]) -> None:
    annotation = with_objects(2)
    for edit in steps:
        try:
            annotation.apply(edit)
        except EditError:
            continue
        assert annotation.label_map.ids() <= {each.id for each in annotation.objects}


def test_locked_object_keeps_pixels_and_clicks() -> None:
    annotation = with_objects(2)
    annotation.apply(AcceptMask(1, PHOTO, block(0, 0, 3, 3)))
    annotation.apply(LockObject(1, True))
    for edit in (AddClick(1, PHOTO, Click(0, 0, True)), Paint(1, PHOTO, block(0, 0, 1, 1), True), DeleteObject(1)):
        with pytest.raises(EditError, match="locked"):
            annotation.apply(edit)
    annotation.apply(AcceptMask(2, PHOTO, block(0, 0, 6, 8), OverlapRule.OVERWRITE))
    assert annotation.mask(1, PHOTO).sum() == 9
    assert annotation.mask(2, PHOTO).sum() == 48 - 9


@pytest.mark.parametrize(
    ("rule", "first", "second"), [(OverlapRule.KEEP, 9, 3), (OverlapRule.OVERWRITE, 3, 9), (OverlapRule.ALLOW, 9, 9)]
)
def test_overlap_rules(rule: OverlapRule, first: int, second: int) -> None:
    annotation = with_objects(2)
    annotation.apply(AcceptMask(1, PHOTO, block(0, 0, 3, 3)))
    annotation.apply(AcceptMask(2, PHOTO, block(1, 0, 3, 3), rule))
    assert annotation.mask(1, PHOTO).sum() == first
    assert annotation.mask(2, PHOTO).sum() == second


def test_dropping_clicks_goes_back_to_the_accepted_ones() -> None:
    annotation = with_objects(1)
    annotation.apply(AddClick(1, PHOTO, Click(1, 1, True)))
    annotation.apply(AcceptMask(1, PHOTO, block(0, 0, 2, 2)))
    annotation.apply(AddClick(1, PHOTO, Click(4, 4, False)))
    assert annotation.objects[0].prompt(PHOTO).is_open
    annotation.apply(DropClicks(1, PHOTO))
    prompt = annotation.objects[0].prompt(PHOTO)
    assert prompt.clicks == (Click(1, 1, True),)
    assert not prompt.is_open


def test_batch_is_one_step_and_all_or_nothing() -> None:
    annotation = with_objects(1)
    before = snapshot(annotation)
    paint = Paint(1, PHOTO, block(0, 0, 2, 2))
    with pytest.raises(EditError):
        annotation.apply(Batch((paint, DeleteObject(7)), "Both"))
    assert snapshot(annotation) == before
    annotation.apply(Batch((paint, RenameObject(1, "cat")), "Both"))
    assert annotation.history.undo_title == "Both"
    annotation.undo()
    assert snapshot(annotation) == before


@pytest.mark.parametrize(
    "edit",
    [
        AddClick(1, PHOTO, Click(6, 0, True)),
        AddClick(1, PHOTO, Click(0, -1, True)),
        AddClick(1, SliceKey(0, 1), Click(0, 0, True)),
        MoveClick(1, PHOTO, 0, 0, 0),
        NewObject(1, 1),
        NewObject(2, 9),
        DeleteClass(1),
        NewClass(" OBJECT "),
    ],
)
def test_what_cannot_be_done_is_refused(edit: Edit) -> None:
    with pytest.raises(EditError):
        with_objects(1).apply(edit)


def test_history_forgets_the_oldest_but_never_the_newest() -> None:
    annotation = Annotation(SHAPE, history_limit=1)
    for number in (1, 2, 3):
        annotation.apply(NewObject(number, 1))
    assert len(annotation.history) == 1
    annotation.undo()
    assert [each.id for each in annotation.objects] == [1, 2]
    assert annotation.undo() is None


def test_dirty_follows_undo_and_redo() -> None:
    annotation = with_objects(1)
    annotation.mark_saved()
    annotation.apply(RenameObject(1, "cat"))
    assert annotation.is_dirty
    annotation.undo()
    assert not annotation.is_dirty
    annotation.redo()
    assert annotation.is_dirty


def test_names_made_from_a_class_follow_it() -> None:
    annotation = with_objects(2)
    annotation.apply(RenameObject(2, "Tom"))
    annotation.apply(ChangeClass(1, "cat", (1, 2, 3)))
    assert [each.name for each in annotation.objects] == ["cat 1", "Tom"]


def test_states_share_nothing_that_can_change() -> None:
    state = with_objects(1).state
    changed = replace(state, status=Status.DONE)
    assert state.status is Status.TO_DO
    assert changed.objects is state.objects

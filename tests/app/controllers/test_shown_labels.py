"""What the overlay draws of an open object is what finishing it gives, whatever lies there and whatever the rule."""

from pathlib import Path
from unittest.mock import Mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.ports import Asking, View
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document import PHOTO, Annotation, MaskCrop, OverlapRule, Volume
from isegformer_app.document.edits import AcceptMask
from isegformer_app.document.object_edits import LockObject, NewObject, ShowObject
from isegformer_app.inference import Answer, ProbabilityCrop, Request

SHAPE = (150, 40)
rectangles = st.tuples(
    st.integers(0, SHAPE[0] - 1), st.integers(0, SHAPE[1] - 1), st.integers(1, SHAPE[0]), st.integers(1, SHAPE[1])
)
rules = st.sampled_from(list(OverlapRule))


def probability_of(rectangle: tuple[int, int, int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    top, left, height, width = rectangle
    probability = np.full(SHAPE, 0.01, np.float32)
    probability[top : top + height, left : left + width] = 0.9
    # A hole and an edge that is not straight.
    probability[top + height // 3 : top + height // 2, left + width // 3 : left + width // 2] = 0.3
    probability[top, left : left + width // 2] = 0.1
    return probability


def photo_with(others: list[tuple[tuple[int, int, int, int], OverlapRule, bool]]) -> Photo:
    annotation = Annotation((1, *SHAPE))
    for number, (rectangle, rule, is_locked) in enumerate(others, 1):
        annotation.apply(NewObject(number, 1))
        annotation.apply(AcceptMask(number, PHOTO, MaskCrop.of(probability_of(rectangle) > 0.5), rule))
        annotation.apply(LockObject(number, is_locked))
    return Photo(Path("a.png"), Volume(np.zeros((1, *SHAPE, 3), np.uint8)), annotation)


@given(
    st.lists(st.tuples(rectangles, rules, st.booleans()), max_size=3),
    st.lists(rectangles, min_size=1, max_size=3),
    rules,
    st.booleans(),
)
def test_shown_is_what_finishing_gives(
    others: list[tuple[tuple[int, int, int, int], OverlapRule, bool]],
    answers: list[tuple[int, int, int, int]],
    rule: OverlapRule,
    goes_on: bool,
) -> None:
    photo, worker, shown = photo_with(others), Mock(spec=Asking), ShownLabels()
    segmenting = SegmentingController(worker, Mock(spec=View))
    segmenting.open(photo)
    segmenting.rule = rule
    photo.annotation.subscribe(shown.document_changed)
    shown.open(photo)
    unlocked = [each.id for each in photo.annotation.objects if not each.is_locked]
    if goes_on and unlocked:
        segmenting.select_quietly(unlocked[0])
    for number, rectangle in enumerate(answers):
        segmenting.click(number, 0, True)
        request = worker.submit.call_args[0][0]
        assert isinstance(request, Request)
        segmenting.receive_answer(Answer(request, ProbabilityCrop.of(probability_of(rectangle)), 0.0, "cpu", "fake"))
        assert shown.plane is not None
        before = shown.plane.copy()
        changed = shown.follow(segmenting)
        differs = shown.plane != before
        if changed is not None:
            differs[changed[0] : changed[2], changed[1] : changed[3]] = False
        assert not differs.any()
    seen = shown.plane
    active = segmenting.active
    assert active is not None
    segmenting.finish()
    assert seen is not None
    newest = active.id == photo.annotation.state.next_object_id - 1
    if rule is OverlapRule.ALLOW and not newest:
        # An open object is seen whole; then it goes back to its place below those that are newer.
        np.testing.assert_array_equal(seen == active.id, photo.annotation.mask(active.id, PHOTO))
    else:
        np.testing.assert_array_equal(seen, photo.annotation.label_map.top_plane(PHOTO))


def test_objects_that_overlap_keep_their_order_when_one_is_finished_again() -> None:
    """The third one fits below the second into the layer of the first; it is seen all the same."""
    low, middle, high = (20, 5, 40, 20), (50, 5, 40, 20), (80, 5, 40, 20)
    photo = photo_with([(each, OverlapRule.ALLOW, False) for each in (low, middle, high)])
    label_map = photo.annotation.label_map
    np.testing.assert_array_equal(label_map.top_plane(PHOTO) == 3, photo.annotation.mask(3, PHOTO))
    before = label_map.top_plane(PHOTO)
    for number in (1, 2, 3, 1):
        mask = MaskCrop.of(photo.annotation.mask(number, PHOTO))
        photo.annotation.apply(AcceptMask(number, PHOTO, mask, OverlapRule.ALLOW))
        np.testing.assert_array_equal(label_map.top_plane(PHOTO), before)


def test_a_hidden_object_covers_none_that_lies_below_it() -> None:
    photo, shown = photo_with([((20, 5, 40, 20), OverlapRule.ALLOW, False)] * 2), ShownLabels()
    segmenting = SegmentingController(Mock(spec=Asking), Mock(spec=View))
    segmenting.open(photo)
    photo.annotation.subscribe(shown.document_changed)
    shown.open(photo)
    assert shown.plane is not None
    mask = photo.annotation.mask(1, PHOTO)
    for is_visible, seen in ((True, 2), (False, 1), (True, 2)):
        photo.annotation.apply(ShowObject(2, is_visible))
        shown.follow(segmenting)
        np.testing.assert_array_equal(shown.plane, seen * mask)
    # While it is open, too, where it is put upon others, and when the photo is opened again.
    photo.annotation.apply(ShowObject(2, False))
    segmenting.rule = OverlapRule.ALLOW
    segmenting.reopen(2)
    shown.follow(segmenting)
    np.testing.assert_array_equal(shown.plane, mask)
    shown.open(photo)
    shown.follow(segmenting)
    np.testing.assert_array_equal(shown.plane, mask)

"""Requests are compared by what they ask."""

from typing import Any

import numpy as np
import pytest

from isegformer_app.document import Click
from isegformer_app.inference import FakeEngine, KnownSlice, Request

IMAGE = np.zeros((20, 30, 3), np.uint8)
CLICKS = (Click(5, 5, True), Click(6, 20, False))
MASK = np.eye(20, 30, dtype=bool)


def request(**changes: Any) -> Request:
    values: dict[str, Any] = {
        "image_key": "a",
        "image": IMAGE,
        "slice_index": 0,
        "object_id": 1,
        "clicks": CLICKS,
        "previous": MASK,
    }
    return Request(**(values | changes))


def test_equal_by_value_not_by_identity() -> None:
    same = request(image=IMAGE.copy(), clicks=tuple(list(CLICKS)), previous=MASK.copy())
    assert same == request()
    assert hash(same) == hash(request())


@pytest.mark.parametrize(
    "changes",
    [
        {"image_key": "b"},
        {"slice_index": 1},
        {"object_id": 2},
        {"clicks": CLICKS[:1]},
        {"clicks": (CLICKS[0], CLICKS[1].flipped())},
        {"previous": None},
        {"previous": ~MASK},
        {"previous": MASK[:10]},
    ],
)
def test_any_other_question_is_another_request(changes: dict[str, Any]) -> None:
    assert request(**changes) != request()


def carried(mask: Any = MASK, key: str = "z") -> Request:
    return request(clicks=(), previous=None, known=(KnownSlice(key, IMAGE, mask),))


def test_what_is_carried_is_told_apart_by_its_known_slices() -> None:
    assert carried() == carried(MASK.copy())
    assert hash(carried()) == hash(carried(MASK.copy()))
    for other in (carried(~MASK), carried(key="y"), request(clicks=(), previous=None)):
        assert carried() != other


def test_a_click_is_no_step_on_from_what_is_carried() -> None:
    click = request(clicks=CLICKS[:1], previous=None)
    assert not click.continues(carried())
    assert not carried().continues(request(clicks=(), previous=None))
    assert carried().continues(carried())


def test_is_not_equal_to_something_else() -> None:
    assert request() != "a"


def test_more_clicks_continue_a_request() -> None:
    assert request().continues(request(clicks=CLICKS[:1]))
    assert request().continues(request())
    assert not request(clicks=CLICKS[:1]).continues(request())
    assert not request(previous=None).continues(request(clicks=CLICKS[:1]))
    assert not request(object_id=2).continues(request(clicks=CLICKS[:1]))
    assert not request(clicks=CLICKS[::-1]).continues(request(clicks=CLICKS[:1]))


def test_the_fake_draws_positive_disks_minus_negative_ones_upon_the_previous_mask() -> None:
    previous = np.zeros((20, 30), bool)
    previous[19, 29] = True
    answer = FakeEngine(radius=2).predict(
        request(clicks=(Click(6, 6, False), Click(5, 5, True)), previous=previous), lambda: False
    )
    assert answer[3, 5] > 0.5
    assert answer[5, 5] < 0.5
    assert answer[19, 29] > 0.5
    assert not previous[3, 5]

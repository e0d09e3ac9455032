"""The published protocol, against cases worked out by hand."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.clicks import Click
from model.evaluation.metrics import curve_to, intersection_over_union, is_reached, number_of_clicks
from model.evaluation.protocol import ProtocolSettings, click_object
from model.evaluation.user import SimulatedUser

Mask = NDArray[np.bool_]


def rectangle(shape: tuple[int, int], top: int, left: int, bottom: int, right: int) -> Mask:
    mask = np.zeros(shape, np.bool_)
    mask[top:bottom, left:right] = True
    return mask


EMPTY = np.zeros((20, 30), np.bool_)


def test_the_first_click_is_the_centre_of_the_object() -> None:
    user = SimulatedUser(rectangle((20, 30), 5, 10, 10, 15))
    assert user.click(EMPTY) == Click(7, 12, is_positive=True)


def test_of_several_deepest_pixels_the_first_in_reading_order_is_clicked() -> None:
    user = SimulatedUser(rectangle((20, 30), 4, 4, 7, 20))
    assert user.click(EMPTY) == Click(5, 5, is_positive=True)


def test_the_edge_of_the_image_is_a_border() -> None:
    user = SimulatedUser(rectangle((20, 30), 0, 0, 5, 5))
    assert user.click(EMPTY) == Click(2, 2, is_positive=True)
    assert SimulatedUser(np.ones((5, 5), np.bool_)).click(np.zeros((5, 5), np.bool_)) == Click(2, 2, is_positive=True)


def test_a_tie_is_a_negative_click() -> None:
    user = SimulatedUser(rectangle((20, 30), 2, 2, 7, 7))
    assert user.click(rectangle((20, 30), 12, 12, 17, 17)) == Click(14, 14, is_positive=False)


def test_the_deeper_error_is_clicked_not_the_larger_one() -> None:
    truth = rectangle((20, 30), 2, 2, 9, 9)
    spilled = rectangle((20, 30), 14, 0, 17, 30)
    assert spilled.sum() > truth.sum()
    assert SimulatedUser(truth).click(spilled) == Click(5, 5, is_positive=True)


def test_no_pixel_is_clicked_twice() -> None:
    user = SimulatedUser(rectangle((20, 30), 5, 5, 8, 8))
    clicks = [user.click(EMPTY) for _ in range(9)]
    assert len({(click.row, click.col) for click in clicks if click is not None}) == 9
    assert clicks[0] == Click(6, 6, is_positive=True)
    assert user.click(EMPTY) is None


def test_nothing_is_clicked_where_nothing_is_wrong() -> None:
    truth = rectangle((20, 30), 5, 5, 8, 8)
    assert SimulatedUser(truth).click(truth.copy()) is None


def test_ignored_pixels_are_never_clicked_and_never_wrong() -> None:
    truth = rectangle((20, 30), 0, 0, 20, 10)
    ignored = rectangle((20, 30), 0, 0, 20, 9)
    click = SimulatedUser(truth, ignored).click(EMPTY)
    assert click is not None
    assert click.col == 9
    assert SimulatedUser(truth, truth).click(EMPTY) is None


def slow_click(truth: Mask, mask: Mask, ignored: Mask, clicked: set[tuple[int, int]]) -> tuple[int, int, bool] | None:
    """The rule as published, word for word, with brute-force distances."""
    depths = []
    for wrong in (truth & ~mask & ~ignored, ~truth & mask & ~ignored):
        padded = np.pad(wrong, 1)
        outside = np.argwhere(~padded)
        depth = np.zeros(wrong.shape)
        for row, col in np.argwhere(wrong):
            if (int(row), int(col)) not in clicked:
                depth[row, col] = ((outside - 1 - (row, col)) ** 2).sum(axis=1).min()
        depths.append(depth)
    if not max(depth.max() for depth in depths):
        return None
    is_positive = bool(depths[0].max() > depths[1].max())
    row, col = divmod(int(depths[0 if is_positive else 1].argmax()), truth.shape[1])
    return row, col, is_positive


@given(seed=st.integers(0, 10_000))
def test_clicks_are_those_of_the_published_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(length) for length in rng.integers(1, 24, 2))

    def blobs(level: float) -> Mask:
        smooth = cv2.GaussianBlur(rng.random((height, width)).astype(np.float32), (0, 0), 1.5)
        return np.asarray(smooth.reshape(height, width) > level)

    truth, ignored = blobs(0.5), blobs(0.62)
    user, clicked = SimulatedUser(truth, ignored), set[tuple[int, int]]()
    for _ in range(3):
        mask = blobs(0.5)
        expected, found = slow_click(truth, mask, ignored, clicked), user.click(mask)
        assert (found and (found.row, found.col, found.is_positive)) == expected
        if expected is None:
            return
        clicked.add(expected[:2])


class Grower:
    """An engine that finds one more column of a 10-pixel-wide object with each click."""

    def __init__(self, probability: float = 0.6) -> None:
        self.previous: list[NDArray[np.float32] | None] = []
        self._probability = probability

    def set_image(self, image: NDArray[np.uint8]) -> None:
        pass

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        self.previous.append(previous)
        answer = np.zeros((20, 30), np.float32)
        answer[5:10, 10 : 10 + len(clicks)] = self._probability
        return answer


TRUTH = rectangle((20, 30), 5, 10, 10, 20)


def test_an_object_is_clicked_until_nothing_is_wrong() -> None:
    engine = Grower()
    run = click_object(engine, TRUTH)
    assert run.ious == tuple(count / 10 for count in range(1, 11))
    assert len(run.clicks) == len(run.seconds) == 10
    assert number_of_clicks(run.ious, 0.85, 20) == 9
    assert number_of_clicks(run.ious, 0.90, 20) == 9
    assert engine.previous[0] is None
    assert all(previous is not None for previous in engine.previous[1:])


def test_clicks_stop_at_their_limit_and_at_the_target() -> None:
    assert len(click_object(Grower(), TRUTH, protocol=ProtocolSettings(max_clicks=4)).ious) == 4
    assert click_object(Grower(), TRUTH, protocol=ProtocolSettings(target_iou=0.3)).ious == (0.1, 0.2, 0.3)


def test_a_pixel_is_object_above_the_threshold_of_the_protocol() -> None:
    assert click_object(Grower(0.495), TRUTH).ious[0] == 0.1
    assert click_object(Grower(0.485), TRUTH).ious[0] == 0.0
    assert click_object(Grower(0.485), TRUTH, protocol=ProtocolSettings(threshold=0.4)).ious[0] == 0.1


def test_an_object_without_pixels_gives_an_empty_run() -> None:
    assert click_object(Grower(), TRUTH, TRUTH).clicks == ()


@pytest.mark.parametrize(
    ("ious", "target", "expected", "reached"),
    [([0.9], 0.9, 1, True), ([0.5, 0.85], 0.85, 2, True), ([0.5, 0.6], 0.85, 20, False), ([0.9, 0.2], 0.85, 1, True)],
)
def test_number_of_clicks(ious: list[float], target: float, expected: int, reached: bool) -> None:
    assert number_of_clicks(ious, target, 20) == expected
    assert is_reached(ious, target) == reached


def test_the_iou_leaves_ignored_pixels_out_of_both_counts() -> None:
    truth, mask = rectangle((4, 4), 0, 0, 2, 4), rectangle((4, 4), 0, 0, 4, 2)
    assert intersection_over_union(mask, truth) == pytest.approx(4 / 12)
    assert intersection_over_union(mask, truth, rectangle((4, 4), 2, 0, 4, 4)) == pytest.approx(4 / 8)
    assert intersection_over_union(np.zeros((4, 4), np.bool_), np.zeros((4, 4), np.bool_)) == 1.0


def test_a_curve_that_ended_keeps_its_last_value() -> None:
    assert curve_to([0.2, 0.9], 4) == [0.2, 0.9, 0.9, 0.9]
    assert curve_to([0.1, 0.2, 0.3], 2) == [0.1, 0.2]

"""The published protocol, against cases worked out by hand."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from model.clicks import Click
from model.evaluation.metrics import (
    Judge,
    area_under,
    curve_to,
    dice,
    inner_band,
    intersection_over_union,
    is_reached,
    number_of_clicks,
)
from model.evaluation.protocol import ProtocolSettings, click_object, replay
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


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), grain=st.sampled_from((1, 2, 8, 30)))
def test_clicks_on_large_images_are_those_of_the_published_transform(seed: int, grain: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(length) for length in rng.integers(400, 800, 2))

    def blobs(level: float) -> Mask:
        coarse = rng.random((grain, grain)).astype(np.float32)
        return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) > level)

    truth, clicked = blobs(0.4), np.zeros((height, width), np.bool_)
    user = SimulatedUser(truth)
    for level in (2.0, 0.7, 0.9):
        # The first answer is empty: depths of more than 255 pixels occur.
        mask = blobs(level)
        depths = []
        for wrong in (truth & ~mask, ~truth & mask):
            depths.append(np.rint(distance_transform_edt(np.pad(wrong, 1))[1:-1, 1:-1] ** 2) * ~clicked)
        click = user.click(mask)
        if not max(depth.max() for depth in depths):
            assert click is None
            return
        is_positive = bool(depths[0].max() > depths[1].max())
        row, col = divmod(int(depths[0 if is_positive else 1].argmax()), width)
        assert click == Click(row, col, is_positive=is_positive)
        clicked[row, col] = True


def test_objects_deeper_than_distances_in_city_blocks_are_counted() -> None:
    truth = disk((900, 900), 450, 440, 400)
    user, empty = SimulatedUser(truth), np.zeros((900, 900), np.bool_)
    assert user.click(empty) == Click(450, 440, is_positive=True)
    second = user.click(empty)
    depth = distance_transform_edt(np.pad(truth, 1))[1:-1, 1:-1]
    depth[450, 440] = 0
    assert second is not None
    assert (second.row, second.col) == divmod(int(np.rint(depth**2).argmax()), 900)


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
    assert len(run.clicks) == len(run.encodes) == len(run.decodes) == len(run.boundary_ious) == 10
    assert not any(run.undone)
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
    assert click_object(Grower(0.49), TRUTH).ious[0] == 0.0
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


class TruthAfter:
    """An engine that answers nothing until the k-th click, and the truth from then on."""

    def __init__(self, truth: Mask, count: int) -> None:
        self._truth, self._count = truth, count

    def set_image(self, image: NDArray[np.uint8]) -> None:
        pass

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        return self._truth.astype(np.float32) * (len(clicks) >= self._count)


def disk(shape: tuple[int, int], row: int, col: int, radius: int) -> Mask:
    rows, cols = np.indices(shape)
    return np.asarray((rows - row) ** 2 + (cols - col) ** 2 <= radius**2)


@pytest.mark.parametrize("count", range(1, 21))
def test_the_truth_after_k_clicks_is_a_noc_of_k(count: int) -> None:
    truth = disk((40, 50), 20, 20, 12)
    run = click_object(TruthAfter(truth, count), truth)
    assert len(run.ious) == count
    assert {number_of_clicks(run.ious, target, 20) for target in (0.8, 0.85, 0.9, 0.95)} == {count}
    assert is_reached(run.ious, 0.9)


def test_the_truth_after_more_clicks_than_there_are_is_a_failure() -> None:
    truth = disk((40, 50), 20, 20, 12)
    run = click_object(TruthAfter(truth, 21), truth)
    assert number_of_clicks(run.ious, 0.9, 20) == 20
    assert not is_reached(run.ious, 0.9)


RING = disk((41, 41), 20, 20, 15) & ~disk((41, 41), 20, 20, 5)
TWO_PARTS = rectangle((20, 30), 2, 2, 9, 9) | rectangle((20, 30), 12, 20, 17, 25)
NOTHING = np.zeros((41, 41), np.bool_)


def test_clicks_on_a_ring_by_hand() -> None:
    # The ring is 10 pixels wide: its deepest pixels lie at distance 10 or 11 from the centre, 5 from either edge.
    click = SimulatedUser(RING).click(NOTHING)
    assert click is not None
    assert click.is_positive
    assert round(np.hypot(click.row - 20, click.col - 20)) in (10, 11)
    # Where the hole is filled, the hole is what is wrong, and its centre the deepest.
    assert SimulatedUser(RING).click(disk((41, 41), 20, 20, 15)) == Click(20, 20, is_positive=False)


def test_clicks_on_two_parts_by_hand() -> None:
    user = SimulatedUser(TWO_PARTS)
    assert user.click(EMPTY) == Click(5, 5, is_positive=True)
    # No part of the larger one is left, so the smaller one is next.
    assert user.click(rectangle((20, 30), 2, 2, 9, 9)) == Click(14, 22, is_positive=True)
    assert user.click(TWO_PARTS) is None


def test_an_empty_truth_and_an_all_void_one_are_never_clicked() -> None:
    full = np.ones((20, 30), np.bool_)
    assert click_object(Grower(), EMPTY).clicks == ()
    assert click_object(Grower(), TRUTH, full).clicks == ()
    assert SimulatedUser(EMPTY).click(full) == Click(9, 9, is_positive=False)


def test_an_answer_of_another_size_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        Judge(TRUTH).iou(np.zeros((5, 5), np.bool_))


def slow_band(mask: Mask, width: int) -> Mask:
    """The published definition: the mask without its erosion, one step of a 3 x 3 square after another."""
    eroded = np.pad(mask, 1)
    for _ in range(width):
        eroded = np.asarray(cv2.erode(eroded.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0)) > 0
        eroded[0], eroded[-1], eroded[:, 0], eroded[:, -1] = (False,) * 4
    return mask & ~eroded[1:-1, 1:-1]


@given(seed=st.integers(0, 10_000))
def test_measures_are_those_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = (int(length) for length in rng.integers(1, 40, 2))

    def blobs() -> Mask:
        smooth = cv2.GaussianBlur(rng.random((height, width)).astype(np.float32), (0, 0), 2.0)
        return np.asarray(smooth.reshape(height, width) > 0.5)

    truth, mask, ignored = blobs(), blobs(), blobs()
    kept = [(row, col) for row in range(height) for col in range(width) if not ignored[row, col]]
    both = sum(bool(truth[each] and mask[each]) for each in kept)
    either = sum(bool(truth[each] or mask[each]) for each in kept)
    judge = Judge(truth, ignored)
    assert judge.iou(mask) == (both / either if either else 1.0)
    sizes = sum(bool(truth[each]) for each in kept) + sum(bool(mask[each]) for each in kept)
    assert dice(judge.iou(mask)) == pytest.approx(2 * both / sizes if sizes else 1.0)
    band = max(1, round(0.02 * np.hypot(height, width)))
    for each in (truth, mask):
        np.testing.assert_array_equal(inner_band(each, band), slow_band(each, band))
    bands = slow_band(truth & ~ignored, band), slow_band(mask & ~ignored, band)
    union = np.count_nonzero(bands[0] | bands[1])
    expected = np.count_nonzero(bands[0] & bands[1]) / union if union else 1.0
    assert judge.boundary_iou(mask) == pytest.approx(expected)


def test_the_area_under_a_curve_by_hand() -> None:
    curves = np.array([[0.0, 0.5, 1.0], [1.0, 1.0, 1.0], [0.2, 0.8, 0.4]])
    assert area_under(curves) == pytest.approx([0.5, 1.0, (0.1 + 0.8 + 0.2) / 2])
    assert area_under(np.array([[0.3]])) == pytest.approx([0.3])


def test_a_replay_ends_with_the_last_mask() -> None:
    run = click_object(Grower(), TRUTH, protocol=ProtocolSettings(max_clicks=4))
    mask = replay(Grower(), run.clicks, (20, 30), 0.49)
    assert intersection_over_union(mask, TRUTH) == run.ious[-1] == 0.4
    assert not replay(Grower(), (), (20, 30), 0.49).any()

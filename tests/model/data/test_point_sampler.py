"""The published click sampler: its probabilities and its places."""

import numpy as np
import pytest

from model.data.click_sampling import edge_distance
from model.data.point_sampler import (
    PointSampling,
    add_next_point,
    count_probabilities,
    pick_objects,
    sample_points,
)

SAMPLING = PointSampling()
TARGET = np.zeros((60, 80), np.bool_)
TARGET[15:45, 20:50] = True
OTHERS = np.zeros((60, 80), np.bool_)
OTHERS[10:50, 65:78] = True
NOTHING = np.zeros((60, 80), np.bool_)


def draws(count: int, **kwargs: object) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    sampling = PointSampling(**kwargs)  # type: ignore[arg-type]
    return [sample_points([TARGET], OTHERS, sampling, rng) for _ in range(count)]


def test_counts_follow_a_geometric_law() -> None:
    probabilities = count_probabilities(24, 0.8)
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities[1:] / probabilities[:-1] == pytest.approx(np.full(23, 0.8))
    points = np.stack(draws(4000))
    positives, negatives = (points[:, :24, 2] == 1).sum(axis=1), (points[:, 24:, 2] == -1).sum(axis=1)
    further = float((np.arange(24) * probabilities).sum())
    assert positives.min() == 1
    assert positives.mean() == pytest.approx(1 + further, abs=0.25)
    assert negatives.min() == 0
    assert negatives.mean() == pytest.approx(float((np.arange(25) * count_probabilities(25, 0.8)).sum()), abs=0.25)
    assert (positives == 1).mean() == pytest.approx(probabilities[0], abs=0.03)


def test_every_click_has_the_sign_of_its_pixel() -> None:
    for points in draws(300):
        for row, col, sign in points[points[:, 2] != 0]:
            assert TARGET[int(row), int(col)] == (sign > 0)


def test_positive_clicks_keep_away_from_the_edge_nine_times_in_ten() -> None:
    depth = edge_distance(TARGET)
    clicked = [depth[int(row), int(col)] for points in draws(1500) for row, col, sign in points[:24] if sign > 0]
    near = np.mean([value < 3.5 for value in clicked])
    share_of_rim = float(((depth < 3.5) & TARGET).sum() / TARGET.sum())
    assert near == pytest.approx(0.1 * share_of_rim, abs=0.02)


def test_negative_clicks_follow_the_three_strategies() -> None:
    clicked = [(int(row), int(col)) for points in draws(3000) for row, col, sign in points[24:] if sign < 0]
    reach = int(np.ceil(0.1 * np.sqrt(TARGET.sum())))
    near = np.zeros_like(TARGET)
    near[15 - reach : 45 + reach, 20 - reach : 50 + reach] = True
    near &= ~TARGET
    outside = float((~TARGET).sum())
    on_others = np.mean([OTHERS[place] for place in clicked])
    on_border = np.mean([near[place] for place in clicked])
    assert on_others == pytest.approx(0.4 + 0.1 * OTHERS.sum() / outside, abs=0.02)
    assert on_border == pytest.approx(0.5 + 0.1 * near.sum() / outside, abs=0.02)


def test_without_other_objects_their_clicks_fall_anywhere_outside() -> None:
    rng = np.random.default_rng(3)
    points = np.stack([sample_points([TARGET], NOTHING, SAMPLING, rng) for _ in range(200)])
    assert (points[:, 24:, 2] == -1).any()


def test_two_objects_get_a_click_each_first() -> None:
    second = np.zeros_like(TARGET)
    second[50:58, 5:15] = True
    rng = np.random.default_rng(1)
    for _ in range(50):
        points = sample_points([TARGET, second], OTHERS, SAMPLING, rng)
        assert TARGET[tuple(points[0, :2].astype(int))]
        assert second[tuple(points[1, :2].astype(int))]


def test_no_object_gets_negative_clicks_only() -> None:
    rng = np.random.default_rng(1)
    points = np.stack([sample_points([], OTHERS, SAMPLING, rng) for _ in range(100)])
    assert not (points[..., 2] > 0).any()
    assert (points[..., 2] < 0).any()


def test_objects_are_merged_as_often_as_published() -> None:
    rng = np.random.default_rng(1)
    sizes = [len(set(pick_objects([1, 2, 3], SAMPLING, rng))) for _ in range(4000)]
    assert np.mean([size == 2 for size in sizes]) == pytest.approx(0.15, abs=0.02)
    assert {len(pick_objects([7], SAMPLING, rng)) for _ in range(50)} == {1}
    assert pick_objects([], SAMPLING, rng) == []


def test_the_next_click_takes_the_deeper_error_and_counts_from_the_end() -> None:
    rng = np.random.default_rng(1)
    points = np.zeros((48, 3), np.float32)
    add_next_point(points, TARGET, np.zeros((60, 80), np.float32), 1, rng)
    row, col, sign = points[23]
    assert sign == 1
    depth = edge_distance(TARGET)
    assert depth[int(row), int(col)] > depth.max() / 2
    answer = TARGET.astype(np.float32)
    answer[5:55, 60:79] = 1
    add_next_point(points, TARGET, answer, 2, rng)
    assert points[46, 2] == -1
    assert points[46, 1] >= 60
    before = points.copy()
    add_next_point(points, TARGET, TARGET.astype(np.float32), 3, rng)
    assert np.array_equal(points, before)

"""The published click sampler: its probabilities and its places."""

from collections.abc import Sequence

import numpy as np
import pytest

from model.data.click_sampling import edge_distance
from model.data.hierarchy import Tree
from model.data.point_sampler import (
    PointSampling,
    Target,
    add_next_point,
    count_probabilities,
    pick_target,
    sample_points,
)

SAMPLING = PointSampling()
TARGET = np.zeros((60, 80), np.bool_)
TARGET[15:45, 20:50] = True
OTHERS = np.zeros((60, 80), np.bool_)
OTHERS[10:50, 65:78] = True
NOTHING = np.zeros((60, 80), np.bool_)


MASKS = {1: TARGET, 2: OTHERS}


def picked(tree: Tree, rng: np.random.Generator, masks: dict[int, np.ndarray] = MASKS, **kwargs: object) -> Target:
    return pick_target(tree, masks.__getitem__, NOTHING, PointSampling(**kwargs), rng)  # type: ignore[arg-type]


def draws(count: int, parts: Sequence[np.ndarray] = (TARGET,), others: np.ndarray = OTHERS) -> list[np.ndarray]:
    """Clicks on an object, or on several at once."""
    rng = np.random.default_rng(3)
    masks = dict(enumerate(parts))
    tree = Tree(dict.fromkeys(masks, 100), {})
    merge = float(len(parts) > 1)
    return [sample_points(picked(tree, rng, masks, merge_share=merge), others, SAMPLING, rng) for _ in range(count)]


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
    points = np.stack(draws(2000, others=NOTHING))
    clicked = points[points[..., 2] < 0]
    reach = int(np.ceil(0.1 * np.sqrt(TARGET.sum())))
    far = np.mean([not (15 - reach <= row < 45 + reach and 20 - reach <= col < 50 + reach) for row, col, _ in clicked])
    outside = np.ones_like(TARGET)
    outside[15 - reach : 45 + reach, 20 - reach : 50 + reach] = False
    assert far == pytest.approx(0.5 * outside.sum() / (~TARGET).sum(), abs=0.02)


def test_two_objects_get_a_click_each_first_and_share_the_others() -> None:
    second = np.zeros_like(TARGET)
    second[50:58, 5:15] = True
    further = []
    for points in draws(3000, (TARGET, second)):
        clicked = [tuple(row[:2].astype(int)) for row in points[:24] if row[2]]
        assert {bool(TARGET[place]) for place in clicked[:2]} == {True, False}
        further.append([bool(TARGET[place]) for place in clicked[2:]])
    assert np.mean([len(each) for each in further]) == pytest.approx(
        float((np.arange(25) * count_probabilities(25, 0.8)).sum()), abs=0.25
    )
    # The two are clicked alike, however small one of them is.
    assert np.mean([place for each in further for place in each]) == pytest.approx(0.5, abs=0.02)


def test_no_object_gets_negative_clicks_only_and_none_on_what_is_too_small() -> None:
    rng = np.random.default_rng(1)
    target = picked(Tree({}, {}), rng)
    points = np.stack([sample_points(target, OTHERS, SAMPLING, rng) for _ in range(200)])
    assert not (points[..., 2] > 0).any()
    clicked = points[points[..., 2] < 0].astype(int)
    assert len(clicked)
    assert not any(OTHERS[row, col] for row, col, _ in clicked)


def test_objects_are_merged_as_often_as_published() -> None:
    rng = np.random.default_rng(1)
    tree = Tree({1: 900, 2: 520}, {})
    merged = [picked(tree, rng).objects == 2 for _ in range(4000)]
    assert np.mean(merged) == pytest.approx(0.15, abs=0.02)
    assert {picked(Tree({1: 900}, {}), rng).objects for _ in range(50)} == {1}
    assert not picked(Tree({}, {}), rng).mask.any()


WHEEL, CAR = np.zeros((60, 80), np.bool_), np.zeros((60, 80), np.bool_)
CAR[10:50, 10:70] = True
WHEEL[30:48, 14:34] = True
RUST = np.zeros((60, 80), np.bool_)
RUST[12:20, 50:58] = True
VEHICLE = {1: CAR, 2: WHEEL, 3: RUST}
PARTS = Tree({number: int(mask.sum()) for number, mask in VEHICLE.items()}, {2: 1, 3: 1})


def test_parts_are_no_targets_as_the_published_settings_have_it() -> None:
    rng = np.random.default_rng(1)
    assert all(np.array_equal(picked(PARTS, rng, VEHICLE).mask, CAR) for _ in range(100))


def test_the_search_for_a_target_goes_down_half_of_the_time() -> None:
    rng = np.random.default_rng(1)
    targets = [picked(PARTS, rng, VEHICLE, takes_parts=True) for _ in range(3000)]
    wheels = [target for target in targets if np.array_equal(target.mask, WHEEL)]
    assert len(wheels) / 3000 == pytest.approx(0.25, abs=0.03)
    # The rest of the car is asked for a negative click.
    assert all(len(target.outside) == 1 and not (target.outside[0] & WHEEL).any() for target in wheels)
    assert all((target.outside[0] & CAR).any() for target in wheels)


def test_an_object_goes_without_some_of_its_parts_which_are_clicked_as_negative() -> None:
    rng = np.random.default_rng(1)
    targets = [picked(PARTS, rng, VEHICLE, takes_parts=True) for _ in range(3000)]
    cars = [target for target in targets if target.mask[40, 60]]
    without = [target for target in cars if not target.mask[40, 20]]
    # None, one or both of the two parts, alike often; one of two is this one half of the time.
    assert len(without) / len(cars) == pytest.approx(1 / 2, abs=0.03)
    for target in without:
        assert any(area[40, 20] for area in target.outside)
        points = sample_points(target, NOTHING, SAMPLING, rng)
        negatives = points[24:][points[24:, 2] < 0].astype(int)
        assert any(WHEEL[row, col] for row, col, _ in negatives)
    # Rust is less than a tenth of the car: where it stays in the target, nobody clicks it as the car.
    assert not any((area & RUST).any() for target in cars for area in target.inside)
    assert any((target.mask & RUST).any() for target in cars)


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

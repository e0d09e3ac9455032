"""The order of a volume: from any stored order to head-feet, front-back, right-left, and back."""

from itertools import permutations, product

import numpy as np
import pytest

from isegformer_app.document import AxisOrder, ShapeError, Volume, spacing_of

SHAPE = (3, 4, 5)
ORDERS = [
    AxisOrder((axes[0], axes[1], axes[2]), (flips[0], flips[1], flips[2]))
    for axes in permutations(range(3))
    for flips in product((False, True), repeat=3)
]


@pytest.mark.parametrize("order", ORDERS)
def test_turning_there_and_back_is_no_change(order: AxisOrder) -> None:
    stored = np.arange(60).reshape(SHAPE)
    np.testing.assert_array_equal(order.to_stored(order.to_volume(stored)), stored)
    colours = np.arange(180).reshape((*SHAPE, 3))
    np.testing.assert_array_equal(order.to_stored(order.to_volume(colours)), colours)


@pytest.mark.parametrize("order", ORDERS)
def test_the_index_affine_says_where_a_voxel_is_stored(order: AxisOrder) -> None:
    stored = np.arange(60).reshape(SHAPE)
    volume = order.to_volume(stored)
    for index in np.ndindex(volume.shape):
        there = (order.index_affine(SHAPE) @ [*index, 1])[:3].astype(int)
        assert volume[index] == stored[tuple(there)]


@pytest.mark.parametrize("order", ORDERS)
def test_a_volume_runs_from_head_front_and_right(order: AxisOrder) -> None:
    towards_patient_order = np.zeros((4, 4))
    towards_patient_order[3, 3] = 1
    for volume_axis, patient in enumerate((2, 1, 0)):
        towards_patient_order[patient, volume_axis] = -1.0
    affine = towards_patient_order @ np.linalg.inv(order.index_affine(SHAPE))
    found = AxisOrder.of(affine)
    assert found == order
    volume = Volume(found.to_volume(np.zeros(SHAPE)), affine=affine @ found.index_affine(SHAPE))
    assert [volume.letters(axis) for axis in range(3)] == [("S", "I"), ("A", "P"), ("R", "L")]


def test_positions_are_taken_there_and_back() -> None:
    affine = np.array([[0, 0, -0.5, 10], [0, -2, 0.1, 20], [-3.0, 0, 0, 30], [0, 0, 0, 1]])
    volume = Volume(np.zeros(SHAPE), spacing_of(affine), affine)
    assert volume.to_patient(np.array([1, 2, 4])).tolist() == pytest.approx([8, 16.4, 27])
    assert volume.to_voxel(np.array([8, 16.4, 27])).tolist() == pytest.approx([1, 2, 4])
    assert volume.spacing == pytest.approx((3, 2, 0.5099), abs=1e-4)


def test_a_photo_has_no_place_in_a_patient() -> None:
    photo = Volume(np.zeros((1, 4, 5), dtype=np.uint8))
    assert photo.letters(1) == ("", "")
    with pytest.raises(ShapeError, match="does not say where"):
        photo.to_patient(np.zeros(3))

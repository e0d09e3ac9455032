"""How long a ruler is: on slices of every plane, straight, oblique and sheared."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import Ruler, SliceKey, Volume, spacing_of

SHAPE = (4, 5, 6)
VOXELS = np.zeros(SHAPE, np.int16)


@pytest.mark.parametrize(("axis", "length"), [(0, np.hypot(3 * 2.0, 4 * 0.5)), (1, np.hypot(3 * 7.0, 4 * 0.5))])
def test_length_is_that_of_the_spacing(axis: int, length: float) -> None:
    volume = Volume(VOXELS, (7.0, 2.0, 0.5), has_scale=True)
    assert Ruler((1, 1), (4, 5)).length(volume, SliceKey(axis, 1)) == pytest.approx(length)


def test_length_on_a_photo_is_in_pixels() -> None:
    photo = Volume(np.zeros((1, 50, 60, 3), np.uint8))
    assert not photo.has_scale
    assert Ruler((10, 10), (40, 50)).length(photo, SliceKey(0, 0)) == 50


def test_sheared_slices_are_measured_where_they_lie() -> None:
    """With the gantry tilted, a line across the slices is longer than spacing and Pythagoras say."""
    affine = np.eye(4)
    affine[:3, :3] = np.array([[0, 0, -1.0], [2.0, -1.0, 0], [4.0, 0, 0]])
    volume = Volume(VOXELS, spacing_of(affine), affine, has_scale=True)
    # Three slices down and two rows towards the back: (0, 3 * 2 - 2, 3 * 4).
    assert Ruler((0, 0), (3, 2)).length(volume, SliceKey(2, 3)) == pytest.approx(np.hypot(4, 12))


@given(
    st.lists(st.floats(-3, 3), min_size=9, max_size=9),
    st.lists(st.floats(0, 3), min_size=4, max_size=4),
    st.sampled_from((0, 1, 2)),
)
def test_length_is_the_distance_of_the_ends_in_the_patient(matrix: list[float], ends: list[float], axis: int) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(matrix, (3, 3))
    volume = Volume(VOXELS, affine=affine, has_scale=True)
    start, end = ends[:2], ends[2:]
    first, last = (volume.to_patient(np.array([*each[:axis], 2.0, *each[axis:]])) for each in (start, end))
    ruler = Ruler((start[0], start[1]), (end[0], end[1]))
    assert ruler.length(volume, SliceKey(axis, 2)) == pytest.approx(float(np.linalg.norm(first - last)), abs=1e-9)

"""Outlines, strokes and tidying, against what can be said of every mask."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from isegformer_app.document import MaskCrop, ShapeError
from isegformer_app.document.edits import stroke_mask
from isegformer_app.document.regions import largest_part, outline_mask, smoothed, without_holes
from isegformer_app.document.runs import Runs

Mask = NDArray[np.bool_]
shapes = st.tuples(st.integers(1, 12), st.integers(1, 12))
masks = shapes.flatmap(lambda shape: arrays.arrays(np.bool_, shape))
points = st.lists(st.tuples(st.floats(-3, 15), st.floats(-3, 15)), min_size=3, max_size=8)


def winding_says(row: int, col: int, path: list[tuple[float, float]]) -> bool:
    inside = False
    for (row0, col0), (row1, col1) in zip(path, path[1:] + path[:1], strict=True):
        if (row0 <= row < row1) or (row1 <= row < row0):
            inside ^= col0 + (row - row0) * (col1 - col0) / (row1 - row0) <= col
    return inside


@given(points)
def test_outline_equals_the_even_odd_rule(path: list[tuple[float, float]]) -> None:
    mask = outline_mask((11, 12), tuple(path)).full((11, 12))
    expected = [[winding_says(row, col, path) for col in range(12)] for row in range(11)]
    np.testing.assert_array_equal(mask, expected)


def test_outline_of_two_corners_is_empty() -> None:
    assert outline_mask((5, 5), ((0, 0), (4, 4))).is_empty


@given(points, st.floats(0, 4))
def test_stroke_equals_the_distance_to_the_line(path: list[tuple[float, float]], radius: float) -> None:
    mask = stroke_mask((11, 12), tuple(path), radius).full((11, 12))
    grid = np.moveaxis(np.mgrid[:11, :12], 0, -1).astype(float)
    nearest = np.full((11, 12), np.inf)
    for start, end in zip(np.array(path), np.array(path[1:]), strict=False):
        along = end - start
        length = along @ along
        share = ((grid - start) @ along / length).clip(0, 1) if length > 0 else np.zeros((11, 12))
        nearest = np.minimum(nearest, np.linalg.norm(grid - (start + share[..., None] * along), axis=-1))
    reach = max(radius, 0.5)
    sure = np.abs(nearest - reach) > 1e-6
    np.testing.assert_array_equal(mask[sure], (nearest <= reach)[sure])


@given(masks)
def test_filling_adds_only_and_leaves_no_hole(mask: Mask) -> None:
    filled = without_holes(mask)
    assert (filled | mask == filled).all()
    np.testing.assert_array_equal(without_holes(filled), filled)


@given(masks)
def test_largest_part_is_a_part(mask: Mask) -> None:
    kept = largest_part(mask)
    assert not (kept & ~mask).any()
    assert kept.any() == mask.any()
    np.testing.assert_array_equal(largest_part(kept), kept)


def test_smoothing_rounds_corners_and_keeps_the_border_of_the_photo() -> None:
    mask = np.zeros((60, 60), dtype=np.bool_)
    mask[20:40, :40] = True
    mask[10, 50] = True
    rounded = smoothed(mask)
    assert not rounded[10, 50]
    assert not rounded[20, 39]
    assert rounded[30, 0]
    assert rounded.sum() == pytest.approx(mask.sum(), rel=0.03)


@given(masks, st.integers(0, 3), st.integers(0, 3))
def test_crop_comes_back_whole(mask: Mask, top: int, left: int) -> None:
    shape = mask.shape[0] + top, mask.shape[1] + left
    whole = np.zeros(shape, dtype=np.bool_)
    whole[top:, left:] = mask
    np.testing.assert_array_equal(MaskCrop.of(mask, top, left).full(shape), whole)


@given(shapes.flatmap(lambda shape: arrays.arrays(np.uint16, shape, elements=st.integers(0, 3))))
def test_runs_are_lossless(array: NDArray[np.uint16]) -> None:
    stored = Runs.encode(array)
    np.testing.assert_array_equal(stored.decode(), array)
    assert stored.nbytes <= max(array.nbytes, 1)


def test_crop_of_the_wrong_kind_is_refused() -> None:
    with pytest.raises(ShapeError):
        MaskCrop.of(np.zeros((2, 2, 2), dtype=np.bool_))

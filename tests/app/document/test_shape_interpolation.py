"""Shapes between two slices lie between them, the same from either side, and are never lost on the way."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.morphology import convex_hull_image

from isegformer_app.document.shape_interpolation import shapes_between

SHAPE = (40, 50)
Mask = NDArray[np.bool_]


def blob(row: int, col: int, height: int, width: int, is_round: bool) -> Mask:
    rows, cols = np.ogrid[: SHAPE[0], : SHAPE[1]]
    down, across = (rows - row) / height, (cols - col) / width
    inside = down**2 + across**2 <= 1 if is_round else (abs(down) <= 1) & (abs(across) <= 1)
    inside[row, col] = True
    return np.asarray(inside)


blobs = st.builds(blob, st.integers(0, 39), st.integers(0, 49), st.integers(1, 15), st.integers(1, 15), st.booleans())
masks = st.lists(blobs, min_size=1, max_size=3).map(np.logical_or.reduce)
pixels = st.sampled_from([(1.0, 1.0), (3.0, 1.0), (1.0, 2.5)])


@settings(max_examples=60, deadline=None)
@given(first=masks, last=masks, count=st.integers(1, 5), pixel=pixels)
def test_shapes_lie_within_the_hull_of_both_and_are_the_same_from_either_side(
    first: Mask, last: Mask, count: int, pixel: tuple[float, float]
) -> None:
    forth = [each.full(SHAPE) for each in shapes_between(first, last, range(count + 2), pixel)]
    back = [each.full(SHAPE) for each in shapes_between(last, first, range(count + 2), pixel)]
    assert len(forth) == count
    hull = convex_hull_image(first | last) | first | last  # type: ignore[no-untyped-call]
    for one, other in zip(forth, reversed(back), strict=True):
        np.testing.assert_array_equal(one, other)
        assert not (one & ~hull).any()


@settings(max_examples=40, deadline=None)
@given(mask=masks, count=st.integers(1, 4))
def test_between_two_alike_nothing_changes(mask: Mask, count: int) -> None:
    for each in shapes_between(mask, mask, range(count + 2)):
        np.testing.assert_array_equal(each.full(SHAPE), mask)


def test_a_shape_that_moves_further_than_its_size_is_not_lost() -> None:
    first, last = blob(10, 8, 4, 4, True), blob(28, 40, 6, 6, True)
    areas = [int(each.pixels.sum()) for each in shapes_between(first, last, range(5))]
    assert first.sum() <= areas[0] < areas[1] < areas[2] <= last.sum()
    middle = np.argwhere(shapes_between(first, last, range(3))[0].full(SHAPE)).mean(axis=0)
    np.testing.assert_allclose(middle, (19, 24), atol=1)


def test_without_two_shapes_there_is_nothing_between() -> None:
    assert shapes_between(np.zeros(SHAPE, np.bool_), blob(10, 10, 3, 3, True), range(4)) == ()

"""Walks reach every slice once, from the nearest key slice; and what is not to be believed is doubted."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from model.walks import Doubt, doubt_of, is_weak, walks

SURE, UNSURE = 0.95, 0.7
ranges = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted)


@given(keys=st.sets(st.integers(0, 30), min_size=1, max_size=6), between=ranges)
def test_every_slice_is_reached_once_from_the_nearest_key_slice(keys: set[int], between: list[int]) -> None:
    first, last = between
    found = walks(keys, first, last)
    inside = {key for key in keys if first <= key <= last}
    reached = [index for walk in found for index in walk[1:]]
    assert sorted(reached) == ([each for each in range(first, last + 1) if each not in keys] if inside else [])
    for walk in found:
        assert walk[0] in inside
        assert abs(walk[1] - walk[0]) == 1
        assert len({later - earlier for earlier, later in pairwise(walk)}) == 1
        for index in walk[1:]:
            assert abs(index - walk[0]) == min(abs(index - key) for key in inside)


def disk(radius: float, col: int = 32, probability: float = SURE) -> NDArray[np.float32]:
    rows, cols = np.ogrid[:64, :64]
    inside = (rows - 32) ** 2 + (cols - col) ** 2 <= radius**2
    return np.where(inside, np.float32(probability), np.float32(0.01))


@pytest.mark.parametrize(
    ("later", "doubt"),
    [
        (disk(14), None),
        (disk(15, 34), None),
        (disk(20), Doubt.GREW),
        (disk(9), Doubt.SHRANK),
        (disk(14, 44), Doubt.MOVED),
        (disk(14, probability=0.6), Doubt.UNSURE),
        (np.full((64, 64), 0.1, np.float32), Doubt.GONE),
    ],
)
def test_what_is_not_to_be_believed_is_doubted(later: NDArray[np.float32], doubt: Doubt | None) -> None:
    assert doubt_of(disk(14) > 0.5, later, 0.49) is doubt


def test_what_is_weak_is_believed_and_to_be_looked_at() -> None:
    before = disk(14) > 0.5
    assert not is_weak(before, disk(14, 33), 0.49)
    assert is_weak(before, disk(18.5), 0.49)
    assert doubt_of(before, disk(18.5), 0.49) is None


def test_a_pixel_of_a_small_object_raises_no_doubt() -> None:
    before, later = np.zeros((20, 20), np.bool_), np.full((20, 20), 0.02, np.float32)
    before[5:8, 5:8], later[6:9, 5:8] = True, SURE
    assert doubt_of(before, later, 0.49) is None

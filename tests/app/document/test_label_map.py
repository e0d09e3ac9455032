"""The label map takes a byte a voxel while that is enough, and tells nobody that it does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import Box, LabelMap, SliceKey
from isegformer_app.document.label_map import Patch

SHAPE = (3, 4, 5)
numbers = st.sampled_from([0, 1, 2, 255, 256, 300, 65535])
writes = st.tuples(st.integers(0, 1), st.integers(0, 2), st.lists(numbers, min_size=4, max_size=4))


def put(label_map: LabelMap, layer: int, index: int, values: list[int]) -> Patch | None:
    box = Box((index, 1, 1), (index + 1, 3, 3))
    return label_map.write(layer, box, np.array(values, np.uint16).reshape(1, 2, 2))


def test_small_numbers_take_a_byte_each() -> None:
    label_map = LabelMap(SHAPE)
    put(label_map, 0, 0, [1, 2, 255, 0])
    put(label_map, 1, 0, [0, 3, 0, 0])
    assert {layer.dtype for layer in label_map.layers} == {np.dtype(np.uint8)}
    put(label_map, 0, 1, [256, 0, 0, 0])
    assert {layer.dtype for layer in label_map.layers} == {np.dtype(np.uint16)}
    assert label_map.ids() == {1, 2, 3, 255, 256}


@given(st.lists(writes, max_size=8), st.booleans())
def test_every_number_is_kept_through_undo_redo_and_packing(
    steps: list[tuple[int, int, list[int]]], pack: bool
) -> None:
    label_map = LabelMap(SHAPE)
    expected = [np.zeros((2, *SHAPE), np.uint16)]
    patches = []
    for number, index, values in steps:
        patches.append(put(label_map, number, index, values))
        state = expected[-1].copy()
        state[number, index, 1:3, 1:3] = np.reshape(values, (2, 2))
        expected.append(state)
    for patch in reversed(patches):
        if patch is not None:
            label_map.revert(patch)
    assert label_map.ids() == set()
    for patch, state in zip(patches, expected[1:], strict=True):
        if pack:
            label_map.pack()
        if patch is not None:
            label_map.reapply(patch)
        for number, layer in enumerate(label_map.layers):
            np.testing.assert_array_equal(layer, state[number])
        for index in range(SHAPE[0]):
            for number, plane in enumerate(label_map.planes(SliceKey(0, index))):
                assert plane.dtype == np.uint16
                np.testing.assert_array_equal(plane, state[number, index])
    again = LabelMap.of_runs(SHAPE, label_map.runs())
    assert again.equals(label_map)

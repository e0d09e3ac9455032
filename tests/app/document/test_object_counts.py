"""Counts of objects: kept up to date by patches they equal those of a fresh count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import Annotation, MaskCrop, OverlapRule, SliceKey, Volume
from isegformer_app.document.edits import AcceptMask
from isegformer_app.document.object_counts import ObjectCounts, pixel_area, voxel_size
from isegformer_app.document.object_edits import NewObject

SHAPE = (5, 7, 9)


def volume() -> Volume:
    return Volume(np.random.default_rng(1).integers(-1000, 1000, SHAPE).astype(np.int16))


def accept(annotation: Annotation, number: int, key: SliceKey, seed: int, rule: OverlapRule) -> None:
    shape = tuple(length for axis, length in enumerate(SHAPE) if axis != key.axis)
    mask = np.random.default_rng(seed).random(shape) > 0.6
    annotation.apply(AcceptMask(number, key, MaskCrop.of(mask), rule))


steps = st.tuples(
    st.integers(1, 3), st.integers(0, 2), st.integers(0, 4), st.integers(0, 99), st.sampled_from(list(OverlapRule))
)


@given(st.lists(steps, min_size=1, max_size=8), st.integers(0, 6))
def test_counts_follow_every_edit_undo_and_redo(made: list[tuple[int, int, int, int, OverlapRule]], back: int) -> None:
    annotation = Annotation(SHAPE)
    counts = ObjectCounts(volume())
    annotation.subscribe(lambda change: counts.follow(change.step, is_undo=change.is_undo))
    for number in (1, 2, 3):
        annotation.apply(NewObject(number, 1))
    for number, axis, index, seed, rule in made:
        accept(annotation, number, SliceKey(axis, index), seed, rule)
    for _ in range(min(back, len(made))):
        annotation.undo()
    annotation.redo()
    fresh = ObjectCounts.of(counts.volume, annotation.label_map.layers)
    for number in (1, 2, 3):
        mask = annotation.label_map.voxels(number)
        if not mask.any():
            assert number not in counts.places(0)
            continue
        kept, values = counts.tallies[number], counts.volume.array[mask]
        assert kept.voxels == fresh.tallies[number].voxels == mask.sum()
        assert kept.mean == pytest.approx(values.mean())
        assert kept.deviation == pytest.approx(values.std(), abs=1e-3)
        for axis in range(3):
            others = tuple(each for each in range(3) if each != axis)
            np.testing.assert_array_equal(counts.places(axis)[number], np.flatnonzero(mask.any(axis=others)))


def test_sheared_voxels_are_measured_by_their_affine() -> None:
    affine = np.array([[0, 0, -2.0, 0], [0.5, -3.0, 0, 0], [-4.0, 0, 0, 0], [0, 0, 0, 1]])
    sheared = Volume(np.zeros(SHAPE), (4.03, 3, 2), affine)
    assert voxel_size(sheared) == pytest.approx(24)
    assert pixel_area(sheared, 0) == pytest.approx(6)
    assert voxel_size(Volume(np.zeros(SHAPE), (4, 3, 2))) == pytest.approx(24)
    assert pixel_area(Volume(np.zeros(SHAPE), (4, 3, 2)), 2) == pytest.approx(12)

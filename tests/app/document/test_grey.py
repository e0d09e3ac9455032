"""Grey values of a slice as the screen and the network get them."""

import numpy as np
import pytest

from isegformer_app.document import SliceKey, Volume


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float64])
def test_slices_lie_row_by_row_however_the_volume_is_stored(axis: int, kind: type[np.generic]) -> None:
    """Qt reads them as they lie in memory, and volumes are views of files of any order."""
    stored = np.arange(4 * 5 * 6).reshape(6, 5, 4).astype(kind)
    volume = Volume(stored[::-1].transpose(2, 1, 0))
    grey = volume.as_grey(SliceKey(axis, 1), (20, 100))
    assert grey.flags.c_contiguous
    assert grey.shape == volume.plane(SliceKey(axis, 1)).shape
    expected = (volume.plane(SliceKey(axis, 1)).astype(float) - 20) / 80 * 255
    np.testing.assert_allclose(grey, expected.clip(0, 255), atol=1)
    assert volume.as_grey(SliceKey(axis, 1)).flags.c_contiguous


def test_values_that_are_no_numbers_are_black_and_negatives_run_the_other_way() -> None:
    volume = Volume(np.array([[[np.nan, -np.inf, np.inf, 50.0]]]))
    assert volume.as_grey(SliceKey(0, 0), (0, 100))[0].tolist() == [0, 0, 255, 127]
    assert Volume(np.array([[[0, 100, 50]]])).as_grey(SliceKey(0, 0), (100, 0))[0].tolist() == [255, 0, 127]


@pytest.mark.parametrize("step", [1, -1])
def test_slices_across_the_grain_are_those_of_the_array(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    monkeypatch.setattr("isegformer_app.document.volume._LARGE", 1)
    stored = np.random.default_rng(2).integers(-99, 99, (6, 7, 41)).astype(np.int16)[..., ::step]
    stored.flags.writeable = False
    volume = Volume(stored)
    for axis in range(3):
        for index in (0, 1, 5, *range(stored.shape[axis] - 1, -1, -1)):
            np.testing.assert_array_equal(volume.plane(SliceKey(axis, index)), np.take(stored, index, axis))


def test_values_that_are_still_being_read_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("isegformer_app.document.volume._LARGE", 1)
    volume = Volume(np.zeros((4, 5, 40), np.int16))
    assert not volume.plane(SliceKey(2, 3)).any()
    volume.array[:, :, 4] = 7
    assert (volume.plane(SliceKey(2, 4)) == 7).all()

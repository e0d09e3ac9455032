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

"""An answer made small says the same at every threshold that can be chosen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from isegformer_app.inference import ProbabilityCrop
from isegformer_app.inference.crop import LOWEST_THRESHOLD

steps = st.floats(LOWEST_THRESHOLD, 0.95)


@given(arrays(np.float32, (70, 3), elements=st.floats(0, 1, width=32), fill=st.just(0.0)), steps)
def test_the_mask_is_what_is_more_probable(probability: np.ndarray, threshold: float) -> None:
    mask = ProbabilityCrop.of(probability).mask(threshold).full((70, 3))
    rounded = np.floor(probability * np.float32(255) + np.float32(0.5))
    np.testing.assert_array_equal(mask, rounded > threshold * 255)


@pytest.mark.parametrize("probability", [0.0, 0.04])
def test_where_nothing_is_probable_nothing_is_kept(probability: float) -> None:
    crop = ProbabilityCrop.of(np.full((5, 6), probability, np.float32))
    assert crop.levels.size == 0
    assert crop.mask(LOWEST_THRESHOLD).is_empty

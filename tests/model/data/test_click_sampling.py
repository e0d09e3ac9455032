"""Clicks on the grid of the kept views, drawn with the radius of the network that is trained."""

import numpy as np
import pytest
import torch

from model.data.click_sampling import ClickState, stamp_disk
from model.networks.click_maps import disk_maps


@pytest.mark.parametrize("radius", [0.0, 2.5, 3.0, 5.0, 9.0])
def test_disks_are_those_that_the_engine_draws(radius: float) -> None:
    for row, col in ((20, 25), (0, 0), (39, 1)):
        plane = np.zeros((40, 50), np.uint8)
        stamp_disk(plane, row, col, radius)
        drawn = disk_maps(torch.tensor([[[float(row), float(col), 1.0]]]), (40, 50), radius)
        assert np.array_equal(plane, drawn[0, 0].numpy())


def test_clicks_have_the_radius_of_the_network() -> None:
    target = np.zeros((40, 40), np.bool_)
    target[10:30, 10:30] = True
    sizes = {}
    for radius in (3.0, 5.0):
        state = ClickState(target, np.random.default_rng(1), radius)
        state.add_deepest(np.zeros(target.shape, np.float32))
        sizes[radius] = int(state.maps.sum())
    assert sizes == {3.0: 29, 5.0: 81}

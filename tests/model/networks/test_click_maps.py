"""Click disks are exact: every pixel against the definition."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model.networks.click_maps import DISK_RADIUS, disk_centres, disk_maps, redrawn

coordinates = st.floats(-40, 60, width=32)
points = st.tuples(coordinates, coordinates, st.sampled_from((-1.0, 0.0, 1.0)))


def brute_force(clicks: Tensor, size: tuple[int, int], radius: float) -> Tensor:
    """Pixel by pixel and click by click, in float32 as the definition is evaluated there."""
    maps = torch.zeros((clicks.shape[0], 2, *size))
    rows, cols = torch.meshgrid(torch.arange(size[0]), torch.arange(size[1]), indexing="ij")
    for batch, sample in enumerate(clicks):
        for row, col, sign in sample:
            inside = (rows - row) ** 2 + (cols - col) ** 2 <= radius**2
            if sign != 0:
                maps[batch, 0 if sign > 0 else 1][inside] = 1
    return maps


def test_radius_is_the_published_one() -> None:
    """81 pixels have a distance of at most 5 from a pixel."""
    assert DISK_RADIUS == 5
    maps = disk_maps(torch.tensor([[[10.0, 12.0, 1.0]]]), (21, 25))
    assert maps.shape == (1, 2, 21, 25)
    assert int(maps[0, 0].sum()) == 81
    assert int(maps[0, 1].sum()) == 0
    assert maps[0, 0, 10, 7] == maps[0, 0, 15, 12] == 1
    assert maps[0, 0, 10, 6] == maps[0, 0, 14, 16] == 0


@given(
    st.lists(st.lists(points, min_size=3, max_size=3), min_size=1, max_size=3),
    st.tuples(st.integers(1, 30), st.integers(1, 30)),
    st.sampled_from((0.0, 1.0, 2.5, 5.0, 9.0)),
)
def test_disks_equal_brute_force(batch: list[list[tuple[float, ...]]], size: tuple[int, int], radius: float) -> None:
    clicks = torch.tensor(batch)
    assert torch.equal(disk_maps(clicks, size, radius), brute_force(clicks, size, radius))


def test_clicks_at_and_beyond_the_border() -> None:
    clicks = torch.tensor([[[0.0, 0.0, 1.0], [-3.0, 19.0, -1.0], [24.0, 10.0, 1.0], [1e9, -1e9, 1.0]]])
    assert torch.equal(disk_maps(clicks, (20, 20)), brute_force(clicks, (20, 20), 5))


def test_no_clicks_and_padding_draw_nothing() -> None:
    assert not disk_maps(torch.zeros(2, 0, 3), (9, 9)).any()
    assert not disk_maps(torch.tensor([[[4.0, 4.0, 0.0], [-1.0, -1.0, 0.0]]]), (9, 9)).any()


def test_samples_of_a_batch_do_not_touch() -> None:
    clicks = torch.tensor([[[4.0, 4.0, 1.0]], [[4.0, 4.0, -1.0]]])
    maps = disk_maps(clicks, (9, 9))
    assert [[bool(channel.any()) for channel in sample] for sample in maps] == [[True, False], [False, True]]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_maps_have_the_type_of_the_points(dtype: torch.dtype) -> None:
    clicks = torch.tensor([[[4.0, 4.0, 1.0]]], dtype=dtype)
    maps = disk_maps(clicks, (9, 9))
    assert maps.dtype == dtype
    assert torch.equal(maps.float(), disk_maps(clicks.float(), (9, 9)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_maps_are_drawn_on_the_device() -> None:
    clicks = torch.rand(4, 24, 3) * 64 - 3
    maps = disk_maps(clicks.cuda(), (64, 64))
    assert maps.is_cuda
    assert torch.equal(maps.cpu(), disk_maps(clicks, (64, 64)))


@given(st.integers(0, 29), st.integers(0, 39), st.sampled_from((1.0, -1.0)), st.sampled_from((2.0, 3.0, 5.0)))
def test_the_centre_of_a_disk_is_found_wherever_it_lies(row: int, col: int, sign: float, radius: float) -> None:
    maps = disk_maps(torch.tensor([[[row, col, sign]]], dtype=torch.float32), (30, 40), radius)
    assert disk_centres(maps, radius).nonzero().tolist() == [[0, 0 if sign > 0 else 1, row, col]]


@given(st.floats(0, 29), st.floats(0, 39))
def test_the_centre_between_pixels_is_found_within_a_pixel(row: float, col: float) -> None:
    maps = disk_maps(torch.tensor([[[row, col, 1.0]]]), (30, 40))
    found = disk_centres(maps).nonzero()
    assert 1 <= len(found) <= 4
    assert float((found[:, 2] - row).abs().max()) <= 1.01
    assert float((found[:, 3] - col).abs().max()) <= 1.01


def test_every_disk_is_found_where_disks_overlap() -> None:
    clicks = torch.tensor([[[10.0, 10.0, 1.0], [10.0, 14.0, 1.0], [20.0, 30.0, -1.0], [12.0, 10.0, -1.0]]])
    centres = disk_centres(disk_maps(clicks, (30, 40)))
    for row, col, sign in clicks[0].int().tolist():
        assert centres[0, 0 if sign > 0 else 1, row, col]
    assert not disk_centres(torch.zeros(2, 2, 9, 9)).any()


def test_disks_are_drawn_anew_with_another_radius_in_a_part_of_the_view() -> None:
    """As if the clicks had been drawn there at once; a disk whose centre lies beside the part reaches into it."""
    clicks = torch.tensor([[[10.0, 12.0, 1.0], [20.0, 30.0, -1.0]], [[4.0, 5.0, 1.0], [0.0, 0.0, 0.0]]])
    centres = disk_centres(disk_maps(clicks, (30, 40)))
    assert torch.equal(redrawn(centres, (0, 0, 30, 40), (30, 40), 3.0), disk_maps(clicks, (30, 40), 3.0))
    part = clicks.clone()
    part[:, :, 0] = (clicks[:, :, 0] - 6) * 4
    part[:, :, 1] = (clicks[:, :, 1] - 6) * 2
    found = redrawn(centres, (6, 6, 26, 26), (80, 40), 5.0)
    assert torch.equal(found, disk_maps(part, (80, 40), 5.0))
    assert found[1, 0].sum() == 0
    assert redrawn(centres, (5, 6, 25, 26), (20, 20), 5.0)[1, 0].any()

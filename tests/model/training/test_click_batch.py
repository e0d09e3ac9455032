"""Colours are changed on the device, a batch at a time, as the published code changes them one by one."""

import numpy as np
import pytest
import torch

from model.training.click_batch import UNCHANGED, ClickBatch, draw_colours, recoloured
from model.training.processes import Processes


def test_contrast_and_brightness_come_first_and_are_cut_off_before_the_shift() -> None:
    """Worked by hand: 100 * 1.2 + 0.1 * 255 = 145.5; 250 * 1.2 + 25.5 is cut off at 255 before 5.1 is taken away."""
    images = torch.tensor([100, 250], dtype=torch.uint8)[None, None, None].expand(2, 3, 1, 2)
    colours = torch.tensor([[1.2, 0.1, 0.0, -0.02, 0.02], list(UNCHANGED)])
    first, second = recoloured(images, colours) * 255
    assert first[0, 0].tolist() == pytest.approx([145.5, 255])
    assert first[1, 0].tolist() == pytest.approx([140.4, 249.9])
    assert first[2, 0].tolist() == pytest.approx([150.6, 255])
    assert torch.equal(second.round(), images[1].float())


def test_three_quarters_of_the_crops_have_either_change() -> None:
    rng = np.random.default_rng(1)
    drawn = np.stack([draw_colours(rng) for _ in range(4000)])
    assert np.mean(drawn[:, 0] != 1) == pytest.approx(0.75, abs=0.03)
    assert np.mean(drawn[:, 2] != 0) == pytest.approx(0.75, abs=0.03)
    assert np.abs(drawn[:, 0]).max() <= 1.4
    assert np.abs(drawn[:, 1]).max() == pytest.approx(0.25, abs=0.01)
    assert np.abs(drawn[:, 2:]).max() == pytest.approx(10 / 255, abs=1e-3)


def test_a_gpu_has_processes_that_prepare_its_crops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 12)
    gpu = Processes(0, 1, torch.device("cuda"))
    assert Processes().loaders(-1) == 0
    assert (gpu.loaders(-1), gpu.loaders(0), gpu.loaders(12)) == (8, 0, 12)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert gpu.loaders(-1) == 3


def test_a_batch_is_coloured_where_it_goes_and_only_once() -> None:
    masks = torch.zeros(1, 1, 2, 2, dtype=torch.bool)
    images = torch.full((1, 3, 2, 2), 51, dtype=torch.uint8)
    colours = torch.tensor([[1.0, 0.2, 0.0, 0.0, 0.0]])
    batch = ClickBatch(images, masks, masks, torch.zeros(1, 4, 3), torch.zeros(1), colours)
    moved = batch.to(torch.device("cpu"))
    assert torch.allclose(moved.images, torch.tensor(0.4))
    assert torch.equal(moved.to(torch.device("cpu")).images, moved.images)

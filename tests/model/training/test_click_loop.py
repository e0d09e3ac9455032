"""Training a whole network: resumed bit for bit, in parts where the memory is small, by several processes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from model.errors import DeviceError, SettingsError
from model.training.click_looks import click_look, look_at
from model.training.click_loop import ClickTrainer, uses_bfloat16
from model.training.click_samples import ClickSamples
from model.training.click_settings import CLICK_PRESETS
from model.training.step_cost import measure_step

from .clicked import SMALL, batches_for, blocks, trainer_in


def nothing(trainer: ClickTrainer) -> None:
    """Watch nothing."""


def weights(trainer: ClickTrainer) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in trainer.network.state_dict().items()}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path: Path, ema: float) -> None:
    whole = trainer_in(tmp_path / "whole", ema_decay=ema)
    whole.train(batches_for(whole), nothing)
    assert whole.steps == 4

    def stop(trainer: ClickTrainer) -> None:
        if trainer.steps == 2:
            raise KeyboardInterrupt

    first = trainer_in(tmp_path / "parts", ema_decay=ema)
    with pytest.raises(KeyboardInterrupt):
        first.train(batches_for(first), stop)
    second = trainer_in(tmp_path / "parts", ema_decay=ema, seed=SMALL.seed)
    second.resume()
    assert second.steps == 2
    second.train(batches_for(second), nothing)
    assert_equal(weights(whole), weights(second))
    assert_equal(whole.trained().state_dict(), second.trained().state_dict())


def test_training_changes_every_part(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    before = weights(trainer)
    trainer.train(batches_for(trainer), nothing)
    same = [name for name, value in weights(trainer).items() if torch.equal(value, before[name])]
    assert not [name for name in same if value_is_trained(name)]


def value_is_trained(name: str) -> bool:
    return name.endswith(("weight", "bias"))


def test_a_small_memory_halves_the_batch_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = trainer_in(tmp_path, next_clicks=0)
    whole = trainer_in(tmp_path / "whole", next_clicks=0)
    batch = next(batches_for(trainer))
    part = ClickTrainer._part

    def small(self: ClickTrainer, batch: Any, *args: Any, **kwargs: Any) -> Any:
        if len(batch.images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return part(self, batch, *args, **kwargs)

    for each in (trainer, whole):
        each.network.eval()
        # Dropout draws otherwise in parts than in one.
        monkeypatch.setattr(each.network, "train", lambda mode=True, network=each.network: network)
    whole.step(batch)
    monkeypatch.setattr(ClickTrainer, "_part", small)
    trainer.step(batch)
    assert trainer.accumulate == 4
    assert "out_of_memory" in (tmp_path / "metrics.jsonl").read_text()
    for one, other in zip(trainer.network.parameters(), whole.network.parameters(), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        assert torch.allclose(one.grad, other.grad, atol=1e-5)


def test_a_memory_that_holds_not_even_one_crop_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: ClickTrainer, *args: Any, **kwargs: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(ClickTrainer, "_part", never)
    trainer = trainer_in(tmp_path)
    with pytest.raises(DeviceError, match="not hold even one crop"):
        trainer.step(next(batches_for(trainer)))


def test_a_measured_step_changes_nothing(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, ema_decay=0.9)
    before = weights(trainer)
    cost = measure_step(trainer, next(batches_for(trainer)))
    assert cost.seconds > 0
    assert replace(cost, seconds=0.5).text(100).endswith("100 steps about 1 min.")
    assert replace(cost, seconds=36.0).text(1000).endswith("1000 steps about 10.0 h.")
    assert trainer.steps == 0
    assert_equal(before, weights(trainer))
    assert_equal(before, trainer.trained().state_dict())
    assert not trainer.optimizer.state_dict()["state"]


def test_the_learning_rate_warms_up_and_falls(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, warmup_steps=4, milestones=(2, 3), epochs=4)
    rates = []
    for steps in (0, 1, 3, 8, 12):
        trainer.steps = steps
        rates.append(trainer.learning_rate())
    assert rates == pytest.approx([2.5e-4, 5e-4, 1e-3, 1e-4, 1e-5])


def test_the_precision_is_a_setting() -> None:
    assert not uses_bfloat16("float32", "cpu")
    assert uses_bfloat16("bfloat16", "cpu")
    with pytest.raises(SettingsError, match="precision"):
        uses_bfloat16("float8", "cpu")


def test_bfloat16_trains(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path, precision="bfloat16", clip=1.0)
    trainer.step(next(batches_for(trainer)))
    assert all(torch.isfinite(value).all() for value in trainer.network.parameters())


def test_there_is_a_preset_for_every_row_of_the_paper() -> None:
    for network in (*(f"segformer-b{size}" for size in range(6)), "hrnet-18", "hrnet-32", "hrnet-48", "hrformer-b"):
        for data in ("coco-lvis", "pascal"):
            assert CLICK_PRESETS[f"{network}-{data}"].network == network
    assert CLICK_PRESETS["hrformer-b-coco-lvis"].epochs == 15
    batches = {size: CLICK_PRESETS[f"hrnet-{size}-coco-lvis"].batch_size for size in ("18", "32")}
    assert batches == {"18": 28, "32": 32}
    pascal = CLICK_PRESETS["segformer-b5-pascal"]
    assert pascal.milestones == (200, 215)
    assert pascal.epoch_samples // pascal.batch_size == 1464 // 28
    assert (pascal.most_clicks, pascal.min_area, pascal.empty_share) == (12, 1, 0.0)


def test_samples_depend_on_their_number_alone() -> None:
    one, other = ClickSamples(blocks(3), SMALL), ClickSamples(blocks(3), SMALL)
    first = [one[number] for number in (5, 6)]
    again = [other[number] for number in (6, 5)]
    for parts, same in zip(first, reversed(again), strict=True):
        assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(parts, same, strict=True))
    assert not torch.equal(first[0][0], first[1][0])


@pytest.mark.parametrize("is_turned", [False, True])
def test_crops_keep_masks_on_their_pixels(is_turned: bool) -> None:
    samples = ClickSamples(blocks(3), replace(SMALL, is_turned=is_turned))
    for number in range(12):
        image, target, ignored, points, _, _ = samples[number]
        assert image.shape == (3, 64, 64)
        inside = image.float().mean(dim=0)[target[0]]
        assert not ignored.any()
        if target.any():
            assert float((inside > 90).float().mean()) > 0.9
            clicked = points[points[:, 2] > 0]
            assert all(target[0, int(row), int(col)] for row, col, _ in clicked)


@pytest.mark.slow
def test_a_small_segformer_overfits_eight_images(tmp_path: Path) -> None:
    """From random weights to an IoU over .95 after three clicks, on the images it was trained on."""
    looked = look_at(blocks(8), 80, 8)
    trainer = trainer_in(
        tmp_path,
        batch_size=8,
        epochs=1,
        epoch_samples=8 * 250,
        encoder_rate=1.0,
        learning_rate=1e-3,
        milestones=(),
        ema_decay=0.95,
        scales=(1.0, 1.0),
        precision="auto",
        warmup_steps=20,
        clip=1.0,
    )
    untrained = click_look(trainer.trained(), looked)
    trainer.train(batches_for(trainer, 8), nothing)
    trained = click_look(trainer.trained(), looked)
    assert untrained[2] < 0.7, untrained
    assert trained[2] > 0.95, trained

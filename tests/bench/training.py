"""Images per second in training: SegFormer-B0 fed by the crops of a photo, and the same network fed random tensors."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from model.data.annotated import Annotated, Objects
from model.data.images import read_image, read_labels
from model.networks import create_network
from model.training.click_batch import ClickBatch
from model.training.click_loop import ClickTrainer
from model.training.click_samples import ClickSamples, click_batches
from model.training.click_settings import CLICK_PRESETS, ClickSettings
from model.training.processes import Processes
from model.training.run_folder import RunFolder
from resources import resource_path

from .samples import Stopwatch

CROPS = ((256, 256), (320, 480))
BATCH = 4
TRUTH = Path(__file__).parent.parent / "data" / "cat-mask.png"


def measure_training(watch: Stopwatch, rounds: int) -> dict[str, float | str]:
    """Measure steps with real crops and with random ones in turn; give images per second, median of the rounds."""
    # One thread: two wait for each other on a machine that is busy with something else, and measure that.
    torch.set_num_threads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    facts: dict[str, float | str] = {"training on": f"{device}, one thread"}
    for crop in CROPS:
        # No clicks on the network's own answers: they cost the same in both, and would hide the loading of the crops.
        processes = Processes(0, 1, device)
        preset = CLICK_PRESETS["segformer-b0-coco-lvis"]
        loaders = processes.loaders(preset.workers)
        settings = replace(preset, crop=crop, batch_size=BATCH, next_clicks=0, workers=loaders)
        name = f"train segformer-b0, {crop[0]} x {crop[1]}"
        with tempfile.TemporaryDirectory() as folder:
            trainer = ClickTrainer(create_network("segformer-b0"), settings, RunFolder(Path(folder)), processes)
            batches, fixed = _batches(settings), _random_batch(settings)
            trainer.step(next(batches))
            for _ in range(rounds):
                _measure(watch, f"{name}: crops of a photo", trainer, batches)
                _measure(watch, f"{name}: random tensors", trainer, iter([fixed]))
        crops, random = (
            float(np.median(watch.seconds[f"{name}: {kind}"])) for kind in ("crops of a photo", "random tensors")
        )
        facts[f"{name}: crops of a photo, images a second"] = round(BATCH / crops, 2)
        facts[f"{name}: random tensors, images a second"] = round(BATCH / random, 2)
        # What is left of the time is waiting for crops: the share in which the device trains.
        facts[f"{name}: busy share"] = round(min(random / crops, 1.0), 3)
    return facts


def _measure(watch: Stopwatch, name: str, trainer: ClickTrainer, batches: Iterator[ClickBatch]) -> None:
    started = perf_counter()
    trainer.step(next(batches))
    if trainer.processes.device.type == "cuda":
        torch.cuda.synchronize(trainer.processes.device)
    watch.add(name, perf_counter() - started)


def _batches(settings: ClickSettings) -> Iterator[ClickBatch]:
    truth = (read_labels(TRUTH) > 0).astype(np.int32)
    photo = Annotated("bench", "cat", partial(read_image, resource_path("samples/cat.png")), lambda: Objects.of(truth))
    return iter(click_batches(ClickSamples([photo], settings), settings, 0, 0, 1))


def _random_batch(settings: ClickSettings) -> ClickBatch:
    generator = torch.Generator().manual_seed(1)
    rows, cols = settings.crop
    images = torch.rand((BATCH, 3, rows, cols), generator=generator)
    targets = torch.rand((BATCH, 1, rows, cols), generator=generator) > 0.5
    points = torch.zeros(BATCH, 2 * settings.most_clicks, 3)
    points[:, 0] = torch.tensor([rows / 2, cols / 2, 1.0])
    return ClickBatch(images, targets, torch.zeros_like(targets), points, torch.arange(BATCH), torch.empty(BATCH, 5))

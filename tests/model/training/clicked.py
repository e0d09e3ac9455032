"""What the tests of training a whole network share: pictures of bright blocks, settings small enough for a test."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from model.data.annotated import Annotated, Objects
from model.networks import create_network
from model.training.click_batch import ClickBatch
from model.training.click_loop import ClickTrainer
from model.training.click_samples import ClickSamples, click_batches
from model.training.click_settings import ClickSettings
from model.training.run_folder import RunFolder

SMALL = ClickSettings(
    crop=(64, 64),
    batch_size=4,
    epochs=1,
    epoch_samples=16,
    min_area=20,
    threads=1,
    scales=(0.9, 1.1),
    precision="float32",
    learning_rate=1e-3,
)


def block(seed: int) -> tuple[NDArray[np.uint8], Objects]:
    """A grey picture of 64 x 80 with noise and two blocks of another grey."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((64, 80), np.int32)
    row, col = rng.integers(4, 20, 2)
    labels[row : row + 30, col : col + 26], labels[5:25, 50:75] = 1, 2
    picture = rng.integers(0, 60, (64, 80, 3)) + (labels[..., None] > 0) * 120
    return picture.astype(np.uint8), Objects(labels[None], np.zeros(labels.shape, np.bool_))


def blocks(count: int) -> list[Annotated]:
    def pixels(seed: int) -> NDArray[np.uint8]:
        return block(seed)[0]

    def objects(seed: int) -> Objects:
        return block(seed)[1]

    return [Annotated("blocks", str(seed), partial(pixels, seed), partial(objects, seed)) for seed in range(count)]


def trainer_in(folder: Path, **changes: object) -> ClickTrainer:
    settings = replace(SMALL, **changes)  # type: ignore[arg-type]
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    run = RunFolder(folder)
    run.begin(settings)
    return ClickTrainer(create_network(settings.network), settings, run)


def batches_for(trainer: ClickTrainer, count: int = 3) -> Iterator[ClickBatch]:
    samples = ClickSamples(blocks(count), trainer.settings)
    processes = trainer.processes
    return iter(click_batches(samples, trainer.settings, trainer.steps, processes.rank, processes.count))

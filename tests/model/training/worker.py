"""One process of several that train; run by torchrun. Its words: a folder, and what is to happen in it."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from model.networks import create_network
from model.training.click_loop import ClickTrainer
from model.training.processes import Processes, joined_processes
from model.training.run_folder import RunFolder

from .clicked import SMALL, batches_for


def small_memory(trainer: ClickTrainer, after: int) -> None:
    """Let the memory hold one crop only, from a number of steps on."""
    part = trainer._part

    def limited(batch: Any, *args: Any, **kwargs: Any) -> tuple[float, float]:
        if trainer.steps >= after and len(batch.images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return part(batch, *args, **kwargs)

    trainer._part = limited  # type: ignore[method-assign, assignment]


def run(folder: Path, what: str, processes: Processes) -> None:
    """Do some steps, and write the gradients and in how many parts they were found."""
    torch.manual_seed(1)
    network = create_network("hrnet-18s") if what == "hrnet" else create_network("segformer-b0", drop_path=0.0)
    for module in network.modules():
        if isinstance(module, torch.nn.Dropout2d):
            module.p = 0.0  # its dice fall otherwise in parts than in one
    # Without clicks on answers, which hang on the last bit of them.
    settings = replace(SMALL, next_clicks=0, epoch_samples=8 if what == "hrnet" else 4)
    trainer = ClickTrainer(network, settings, RunFolder(folder), processes)
    is_second = processes.rank == 1
    if is_second and what in ("memory", "late memory"):
        small_memory(trainer, after=int(what == "late memory"))
    steps = 2 if what == "late memory" else trainer.last_step
    waits = [3] if what == "pause" and processes.is_first else []

    def watch(_: ClickTrainer) -> None:
        while waits and waits[0]:
            waits[0] -= 1
            trainer.wait()

    trainer.settings = replace(settings, epoch_samples=4 * steps)
    folder.mkdir(exist_ok=True)
    trainer.train(batches_for(trainer), watch)
    if processes.is_first:
        gradients = {name: each.grad for name, each in network.named_parameters() if each.grad is not None}
        torch.save({"gradients": gradients, "parts": trainer.accumulate}, folder / f"{what}.pt")


if __name__ == "__main__":
    torch.set_num_threads(1)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with joined_processes("cpu") as joined:
        run(Path(sys.argv[1]), sys.argv[2], joined)

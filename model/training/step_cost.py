"""What a step costs on this machine, found by doing one that changes nothing."""

import copy
import math
import sys
import time
from dataclasses import dataclass

import torch

from .click_batch import ClickBatch
from .click_loop import ClickTrainer


@dataclass(frozen=True, slots=True)
class StepCost:
    """Seconds and bytes of one step; `room` are the bytes that the device has, 0 where it does not say."""

    seconds: float
    memory: int
    room: int

    def text(self, steps: int) -> str:
        """Say it for a run of so many steps."""
        room = f" of {self.room / 1e9:.1f} GB" if self.room else ""
        minutes = self.seconds * steps / 60
        length = f"{minutes / 60:.1f} h" if minutes >= 90 else f"{math.ceil(minutes)} min"
        return (
            f"A step takes about {self.seconds:.2f} s and {self.memory / 1e9:.2f} GB{room} of memory; "
            f"{steps} steps about {length}."
        )


def measure_step(trainer: ClickTrainer, batch: ClickBatch) -> StepCost:
    """Do one step on `batch` and put everything back as it was.

    The first of two rounds warms up. Where the memory is too small, the parts of a batch are halved for good.
    """
    state = copy.deepcopy(trainer.network.state_dict())
    optimizer = copy.deepcopy(trainer.optimizer.state_dict())
    average = None if trainer.average is None else copy.deepcopy(trainer.average.state_dict())
    steps, device = trainer.steps, trainer.processes.device
    before = _peak(device)
    trainer.step(batch)
    started = time.perf_counter()
    trainer.step(batch)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    seconds = time.perf_counter() - started
    memory = _peak(device) - before
    trainer.network.load_state_dict(state)
    trainer.optimizer.load_state_dict(optimizer)
    if trainer.average is not None and average is not None:
        trainer.average.load_state_dict(average)
    trainer.steps = steps
    trainer.forget_recent()
    return StepCost(seconds, max(memory, 0), _room(device))


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    try:
        import resource
    except ImportError:
        return 0  # Windows does not say
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _room(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    try:
        import os

        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0

"""Several processes that train one network, started by torchrun: one a GPU, each with its share of a batch."""

import gc
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from ..errors import DeviceError, SettingsError

_CPU = torch.device("cpu")
_PATIENCE = timedelta(minutes=10)
_MOST_LOADERS = 8


@dataclass(frozen=True, slots=True)
class Processes:
    """Which process this is, of how many, and the device it trains on."""

    rank: int = 0
    count: int = 1
    device: torch.device = _CPU

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes files and speaks."""
        return self.rank == 0

    def largest(self, mine: int) -> int:
        """Give the largest number of all processes; all of them must ask."""
        if self.count == 1:
            return mine
        number = torch.tensor([mine], device=self.device)
        dist.all_reduce(number, dist.ReduceOp.MAX)
        return int(number.item())

    def average(self, tensors: Sequence[torch.Tensor]) -> None:
        """Make each tensor the mean of those of all processes, in place; all of them must ask."""
        if self.count == 1:
            return
        for tensor in tensors:
            tensor.div_(self.count)
            dist.all_reduce(tensor)

    def loaders(self, wanted: int) -> int:
        """Give the number of processes that prepare crops: `wanted`, or where it is negative what the device needs."""
        if wanted >= 0:
            return wanted
        if self.device.type == "cpu":
            return 0
        mine = (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
        return max(1, min(mine, _MOST_LOADERS))

    def share_of(self, batch_size: int) -> int:
        """Samples a step of this process. Raises `SettingsError` where a batch cannot be divided."""
        if batch_size % self.count:
            raise SettingsError(f"A batch of {batch_size} cannot be divided among {self.count} processes.")
        return batch_size // self.count


@contextmanager
def joined_processes(device: str) -> Iterator[Processes]:
    """Join the processes that torchrun started, or be the only one; `device` is auto, cpu or cuda.

    Raises `DeviceError` where another process was lost: what it wrote stays, and the run can be gone on with. One of
    several processes is deaf to SIGTERM from here to its end, but for those who hear it as a wish meanwhile.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    local = int(os.environ.get("LOCAL_RANK", "0"))
    on_gpu = device != "cpu" and torch.cuda.is_available()
    place = torch.device("cuda", local) if on_gpu else torch.device("cpu")
    if device.startswith("cuda") and not on_gpu:
        raise DeviceError(f"The device {device!r} was asked for, but is not there: choose auto or cpu.")
    if count == 1:
        yield Processes(0, 1, place)
        return
    if on_gpu:
        torch.cuda.set_device(place)
    # torchrun asks the others to end when one is lost, and kills them half a minute later: so long there is to say why.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield Processes(dist.get_rank(), dist.get_world_size(), place)
    except RuntimeError as error:
        if not _is_of_the_group(error):
            raise
        raise DeviceError(
            "Another process of this training was lost, so it ends here; "
            "the last checkpoint is whole: start it again with --resume auto."
        ) from error
    finally:
        dist.destroy_process_group()
        # A wrapped network in a cycle keeps the group: its threads have to end before Python does, or they abort it.
        gc.collect()


def _is_of_the_group(error: RuntimeError) -> bool:
    text = str(error).lower()
    return any(word in text for word in ("gloo", "nccl", "connection", "peer", "process group", "socket"))

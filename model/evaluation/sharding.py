"""Several processes on one evaluation, as `torchrun` starts them: each clicks a share of the objects."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from ..errors import SettingsError
from .targets import Target

_PATIENCE = timedelta(days=30)
"""How long one process waits for the others: a share of an evaluation may take days."""


@dataclass(frozen=True)
class Shard:
    """One of `count` processes, numbered from 0; `local` counts on its own machine."""

    rank: int = 0
    count: int = 1
    local: int = 0

    @property
    def leads(self) -> bool:
        """Whether this process puts the results together."""
        return self.rank == 0

    def part(self, images: Sequence[list[Target]]) -> list[list[Target]]:
        """Take this process's share of the objects: a stretch of them in order, so that images stay together."""
        total = sum(map(len, images))
        first, last = self.rank * total // self.count, (self.rank + 1) * total // self.count
        mine, seen = [], 0
        for targets in images:
            cut = targets[max(0, first - seen) : max(0, last - seen)]
            if cut:
                mine.append(cut)
            seen += len(targets)
        return mine

    def meet(self) -> None:
        """Wait until every process is here."""
        if self.count > 1:
            import torch.distributed as dist

            dist.barrier()

    def gather(self, mine: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Give every process the lists of all, in the order of the processes."""
        if self.count == 1:
            return mine
        import torch.distributed as dist

        lists: list[Any] = [None] * self.count
        dist.all_gather_object(lists, mine)
        return [each for part in lists for each in part]


@contextmanager
def joined() -> Iterator[Shard]:
    """Join the processes that `torchrun` started, over gloo; alone where it did not. Raises `SettingsError`."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK")
    if not all(name in os.environ for name in names[:2]):
        yield Shard()
        return
    try:
        rank, count, local = (int(os.environ.get(name, "0")) for name in names)
    except ValueError as error:
        raise SettingsError(
            "The variables RANK and WORLD_SIZE must be whole numbers, as torchrun sets them."
        ) from error
    if count < 2:
        yield Shard()
        return
    import torch.distributed as dist

    dist.init_process_group("gloo", rank=rank, world_size=count, timeout=_PATIENCE)
    try:
        yield Shard(rank, count, local)
    finally:
        dist.destroy_process_group()

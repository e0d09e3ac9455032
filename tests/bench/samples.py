"""Measured seconds, and what is said of them."""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the table, in milliseconds."""

    name: str
    count: int
    median: float
    percentile_95: float


@dataclass(slots=True)
class Stopwatch:
    """Keeps the seconds of each named thing, in the order in which the names came up."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Measure the time on the clock: what a person waits, whatever else the machine does."""
        started = perf_counter()
        yield
        self.add(name, perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Keep one measurement."""
        self.seconds[name].append(seconds)

    def summaries(self) -> list[Summary]:
        """Median and 95th percentile (nearest rank) of everything that was measured."""
        return [_summary(name, [1000 * value for value in values]) for name, values in self.seconds.items()]


def _summary(name: str, milliseconds: list[float]) -> Summary:
    ordered = sorted(milliseconds)
    rank = math.ceil(0.95 * len(ordered)) - 1
    return Summary(name, len(ordered), statistics.median(ordered), ordered[rank])


def peak_memory() -> int | None:
    """Most memory that this process has held so far, in bytes; None where the system does not say."""
    try:
        import resource
    except ImportError:
        return None
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def memory() -> int | None:
    """Memory that this process holds now, in bytes; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    import resource

    return pages * resource.getpagesize()

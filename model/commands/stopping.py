"""Ctrl+C during a training: the first is a wish that is done between two steps, so that nothing is lost."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..training.run_folder import RunFolder


@contextmanager
def stopping_in_order(folder: RunFolder) -> Iterator[None]:
    """Let the first Ctrl+C or SIGTERM be a wish, which is done between two steps; the second ends at once."""

    def wish(number: int, frame: FrameType | None) -> None:
        folder.wish("stop")
        signal.signal(number, before[signal.Signals(number)])

    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, wish)
    except ValueError:
        pass  # not the main thread, which alone hears of signals
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

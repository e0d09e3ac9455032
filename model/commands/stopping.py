"""Ctrl+C during a training: the first is a wish that is done between two steps, so that nothing is lost."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ..training.run_folder import RunFolder


@contextmanager
def stopping_in_order(folder: RunFolder) -> Iterator[None]:
    """Let the first Ctrl+C or SIGTERM be a wish, which is done between two steps; the second ends at once.

    A run that ends before it could do so, since another of its processes was lost, leaves no wish to the next start.
    """
    wished = False

    def wish(number: int, frame: FrameType | None) -> None:
        nonlocal wished
        signal.signal(number, before[signal.Signals(number)])
        if not folder.path.is_dir():
            raise KeyboardInterrupt  # no run has begun that could hear of a wish
        wished = True
        folder.wish("stop")

    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, wish)
    except ValueError:
        pass  # not the main thread, which alone hears of signals
    try:
        yield
    finally:
        if wished:
            folder.wish("")
        for number, handler in before.items():
            signal.signal(number, handler)

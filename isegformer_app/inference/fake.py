"""An engine without a network, for tests: it answers with a disk round each click, and misbehaves on demand."""

import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from .requests import Cancelled, Image, Probability, Request

_PATIENCE = 0.01


class FakeEngine:
    """Answers 0.9 within `radius` pixels of a positive click and 0.1 elsewhere; negative disks win over positive.

    With a previous mask the disks are drawn upon it. A mask that is carried comes out as it went in, or as `carried`
    makes it of the mask and the index of its slice. `delay` is in seconds a prediction. Each prediction takes the
    next item of `script`: an exception is raised, an event is waited for, None answers at once. The loading does
    the same with `load_script`, the encoding ahead of a click with `encode_script`. What was asked is kept in
    `loads`, `encoded` and `predicted`.
    """

    def __init__(
        self,
        radius: int = 20,
        delay: float = 0.0,
        script: Iterable[Exception | threading.Event | None] = (),
        load_script: Iterable[Exception | threading.Event | None] = (),
        name: str = "fake",
        encode_script: Iterable[Exception | threading.Event | None] = (),
    ) -> None:
        """Set up an engine that has done nothing yet."""
        self.radius = radius
        self.delay = delay
        self.name = name
        self.loads = 0
        self.carried: Callable[[NDArray[np.bool_], int], Probability] = lambda mask, _: _probability(mask)
        self.encoded: list[str] = []
        self.predicted: list[Request] = []
        self.started = threading.Semaphore(0)
        """Released once as each prediction starts, so that a test can wait for it."""
        self._script = iter(tuple(script))
        self._load_script = iter(tuple(load_script))
        self._encode_script = iter(tuple(encode_script))

    def load(self) -> None:
        """Count, and follow the script of the loading."""
        self.loads += 1
        _follow(next(self._load_script, None), lambda: False)

    def encode(self, image_key: str, image: Image, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Remember the key, and follow the script of the encoding."""
        _follow(next(self._encode_script, None), cancelled)
        self.encoded.append(image_key)

    def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        """Draw the disks."""
        self.predicted.append(request)
        self.started.release()
        _follow(next(self._script, None), cancelled)
        if self.delay:
            _sleep(self.delay, cancelled)
        if request.known:
            return self.carried(request.known[-1].mask, request.slice_index)
        return disks(request, self.radius)

    def describe(self) -> tuple[str, str]:
        """Name the fake and a device."""
        return self.name, "cpu"


def disks(request: Request, radius: int) -> Probability:
    """Draw what the fake answers, (H, W) float32."""
    height, width = request.image.shape[:2]
    rows, cols = np.ogrid[:height, :width]
    mask = np.zeros((height, width), bool) if request.previous is None else request.previous != 0
    for click in sorted(request.clicks, key=lambda click: not click.is_positive):
        mask[(rows - click.row) ** 2 + (cols - click.col) ** 2 <= radius**2] = click.is_positive
    return _probability(mask)


def _probability(mask: NDArray[np.bool_]) -> Probability:
    return np.where(mask, np.float32(0.9), np.float32(0.1))


def _follow(step: Exception | threading.Event | None, cancelled: Callable[[], bool]) -> None:
    if isinstance(step, Exception):
        raise step
    while step is not None and not step.wait(_PATIENCE):
        if cancelled():
            raise Cancelled


def _sleep(seconds: float, cancelled: Callable[[], bool]) -> None:
    never = threading.Event()
    for _ in range(max(1, round(seconds / _PATIENCE))):
        never.wait(min(seconds, _PATIENCE))
        if cancelled():
            raise Cancelled

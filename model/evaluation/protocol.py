"""One object under the NoC protocol: click, answer, measure, up to the last click."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from .metrics import intersection_over_union
from .user import BoolMask, SimulatedUser


class Engine(Protocol):
    """What is evaluated: `model.engine.Segmenter`, or a rival of the same interface."""

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Take the image (H, W, 3) uint8, RGB, on which the next clicks lie."""

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Answer all clicks so far: probability (H, W) float32 in [0, 1]; `previous` is the answer before."""


@dataclass(frozen=True)
class ProtocolSettings:
    """The numbers of the protocol; the defaults are the published ones."""

    max_clicks: int = 20
    threshold: float = 0.49
    target_iou: float | None = None
    """Stop an object here, in [0, 1]; None clicks on to the end, so that every mean over the curve is true."""


@dataclass(frozen=True)
class ObjectRun:
    """The clicks on one object, the IoU after each, and the seconds of each answer."""

    clicks: tuple[Click, ...]
    ious: tuple[float, ...]
    seconds: tuple[float, ...]


def click_object(
    engine: Engine, truth: BoolMask, ignored: BoolMask | None = None, protocol: ProtocolSettings | None = None
) -> ObjectRun:
    """Click one object of the image that `engine` holds; `truth` and `ignored` are (H, W) bool.

    The user stops early where no wrong pixel is left to click, or at the target; the curve is then shorter and
    its last value holds. An object without a pixel that counts gives an empty run.
    """
    protocol = protocol or ProtocolSettings()
    user = SimulatedUser(truth, ignored)
    mask = np.zeros(truth.shape, np.bool_)
    probability: NDArray[np.float32] | None = None
    clicks: list[Click] = []
    ious: list[float] = []
    seconds: list[float] = []
    for _ in range(protocol.max_clicks):
        click = user.click(mask)
        if click is None:
            break
        clicks.append(click)
        start = perf_counter()
        probability = engine.predict(tuple(clicks), probability)
        seconds.append(perf_counter() - start)
        mask = probability > protocol.threshold
        ious.append(intersection_over_union(mask, truth, ignored))
        if protocol.target_iou is not None and ious[-1] >= protocol.target_iou:
            break
    return ObjectRun(tuple(clicks), tuple(ious), tuple(seconds))

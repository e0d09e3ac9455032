"""One object under the NoC protocol: click, answer, measure, up to the last click."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.objects import BoolMask
from .metrics import Judge
from .user import SimulatedUser


class Engine(Protocol):
    """What is evaluated: `model.engine.Segmenter`, or a rival of the same interface.

    An engine that has `timings.encode`, the seconds that its last call spent on encoding, is timed in two parts.
    """

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
    """The clicks on one object and what was measured after each; all tuples are of one length.

    `encodes` and `decodes` are seconds; `undone` tells which clicks were slips that were taken back.
    """

    clicks: tuple[Click, ...]
    ious: tuple[float, ...]
    boundary_ious: tuple[float, ...]
    encodes: tuple[float, ...]
    decodes: tuple[float, ...]
    undone: tuple[bool, ...]


def click_object(
    engine: Engine,
    truth: BoolMask,
    ignored: BoolMask | None = None,
    protocol: ProtocolSettings | None = None,
    user: SimulatedUser | None = None,
) -> ObjectRun:
    """Click one object of the image that `engine` holds; `truth` and `ignored` are (H, W) bool.

    The user (default: the published one) stops early where no wrong pixel is left to click, or at the target; the
    curve is then shorter and its last value holds. An object without a pixel that counts gives an empty run.
    """
    protocol = protocol or ProtocolSettings()
    user = user or SimulatedUser(truth, ignored)
    judge = Judge(truth, ignored)
    mask = np.zeros(truth.shape, np.bool_)
    probability: NDArray[np.float32] | None = None
    clicks: list[Click] = []
    rows: list[_Row] = []
    # An object whose pixels are all ignored is there for nobody.
    wanted = protocol.max_clicks if user.wrong(mask, is_positive=True).any() else 0
    while len(rows) < wanted:
        click = user.click(mask)
        if click is None:
            break
        before = probability
        probability, encode, decode = _answer(engine, (*clicks, click), before)
        if user.takes_back and clicks:
            # The engine is asked again without the slip: whether it forgets it is part of what is measured.
            probability, again, more = _answer(engine, tuple(clicks), before)
            encode, decode = encode + again, decode + more
        elif user.takes_back:
            probability = None
        else:
            clicks.append(click)
        mask = np.zeros(truth.shape, np.bool_) if probability is None else probability > protocol.threshold
        rows.append(_Row(click, judge.iou(mask), judge.boundary_iou(mask), encode, decode, user.takes_back))
        if protocol.target_iou is not None and rows[-1].iou >= protocol.target_iou:
            break
    return _run(rows)


def replay(engine: Engine, clicks: Sequence[Click], shape: tuple[int, int], threshold: float) -> BoolMask:
    """Answer clicks one after another as `click_object` did: the last mask (H, W) bool, empty without a click."""
    probability: NDArray[np.float32] | None = None
    for count in range(1, len(clicks) + 1):
        probability = engine.predict(tuple(clicks[:count]), probability)
    return np.zeros(shape, np.bool_) if probability is None else np.asarray(probability > threshold)


@dataclass(frozen=True)
class _Row:
    click: Click
    iou: float
    boundary_iou: float
    encode: float
    decode: float
    is_undone: bool


def _run(rows: Sequence[_Row]) -> ObjectRun:
    return ObjectRun(
        tuple(row.click for row in rows),
        tuple(row.iou for row in rows),
        tuple(row.boundary_iou for row in rows),
        tuple(row.encode for row in rows),
        tuple(row.decode for row in rows),
        tuple(row.is_undone for row in rows),
    )


def _answer(
    engine: Engine, clicks: tuple[Click, ...], previous: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], float, float]:
    """Ask, and measure the seconds of encoding and of the rest."""
    start = perf_counter()
    probability = engine.predict(clicks, previous)
    seconds = perf_counter() - start
    encode = encode_seconds(engine)
    return probability, encode, max(0.0, seconds - encode)


def encode_seconds(engine: Engine) -> float:
    """Seconds that the last call spent on encoding, where the engine tells; else 0."""
    timings = getattr(engine, "timings", None)
    return float(timings.encode) if timings is not None else 0.0

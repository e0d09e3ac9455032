"""What the evaluation itself costs beside the model, and how many clicks a second it gets through."""

from time import perf_counter
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from model.data.objects import BoolMask
from model.evaluation.metrics import Judge
from model.evaluation.protocol import click_object
from model.evaluation.user import SimulatedUser

from .samples import Stopwatch

if TYPE_CHECKING:
    from model.engine import Segmenter

SIDE = 1024
_CLICKS = 20


def measure_overhead(watch: Stopwatch, rounds: int) -> None:
    """Choose the click and measure the answer of objects of 1024 x 1024 pixels, small and large, rough and smooth."""
    rng = np.random.default_rng(0)
    for _ in range(rounds):
        for grain, share in ((4, 0.4), (16, 0.5), (40, 0.3)):
            truth = _blobs(rng, grain, share)
            user, judge = SimulatedUser(truth), Judge(truth)
            mask = np.zeros_like(truth)
            for _ in range(_CLICKS):
                started = perf_counter()
                user.click(mask)
                chosen = perf_counter()
                judge.iou(mask)
                judged = perf_counter()
                judge.boundary_iou(mask)
                ended = perf_counter()
                watch.add(f"evaluation: choose a click, {SIDE} x {SIDE}", chosen - started)
                watch.add(f"evaluation: IoU, {SIDE} x {SIDE}", judged - chosen)
                watch.add(f"evaluation: boundary IoU, {SIDE} x {SIDE}", ended - judged)
                watch.add("evaluation: overhead an object and click", ended - started)
                # An answer that is mostly right, with errors of all sizes.
                mask = truth ^ _blobs(rng, 3 * grain, 0.1)


def clicks_a_second(segmenter: "Segmenter", photo: NDArray[np.uint8]) -> float:
    """Click the cat of the sample photo as an evaluation does, encoding included: clicks a second."""
    rows, cols = np.indices(photo.shape[:2])
    truth = np.asarray(((rows - 150) / 110) ** 2 + ((cols - 225) / 130) ** 2 <= 1)
    started = perf_counter()
    segmenter.set_image(photo)
    run = click_object(segmenter, truth)
    return len(run.clicks) / (perf_counter() - started)


def _blobs(rng: np.random.Generator, grain: int, share: float) -> BoolMask:
    """Smooth random shapes, `grain` of them along a side, that cover about this share of the picture."""
    coarse = rng.random((grain, grain)).astype(np.float32)
    noise = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return np.asarray(noise > np.quantile(coarse, 1 - share))

"""Encode and clicks of a model on the sample photo, beside a reference that this machine slows down alike."""

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.clicks import Click
from model.engine import Segmenter, WholeImage
from model.networks import create_network
from model.networks.segformer import SegFormerNetwork
from resources import resource_path

from .samples import Stopwatch

if TYPE_CHECKING:
    from pathlib import Path

THREADS = 2
REFERENCE_SIDE = 400

CLICKS = (
    Click(150, 220, is_positive=True),
    Click(60, 230, is_positive=True),
    Click(40, 425, is_positive=False),
    Click(260, 60, is_positive=True),
    Click(250, 430, is_positive=False),
    Click(110, 80, is_positive=True),
)
"""On the cat, and beside it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A segmenter to be measured, and what its measurements are called."""

    name: str
    segmenter: Segmenter

    def round(self, photo: NDArray[np.uint8], watch: Stopwatch) -> None:
        """Set the photo and click through it once. A click that moves the region is kept apart: it encodes again."""
        with watch.measure(f"{self.name}: encode the photo"):
            self.segmenter.set_image(photo)
        for number in range(1, len(CLICKS) + 1):
            started = perf_counter()
            self.segmenter.predict(CLICKS[:number])
            watch.add(f"{self.name}: {self._kind(number)}", perf_counter() - started)

    def _kind(self, number: int) -> str:
        if number == 1:
            return "first click"
        encodes = not isinstance(self.segmenter.network, SegFormerNetwork) and self.segmenter.timings.encode > 0
        return "later click, new region" if encodes else "later click"


def sample_photo() -> NDArray[np.uint8]:
    """Read the bundled photo (300, 451, 3)."""
    with Image.open(resource_path("samples/cat.png")) as picture:
        return np.asarray(picture.convert("RGB"))


def model_subject(model: "str | Path | None") -> Subject:
    """The model that is asked for, as the window would run it."""
    segmenter = Segmenter.load(model, "cpu", threads=THREADS)
    return Subject(segmenter.model_name, segmenter)


def reference_subject() -> Subject:
    """Early fusion in plain torch: the whole SegFormer-B0 at every click. Its weights do not matter for the time."""
    region = WholeImage(side=REFERENCE_SIDE)
    segmenter = Segmenter(create_network("segformer-b0"), "cpu", threads=THREADS, region=region, honour=None)
    return Subject("reference", segmenter)

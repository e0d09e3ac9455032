"""Rivals without a network, behind the same interface as the engine: what a model has to beat."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click

_ITERATIONS = 3
_SEED_RADIUS = 5
_FIRST_RADIUS = 0.15
"""Radius of the disk that is guessed to be object at the first click, as a share of the shorter side."""
_IN_DOUBT = 0.49
_BETA = 130
"""scikit-image's own: how much a step in brightness hinders the walker."""

Grey = NDArray[np.uint8]


class Rival(ABC):
    """Answers on an image that is shrunk for speed, and gives each clicked pixel the sign of its click."""

    longest_side: ClassVar[int]
    """Longest side of the shrunk image in pixels."""

    def __init__(self) -> None:
        self._image = np.zeros((1, 1, 3), np.uint8)
        self._size = (1, 1)

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Take the image (H, W, 3) uint8, RGB."""
        self._size = image.shape[0], image.shape[1]
        scale = min(1.0, self.longest_side / max(self._size))
        height, width = (max(1, round(length * scale)) for length in self._size)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        self._image = np.ascontiguousarray(small, np.uint8)

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Answer the clicks: (H, W) float32 in [0, 1], the clicked pixels as they were clicked."""
        small = self._answer(clicks, previous)
        resized = cv2.resize(small, self._size[::-1], interpolation=cv2.INTER_LINEAR)
        answer: NDArray[np.float32] = np.asarray(resized, np.float32).reshape(self._size).clip(0, 1)
        for click in clicks:
            answer[click.row, click.col] = click.is_positive
        return answer

    @abstractmethod
    def _answer(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None) -> NDArray[np.float32]:
        """Answer on the shrunk image: (h, w) float32 in [0, 1]."""

    def _places(self, clicks: Sequence[Click]) -> list[tuple[int, int, bool]]:
        """Where the clicks lie in the shrunk image: x, y and the sign."""
        height, width = self._image.shape[:2]
        return [
            ((click.col * width) // self._size[1], (click.row * height) // self._size[0], click.is_positive)
            for click in clicks
        ]


class GrabCut(Rival):
    """OpenCV's GrabCut, started from the clicks and the answer before."""

    longest_side = 480

    def _answer(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None) -> NDArray[np.float32]:
        trimap = self._trimap(clicks, previous)
        found = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if found.any() and not found.all():
            # GrabCut starts from k-means with random centres.
            cv2.setRNGSeed(0)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(self._image, trimap, (0, 0, 1, 1), *models, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
            found = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
        return found.astype(np.float32)

    def _trimap(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None) -> Grey:
        height, width = self._image.shape[:2]
        trimap = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
        places = self._places(clicks)
        if previous is None:
            for x, y, is_positive in places:
                if is_positive:
                    radius = round(_FIRST_RADIUS * min(height, width))
                    cv2.circle(trimap, (x, y), max(radius, _SEED_RADIUS), cv2.GC_PR_FGD, cv2.FILLED)
        else:
            before = cv2.resize(previous, (width, height), interpolation=cv2.INTER_AREA)
            trimap[before > _IN_DOUBT] = cv2.GC_PR_FGD
        _draw_seeds(trimap, places, _SEED_RADIUS, (cv2.GC_FGD, cv2.GC_BGD))
        return trimap


class RandomWalker(Rival):
    """scikit-image's random walker (Grady, 2006) from the clicks alone; without a negative one the frame is none."""

    longest_side = 160

    def _answer(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None) -> NDArray[np.float32]:
        from skimage.segmentation import random_walker

        del previous
        height, width = self._image.shape[:2]
        seeds = np.zeros((height, width), np.uint8)
        places = self._places(clicks)
        if all(is_positive for _, _, is_positive in places):
            seeds[[0, -1], :] = seeds[:, [0, -1]] = _OUTSIDE
        _draw_seeds(seeds, places, max(1, _SEED_RADIUS // 2), (_INSIDE, _OUTSIDE))
        if not (seeds == _INSIDE).any() or not (seeds == _OUTSIDE).any() or (seeds != 0).all():
            return np.asarray(seeds == _INSIDE, np.float32)
        data = self._image / 255.0
        if data.std() == 0:
            data[0, 0] += 1e-3  # It divides by the spread.
        with warnings.catch_warnings():
            # It warns that other solvers are faster: they do not end on pictures full of noise.
            warnings.simplefilter("ignore")
            shares = random_walker(
                data, seeds.astype(np.int32), beta=_BETA, mode="bf", channel_axis=-1, return_full_prob=True
            )
        found: NDArray[np.float32] = np.ascontiguousarray(shares[_INSIDE - 1], np.float32)
        return found


_INSIDE, _OUTSIDE = 1, 2

RIVALS: dict[str, type[Rival]] = {"grabcut": GrabCut, "random-walker": RandomWalker}
"""Names that stand in the place of a model."""


def _draw_seeds(canvas: Grey, places: Sequence[tuple[int, int, bool]], radius: int, values: tuple[int, int]) -> None:
    """Draw a disk a click, object or background; a clicked pixel always has its own sign."""
    for x, y, is_positive in places:
        cv2.circle(canvas, (x, y), radius, values[0] if is_positive else values[1], cv2.FILLED)
    for x, y, is_positive in places:
        canvas[y, x] = values[0] if is_positive else values[1]

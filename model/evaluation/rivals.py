"""Rivals without a network, behind the same interface as the engine: what a model has to beat."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click

_LONGEST_SIDE = 480
_ITERATIONS = 3
_SEED_RADIUS = 5
_FIRST_RADIUS = 0.15
"""Radius of the disk that is guessed to be object at the first click, as a share of the shorter side."""
_IN_DOUBT = 0.49


class GrabCut:
    """OpenCV's GrabCut, started from the clicks and the answer before; images are shrunk to 480 pixels for speed."""

    def __init__(self) -> None:
        self._image = np.zeros((1, 1, 3), np.uint8)
        self._size = (1, 1)

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Take the image (H, W, 3) uint8, RGB."""
        self._size = image.shape[0], image.shape[1]
        scale = min(1.0, _LONGEST_SIDE / max(self._size))
        height, width = (max(1, round(length * scale)) for length in self._size)
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        self._image = np.ascontiguousarray(small, np.uint8)

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Answer the clicks: (H, W) float32, 0 or 1, the clicked pixels as they were clicked."""
        trimap = self._trimap(clicks, previous)
        found = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
        if found.any() and not found.all():
            # GrabCut starts from k-means with random centres.
            cv2.setRNGSeed(0)
            models = np.zeros((1, 65)), np.zeros((1, 65))
            cv2.grabCut(self._image, trimap, (0, 0, 1, 1), *models, _ITERATIONS, cv2.GC_INIT_WITH_MASK)
            found = np.isin(trimap, (cv2.GC_FGD, cv2.GC_PR_FGD))
        answer = cv2.resize(found.astype(np.uint8), self._size[::-1], interpolation=cv2.INTER_NEAREST)
        for click in clicks:
            answer[click.row, click.col] = click.is_positive
        return answer.astype(np.float32)

    def _trimap(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None) -> NDArray[np.uint8]:
        height, width = self._image.shape[:2]
        trimap = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
        places = [
            ((click.col * width) // self._size[1], (click.row * height) // self._size[0], click.is_positive)
            for click in clicks
        ]
        if previous is None:
            for x, y, is_positive in places:
                if is_positive:
                    radius = round(_FIRST_RADIUS * min(height, width))
                    cv2.circle(trimap, (x, y), max(radius, _SEED_RADIUS), cv2.GC_PR_FGD, cv2.FILLED)
        else:
            before = cv2.resize(previous, (width, height), interpolation=cv2.INTER_AREA)
            trimap[before > _IN_DOUBT] = cv2.GC_PR_FGD
        for x, y, is_positive in places:
            cv2.circle(trimap, (x, y), _SEED_RADIUS, cv2.GC_FGD if is_positive else cv2.GC_BGD, cv2.FILLED)
        for x, y, is_positive in places:
            trimap[y, x] = cv2.GC_FGD if is_positive else cv2.GC_BGD
        return trimap

"""Sample pictures of a run: what was clicked, what was found, what was to be found."""

from collections.abc import Iterable

import cv2
import numpy as np
from numpy.typing import NDArray

_TRUTH, _ANSWER = (60, 200, 90), (255, 140, 0)
_POSITIVE, _NEGATIVE = (40, 220, 40), (230, 40, 40)
_DOT = 2


def sample_picture(
    colours: NDArray[np.uint8],
    answer: NDArray[np.bool_],
    truth: NDArray[np.bool_],
    points: Iterable[tuple[float, float, float]] = (),
) -> NDArray[np.uint8]:
    """Draw outlines of the truth (green) and the answer (orange), and clicks (row, col, sign), on colours (H, W, 3)."""
    drawn = np.ascontiguousarray(colours).copy()
    for mask, colour in ((truth, _TRUTH), (answer, _ANSWER)):
        outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(drawn, outlines, -1, colour, 1)
    for row, col, sign in points:
        if sign:
            cv2.circle(drawn, (int(col), int(row)), _DOT, _POSITIVE if sign > 0 else _NEGATIVE, cv2.FILLED)
    return drawn

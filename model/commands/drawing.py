"""The picture that shows a mask on its image: tinted, outlined, with the clicks."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click

_TINT = (255, 160, 0)
_POSITIVE, _NEGATIVE, _RIM = (40, 200, 80), (230, 50, 50), (255, 255, 255)
_OPACITY = 0.45


def draw_overlay(image: NDArray[np.uint8], mask: NDArray[np.bool_], clicks: Sequence[Click]) -> NDArray[np.uint8]:
    """Draw on a copy of `image` (H, W, 3): `mask` (H, W) tinted, positive clicks green, negative ones red."""
    picture = image.copy()
    tint = np.array(_TINT, np.float32) * _OPACITY
    picture[mask] = (image[mask] * (1 - _OPACITY) + tint).astype(np.uint8)
    # Marks that are seen in a small picture and in a large one alike.
    unit = max(1, round(max(image.shape) / 400))
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, outlines, -1, _TINT, unit)
    for click in clicks:
        place = (click.col, click.row)
        cv2.circle(picture, place, 4 * unit, _RIM, cv2.FILLED, cv2.LINE_AA)
        cv2.circle(picture, place, 3 * unit, _POSITIVE if click.is_positive else _NEGATIVE, cv2.FILLED, cv2.LINE_AA)
    return picture

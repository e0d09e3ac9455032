"""What is counted: IoU with ignored pixels, Dice, boundary IoU, the number of clicks (NoC), failures."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.objects import BoolMask

NOC_TARGETS = (80, 85, 90, 95)
"""IoU targets in percent for which the number of clicks is reported."""

BOUNDARY_SHARE = 0.02
"""Width of the band of the boundary IoU, as a share of the image's diagonal (Cheng et al., 2021)."""


class Judge:
    """Measures masks (H, W) bool against one truth, over the pixels that are not ignored."""

    def __init__(self, truth: BoolMask, ignored: BoolMask | None = None) -> None:
        self._counts = None if ignored is None or not ignored.any() else ~ignored
        self._truth = self._counted(truth)
        self._area = int(np.count_nonzero(self._truth))
        self._width = max(1, round(BOUNDARY_SHARE * math.hypot(*truth.shape)))
        self._boundary = inner_band(self._truth, self._width)
        self._boundary_area = int(np.count_nonzero(self._boundary))

    def iou(self, mask: BoolMask) -> float:
        """Intersection over union in [0, 1]; 1 where both are empty."""
        mask = self._counted(mask)
        return _ratio(int(np.count_nonzero(mask & self._truth)), int(np.count_nonzero(mask)) + self._area)

    def boundary_iou(self, mask: BoolMask) -> float:
        """Boundary IoU in [0, 1]: the IoU of the inner bands of both masks; 1 where both are empty."""
        band = inner_band(self._counted(mask), self._width)
        return _ratio(int(np.count_nonzero(band & self._boundary)), int(np.count_nonzero(band)) + self._boundary_area)

    def _counted(self, mask: BoolMask) -> BoolMask:
        return mask if self._counts is None else mask & self._counts


def intersection_over_union(mask: BoolMask, truth: BoolMask, ignored: BoolMask | None = None) -> float:
    """IoU in [0, 1] of two (H, W) bool masks over the pixels that are not `ignored`; 1 where both are empty."""
    return Judge(truth, ignored).iou(mask)


def dice(iou: float) -> float:
    """Dice coefficient of two masks of this IoU: they are functions of each other."""
    return 2 * iou / (1 + iou)


def inner_band(mask: BoolMask, width: int) -> BoolMask:
    """Pixels of a mask (H, W) that lie within `width` pixels (chessboard) of one outside; the image edge is outside.

    The same as the mask without its erosion by `width` steps of a 3 x 3 square.
    """
    band = np.zeros(mask.shape, np.bool_)
    left, top, columns, rows = cv2.boundingRect(mask.view(np.uint8))
    if not rows:
        return band
    box = np.s_[top : top + rows, left : left + columns]
    square = np.ones((2 * width + 1, 2 * width + 1), np.uint8)
    inner = cv2.erode(mask[box].view(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    band[box] = mask[box] & (inner == 0)
    return band


def number_of_clicks(ious: Sequence[float], target: float, max_clicks: int) -> int:
    """First click (from 1) after which the IoU reaches `target` in [0, 1]; `max_clicks` where none does."""
    return next((count for count, iou in enumerate(ious, start=1) if iou >= target), max_clicks)


def is_reached(ious: Sequence[float], target: float) -> bool:
    """Tell whether any click brings the IoU to `target` in [0, 1]."""
    return any(iou >= target for iou in ious)


def curve_to(values: Sequence[float], max_clicks: int) -> list[float]:
    """What was measured after 1 .. `max_clicks` clicks; a curve that ended early keeps its last value."""
    return [values[min(count, len(values) - 1)] for count in range(max_clicks)]


def area_under(curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area under each curve (N, K) over the clicks 1 .. K by trapezoids, as a share of the largest: (N,) in [0, 1]."""
    if curves.shape[1] == 1:
        return np.asarray(curves[:, 0])
    inner = curves[:, 1:-1].sum(axis=1)
    return np.asarray((inner + (curves[:, 0] + curves[:, -1]) / 2) / (curves.shape[1] - 1))


def _ratio(intersection: int, areas: int) -> float:
    union = areas - intersection
    return intersection / union if union else 1.0

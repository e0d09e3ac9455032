"""What is counted: IoU with ignored pixels, the number of clicks (NoC), failures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

NOC_TARGETS = (80, 85, 90, 95)
"""IoU targets in percent for which the number of clicks is reported."""


def intersection_over_union(
    mask: NDArray[np.bool_], truth: NDArray[np.bool_], ignored: NDArray[np.bool_] | None = None
) -> float:
    """IoU in [0, 1] of two (H, W) bool masks over the pixels that are not `ignored`; 1 where both are empty."""
    if ignored is not None:
        mask = mask & ~ignored
        truth = truth & ~ignored
    intersection = int(np.count_nonzero(mask & truth))
    union = int(np.count_nonzero(mask)) + int(np.count_nonzero(truth)) - intersection
    return intersection / union if union else 1.0


def number_of_clicks(ious: Sequence[float], target: float, max_clicks: int) -> int:
    """First click (from 1) after which the IoU reaches `target` in [0, 1]; `max_clicks` where none does."""
    return next((count for count, iou in enumerate(ious, start=1) if iou >= target), max_clicks)


def is_reached(ious: Sequence[float], target: float) -> bool:
    """Tell whether any click brings the IoU to `target` in [0, 1]."""
    return any(iou >= target for iou in ious)


def curve_to(ious: Sequence[float], max_clicks: int) -> list[float]:
    """The IoU after 1 .. `max_clicks` clicks; a curve that ended early keeps its last value."""
    return [ious[min(count, len(ious) - 1)] for count in range(max_clicks)]

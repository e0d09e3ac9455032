"""Which values of a volume are shown as black and as white."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..pixels import percentile_window
from .image import NamedWindow

AUTOMATIC = "automatic"
_PLANES, _SAMPLE = 24, 2_000_000


def automatic(stored: NDArray[Any], *, is_negative: bool = False) -> NamedWindow:
    """The 0.1 and the 99.9 percentile of a stored array, of an even sample of its values; 0 to 255 for colour."""
    step = max(1, stored.shape[0] // _PLANES)
    planes = stored[step // 2 :: step]
    stride = max(1, int(np.sqrt(planes.size / _SAMPLE)))
    low, high = percentile_window(planes[:, ::stride, ::stride])
    return NamedWindow(AUTOMATIC, high, low) if is_negative else NamedWindow(AUTOMATIC, low, high)


def distinct(windows: Iterable[NamedWindow]) -> tuple[NamedWindow, ...]:
    """Leave out windows of no width and those that were there before; name those without a name."""
    kept: list[NamedWindow] = []
    for each in windows:
        is_usable = np.isfinite(each.low) and np.isfinite(each.high) and each.low != each.high
        if is_usable and (each.low, each.high) not in {(one.low, one.high) for one in kept}:
            kept.append(each)
    return tuple(kept)

"""FocalClick's focus crop: the part of a view that the last click changed, which is worth a closer look."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

_OBJECT_LOGIT = 0.49
"""The published code compares logits with what was meant for probabilities; its numbers were made that way."""
_OBJECT = 0.49
_FEWEST_PIXELS = 10
_EXPANSION = 1.4
_SMALL_CHANGE = 1 / 3
"""A change less than this share of the object's height or width: a window round the click is taken instead."""
_WINDOW = 0.2
"""Half the side of that window, as a share of the object's longer side."""


class Focus(NamedTuple):
    """A box of view pixels, last row and column excluded."""

    row0: int
    col0: int
    row1: int
    col1: int


class _Span(NamedTuple):
    """Rows and columns that a mask touches, the last ones included, as published."""

    row0: float
    col0: float
    row1: float
    col1: float


def focus_of(coarse: Tensor, previous: Tensor, centres: Tensor) -> Focus:
    """Choose the focus in one view.

    `coarse` logits, `previous` probability and `centres` of clicks (of any sign, boolean) are (H, W). From nothing,
    it is the object; afterwards the largest changed part that holds a click, or a window round that click where the
    part is small. The published code takes the part at the last click; a network is not told which one that is.
    """
    found = (coarse > _OBJECT_LOGIT).cpu().numpy()
    before = (previous > _OBJECT).cpu().numpy()
    size = (found.shape[0], found.shape[1])
    whole = _span_of(found)
    if not before.any():
        return _expanded(whole, size)
    part, at = _changed_part(found ^ before, centres.cpu().numpy())
    if part is None:
        return Focus(0, 0, *size)
    span = _span_of(part)
    height, width = whole.row1 - whole.row0, whole.col1 - whole.col0
    if span.row1 - span.row0 < height * _SMALL_CHANGE or span.col1 - span.col0 < width * _SMALL_CHANGE:
        reach = _WINDOW * max(height, width)
        span = _Span(at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)
    return _expanded(span, size)


def _changed_part(
    changed: NDArray[np.bool_], centres: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_] | None, tuple[int, int]]:
    """Give the largest connected part that holds a click, and that click; None where there is none."""
    rows, cols = np.nonzero(changed & centres)
    if rows.size == 0:
        return None, (0, 0)
    _, labels = cv2.connectedComponents(changed.astype(np.uint8))
    held = labels[rows, cols]
    areas = np.bincount(labels.ravel())[held]
    best = int(areas.argmax())
    return np.asarray(labels == held[best]), (int(rows[best]), int(cols[best]))


def _span_of(mask: NDArray[np.bool_]) -> _Span:
    """Rows and columns of a mask; of everything where the mask has next to no pixels."""
    if np.count_nonzero(mask) < _FEWEST_PIXELS:
        return _Span(0, 0, mask.shape[0], mask.shape[1])
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return _Span(int(rows[0]), int(cols[0]), int(rows[-1]), int(cols[-1]))


def _expanded(span: _Span, size: tuple[int, int]) -> Focus:
    """Scale a span about its centre and cut it at the view, at least one pixel of it."""
    row0, row1 = _scaled(span.row0, span.row1, size[0])
    col0, col1 = _scaled(span.col0, span.col1, size[1])
    return Focus(row0, col0, row1, col1)


def _scaled(first: float, last: float, limit: int) -> tuple[int, int]:
    centre, half = (first + last) / 2, _EXPANSION * (last - first + 1) / 2
    start = min(max(0, int(centre - half)), limit - 1)
    return start, max(start + 1, min(limit, int(centre + half)))

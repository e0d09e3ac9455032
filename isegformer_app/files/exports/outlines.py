"""Outlines of masks along the edges of their pixels: exact, and simplified only where somebody asks for it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Points = NDArray[np.float64]
_Edges = dict[tuple[int, int], tuple[int, int]]


def outlines(mask: Mask) -> list[Points]:
    """Trace an (h, w) mask: closed loops of corners (row, col), pixel (r, c) reaching from (r, c) to (r + 1, c + 1).

    Pixels lie on the right hand of the way, so that parts run clockwise on the screen and holes the other way round.
    Filled by the even-odd rule the loops give exactly the mask. Pixels that touch at a corner are apart.
    """
    right, left, down, up = _edges(mask)
    loops = []
    while right:
        start, end = right.popitem()
        loop = [start]
        while end != start:
            loop.append(end)
            # Two ways may lead on where pixels touch at a corner: the one round the same pixel is taken. After a
            # step to the right that is down; a step right or left is followed by one down or up, and so on.
            came_right, came_left = loop[-1][1] > loop[-2][1], loop[-1][1] < loop[-2][1]
            came_down = loop[-1][0] > loop[-2][0]
            first, second = (down, up) if came_right else (up, down) if came_left else (left, right)
            if not (came_right or came_left or came_down):
                first, second = right, left
            end = first.pop(end) if end in first else second.pop(end)
        loops.append(np.array(loop, dtype=np.float64))
    return loops


def _edges(mask: Mask) -> tuple[_Edges, _Edges, _Edges, _Edges]:
    """List the straight edges by their first corner: rightwards, leftwards, downwards and upwards."""
    padded = np.pad(mask, 1).astype(np.int8)
    horizontal = np.diff(padded, axis=0)[:, 1:-1]  # +1: the pixels lie below the edge
    vertical = np.diff(padded, axis=1)[1:-1]  # +1: the pixels lie on the right of the edge
    right = {(row, first): (row, last) for row, first, last in _runs(horizontal > 0)}
    left = {(row, last): (row, first) for row, first, last in _runs(horizontal < 0)}
    down = {(first, col): (last, col) for col, first, last in _runs((vertical < 0).T)}
    up = {(last, col): (first, col) for col, first, last in _runs((vertical > 0).T)}
    return right, left, down, up


def _runs(lines: Mask) -> list[list[int]]:
    """List the runs of True along the lines: (line, first, one past the last)."""
    steps = np.diff(np.pad(lines, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    line, first = np.nonzero(steps > 0)
    last = np.nonzero(steps < 0)[1]
    runs: list[list[int]] = np.column_stack((line, first, last)).tolist()
    return runs


def is_hole(loop: Points) -> bool:
    """Tell whether a loop runs round a hole."""
    rows, cols = loop[:, 0], loop[:, 1]
    return bool(np.sum(cols * np.roll(rows, -1) - np.roll(cols, -1) * rows) < 0)


def simplified(loop: Points, tolerance: float) -> Points:
    """Leave out corners as long as the outline stays within `tolerance` pixels of the true one (Douglas-Peucker)."""
    if tolerance <= 0 or len(loop) <= 4:  # noqa: PLR2004 - a rectangle has nothing to spare
        return loop
    far = int(np.argmax(((loop - loop[0]) ** 2).sum(axis=1)))
    closed = np.vstack((loop, loop[:1]))
    is_kept = np.zeros(len(closed), dtype=np.bool_)
    is_kept[[0, far, -1]] = True
    spans = [(0, far), (far, len(closed) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:  # noqa: PLR2004 - nothing lies between neighbours
            continue
        distances = _distances(closed[first + 1 : last], closed[first], closed[last])
        worst = int(np.argmax(distances))
        if distances[worst] > tolerance:
            middle = first + 1 + worst
            is_kept[middle] = True
            spans += [(first, middle), (middle, last)]
    kept = closed[:-1][is_kept[:-1]]
    return kept if len(kept) > 2 else loop  # noqa: PLR2004 - two corners enclose nothing


def _distances(points: Points, start: Points, end: Points) -> Points:
    """Distances of points to the line between two others."""
    along = end - start
    length = float(along @ along)
    share = ((points - start) @ along / length).clip(0, 1) if length > 0 else np.zeros(len(points))
    distances: Points = np.hypot(*(points - start - share[:, None] * along).T)
    return distances


def joined(loops: Sequence[Points]) -> Points:
    """Make one loop of many by ways there and back, which enclose nothing; filled even-odd it is the same area."""
    first = loops[0]
    parts = [first, first[:1]]
    for loop in loops[1:]:
        parts += [loop, loop[:1], first[:1]]
    return np.vstack(parts) if len(loops) > 1 else first


def filled(loop: Points, size: tuple[int, int]) -> Mask:
    """Pixels whose middle lies inside a closed loop of corners, by the even-odd rule, on a photo of `size`."""
    toggles = np.zeros((size[0] + 1, size[1] + 1), dtype=np.int32)
    for (row, col), (next_row, next_col) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        low, high = sorted((row, next_row))
        rows = np.arange(max(int(np.ceil(low - 0.5)), 0), min(int(np.ceil(high - 0.5)), size[0]))
        if rows.size:
            crossings = col + (rows + 0.5 - row) * (next_col - col) / (next_row - row)
            toggles[rows, np.ceil(crossings - 0.5).clip(0, size[1]).astype(np.intp)] += 1
    inside: Mask = np.cumsum(toggles[:-1, :-1], axis=1) % 2 == 1
    return inside

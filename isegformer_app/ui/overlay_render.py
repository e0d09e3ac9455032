"""Labels to colours: only what is on the screen, at the screen's resolution, through a lookup table."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import LabelObject
from isegformer_app.document.geometry import bounding_rectangle

Table = NDArray[np.uint32]
"""Object id -> premultiplied ARGB; 65536 entries."""


def colour_tables(objects: Iterable[LabelObject], opacity: float, style: str) -> tuple[Table, Table]:
    """Tables for the inside and for the edge of every object; hidden objects stay clear.

    `style` is `fill`, `outline` or `both`. The edge is always strong, whatever the opacity of the fill.
    """
    fill, edge = np.zeros(2**16, dtype=np.uint32), np.zeros(2**16, dtype=np.uint32)
    inner = 0.0 if style == "outline" else opacity
    for each in objects:
        if each.is_visible:
            fill[each.id] = _premultiplied(each.colour, inner)
            edge[each.id] = _premultiplied(each.colour, inner if style == "fill" else max(0.95 * (opacity > 0), inner))
    return fill, edge


def _premultiplied(colour: tuple[int, int, int], alpha: float) -> int:
    red, green, blue = (round(channel * alpha) for channel in colour)
    return round(255 * alpha) << 24 | red << 16 | green << 8 | blue


def render(
    labels: NDArray[np.uint16],
    rows: NDArray[np.float64],
    cols: NDArray[np.float64],
    tables: tuple[Table, Table],
    edge_width: int = 1,
) -> NDArray[np.uint32]:
    """Colours of a screen grid, (len(rows), len(cols)) premultiplied ARGB.

    `rows` and `cols` are the image coordinates of the grid's lines; a point beside the image is clear.
    Edges are `edge_width` screen pixels wide, inside the object, at every zoom.
    """
    fill, edge = tables
    row_index, col_index = np.floor(rows).astype(np.intp), np.floor(cols).astype(np.intp)
    sampled = labels.take(row_index, axis=0, mode="clip").take(col_index, axis=1, mode="clip")
    sampled[(row_index < 0) | (row_index >= labels.shape[0])] = 0
    sampled[:, (col_index < 0) | (col_index >= labels.shape[1])] = 0
    colours: Table = np.zeros(sampled.shape, dtype=np.uint32)
    rectangle = bounding_rectangle(sampled != 0)
    if rectangle is None:
        return colours
    # A rim round the labels belongs to what is looked at: there their edges end.
    top, left = (max(place - edge_width, 0) for place in rectangle[:2])
    area = slice(top, rectangle[2] + edge_width), slice(left, rectangle[3] + edge_width)
    part = sampled[area]
    painted: Table = fill.take(part)
    border = _borders(part, edge_width)
    painted[border] = edge[part[border]]
    colours[area] = painted
    return colours


def _borders(sampled: NDArray[np.uint16], width: int) -> NDArray[np.bool_]:
    """Pixels of objects that have another label within `width` steps along an axis."""
    border = np.zeros(sampled.shape, dtype=np.bool_)
    for step in range(1, width + 1):
        down = sampled[step:] != sampled[:-step]
        border[step:] |= down
        border[:-step] |= down
        across = sampled[:, step:] != sampled[:, :-step]
        border[:, step:] |= across
        border[:, :-step] |= across
    border &= sampled != 0
    return border

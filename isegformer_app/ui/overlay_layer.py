"""The labels on the canvas, coloured at the screen's resolution; a change redraws only its box."""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter

from isegformer_app.document.geometry import Rectangle

from .overlay_render import Table, render
from .view_geometry import ViewGeometry

_RIM = 4
"""Device pixels round a change that are looked at again: the edges of neighbours may change."""


class OverlayLayer:
    """A coloured copy of the label plane, as large as the canvas."""

    def __init__(self) -> None:
        """Start with nothing to show."""
        self._labels: NDArray[np.uint16] | None = None
        self._tables: tuple[Table, Table] | None = None
        self._view: tuple[ViewGeometry, float] | None = None
        self._colours: NDArray[np.uint32] | None = None

    def set_labels(self, labels: NDArray[np.uint16] | None) -> None:
        """Show another label plane, (H, W) uint16; it is looked at again whenever `changed` is called."""
        self._labels, self._colours = labels, None

    def set_tables(self, tables: tuple[Table, Table]) -> None:
        """Use other colours."""
        self._tables, self._colours = tables, None

    def changed(self, rectangle: Rectangle) -> None:
        """Look again at (top, left, bottom, right) of the label plane, half-open."""
        if self._colours is None or self._view is None or self._labels is None or self._tables is None:
            return
        geometry, ratio = self._view
        top, left, bottom, right = rectangle
        (x0, y0), (x1, y1) = geometry.to_screen(top, left), geometry.to_screen(bottom, right)
        x0, x1 = min(x0, x1), max(x0, x1)
        height, width = self._colours.shape
        rows = slice(max(floor(y0 * ratio) - _RIM, 0), max(min(ceil(y1 * ratio) + _RIM, height), 0))
        cols = slice(max(floor(x0 * ratio) - _RIM, 0), max(min(ceil(x1 * ratio) + _RIM, width), 0))
        if rows.start >= rows.stop or cols.start >= cols.stop:
            return
        # A rim more is rendered than is kept: its own border was judged without its outer neighbours.
        wide_rows, wide_cols = _widened(rows, height), _widened(cols, width)
        grid_rows, grid_cols = _grid(geometry, ratio)
        part = render(self._labels, grid_rows[wide_rows], grid_cols[wide_cols], self._tables, _edge_width(ratio))
        self._colours[rows, cols] = part[_inside(rows, wide_rows), _inside(cols, wide_cols)]

    def colours(self, geometry: ViewGeometry, ratio: float) -> Table:
        """Premultiplied ARGB of every device pixel of the canvas, (height, width); kept until something changes."""
        if self._labels is None or self._tables is None:
            return np.zeros((0, 0), dtype=np.uint32)
        if self._colours is None or self._view != (geometry, ratio):
            self._view = (geometry, ratio)
            self._colours = render(self._labels, *_grid(geometry, ratio), self._tables, _edge_width(ratio))
        return self._colours

    def paint(self, painter: QPainter, geometry: ViewGeometry, ratio: float) -> None:
        """Draw the coloured grid; the painter draws logical pixels, and `ratio` is device pixels in each of them."""
        if self._labels is None or self._tables is None:
            return
        colours = self.colours(geometry, ratio)
        height, width = colours.shape
        image = QImage(colours.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        painter.drawImage(0, 0, image)


def _edge_width(ratio: float) -> int:
    return max(1, round(1.5 * ratio))


def _widened(part: slice, length: int) -> slice:
    return slice(max(part.start - _RIM, 0), min(part.stop + _RIM, length))


def _inside(part: slice, wide: slice) -> slice:
    return slice(part.start - wide.start, part.stop - wide.start)


def _grid(geometry: ViewGeometry, ratio: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Image coordinates of the middles of the canvas's device pixels."""
    width, height = geometry.canvas
    ys = (np.arange(ceil(height * ratio), dtype=np.float64) + 0.5) / ratio
    xs = (np.arange(ceil(width * ratio), dtype=np.float64) + 0.5) / ratio
    down, right = geometry.scales
    rows: NDArray[np.float64] = geometry.row + (ys - height / 2) / down
    cols: NDArray[np.float64] = geometry.col + (xs - width / 2) / (-right if geometry.is_mirrored else right)
    return rows, cols

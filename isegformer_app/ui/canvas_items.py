"""What lies on the canvas: the photo in its own pixels, and over it, in pixels of the screen, everything else."""

from collections.abc import Callable
from math import floor

from pyqtgraph import GraphicsObject
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from .photo_layer import PhotoLayer

_GAP = 10
"""Logical pixels round the cursor that the crosshair leaves free."""

_REACH = 3
"""Half the width of its lines, and a little."""

_CROSSHAIR_PENS = ((QColor(0, 0, 0, 90), 3.0), (QColor(255, 255, 255, 130), 1.0))


class PhotoItem(GraphicsObject):
    """The photo; belongs into the `PhotoView`."""

    def __init__(self) -> None:
        super().__init__()
        self._layer = PhotoLayer()
        self.detail = 1.0
        """Drawn pixels a logical pixel of the screen."""
        # Without it Qt takes the whole photo for exposed.
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def show_layer(self, layer: PhotoLayer) -> None:
        """Show another photo."""
        if layer.extent != self._layer.extent:
            self.prepareGeometryChange()
        self._layer = layer

    def set_pixel(self, pixel: tuple[float, float]) -> None:
        """Draw pixels of another height and width."""
        self.setTransform(QTransform.fromScale(pixel[1], pixel[0]))

    def boundingRect(self) -> QRectF:
        """Answer Qt: where it may draw."""
        return self._layer.extent

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw what is exposed."""
        shown = self.sceneTransform()
        self._layer.paint(painter, option.exposedRect, max(shown.m11(), shown.m22()) * self.detail)


class ScreenItem(GraphicsObject):
    """Covers the canvas and draws in its logical pixels; `draw` does it."""

    def __init__(self, draw: Callable[[QPainter], None], depth: int) -> None:
        """`depth`: what is higher lies over what is lower."""
        super().__init__()
        self._draw, self._canvas = draw, QRectF()
        self.setZValue(depth)

    def set_canvas(self, canvas: QRectF) -> None:
        """Cover a canvas of another size."""
        self.prepareGeometryChange()
        self._canvas = canvas

    def boundingRect(self) -> QRectF:
        """Answer Qt: where it may draw."""
        return self._canvas

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw(painter)


class Crosshair(ScreenItem):
    """Lines through the cursor; as they move, only the strips that they leave and enter are drawn again."""

    def __init__(self, depth: int) -> None:
        super().__init__(self._paint_lines, depth)
        self._place: QPointF | None = None

    def move_to(self, place: QPointF | None) -> None:
        """Cross at another place of the canvas, or nowhere."""
        if place != self._place:
            self._touch()
            self._place = place
            self._touch()

    def _touch(self) -> None:
        if self._place is not None:
            canvas, x, y = self._canvas, self._place.x(), self._place.y()
            self.update(QRectF(canvas.left(), y - _REACH, canvas.width(), 2 * _REACH))
            self.update(QRectF(x - _REACH, canvas.top(), 2 * _REACH, canvas.height()))

    def _paint_lines(self, painter: QPainter) -> None:
        if self._place is None:
            return
        # Through the middle of a pixel a line of width 1 is sharp.
        x, y = floor(self._place.x()) + 0.5, floor(self._place.y()) + 0.5
        width, height = self._canvas.width(), self._canvas.height()
        lines = ((0, y, x - _GAP, y), (x + _GAP, y, width, y), (x, 0, x, y - _GAP), (x, y + _GAP, x, height))
        for colour, thickness in _CROSSHAIR_PENS:
            painter.setPen(QPen(colour, thickness))
            for x0, y0, x1, y1 in lines:
                painter.drawLine(QPointF(x0, y0), QPointF(x1, y1))

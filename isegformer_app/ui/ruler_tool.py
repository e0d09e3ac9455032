"""The ruler: lines to measure by, drawn on a slice and left there until they are cleared."""

from dataclasses import replace
from math import hypot
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from isegformer_app.document import Ruler
from isegformer_app.document.ruler import Point

from .canvas_tools import CanvasTool
from .pointer import CLICK_REACH, Pointer
from .view_geometry import ViewGeometry

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE, _SHADE, _PLATE = QColor(255, 214, 64), QColor(0, 0, 0, 170), QColor(20, 22, 26, 200)
_REACH = 9.0
"""Logical pixels from the end of a line within which it can be taken hold of."""
_TICK = 6.0
_GAP = 12.0
_WORDS_PX = 13


class RulerTool(CanvasTool):
    """Draws a line with the left button; its ends can be moved afterwards. The lines belong to the slice shown."""

    is_still_with_right = True
    takes_slice = False
    changed = Signal(object)
    """All lines of the slice, after one was drawn, moved or removed."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.words_of: Callable[[Ruler], str] = lambda ruler: ""
        """What stands at a line."""
        self.rulers: tuple[Ruler, ...] = ()
        self._before: tuple[Ruler, ...] | None = None
        """The lines before one of them was begun or taken hold of."""
        self._held = 0, "end"
        self._hovered: tuple[int, str] | None = None

    def show(self, rulers: tuple[Ruler, ...]) -> None:
        """Have these lines."""
        self.rulers, self._before, self._hovered = rulers, None, None

    def press(self, pointer: Pointer) -> bool:
        """Take hold of an end, or begin a line."""
        if not pointer.is_left:
            return False
        held = self._end_under(pointer)
        self._before = self.rulers
        if held is None:
            held = len(self.rulers), "end"
            point = _on_image(pointer)
            self.rulers = (*self.rulers, Ruler(point, point))
        self._held = held
        return True

    def move(self, pointer: Pointer) -> bool:
        """Draw the line on, or say which end is under the pointer."""
        if self._before is not None:
            number, end = self._held
            moved = replace(self.rulers[number], **{end: _on_image(pointer)})
            self.rulers = (*self.rulers[:number], moved, *self.rulers[number + 1 :])
            return True
        before, self._hovered = self._hovered, self._end_under(pointer)
        return before != self._hovered

    def release(self, pointer: Pointer) -> bool:
        """Leave the line there; one that is too short to be seen is none."""
        if self._before is None or not pointer.is_left:
            return False
        before, self._before = self._before, None
        number = self._held[0]
        if _length_on_screen(self.rulers[number], pointer.geometry) < CLICK_REACH:
            self.rulers = (*self.rulers[:number], *self.rulers[number + 1 :])
        if self.rulers != before:
            self.changed.emit(self.rulers)
        return True

    def leave(self) -> None:
        """No end is under the cursor any more."""
        self._hovered = None

    def cancel(self) -> bool:
        """Put the line that is being drawn or moved back."""
        if self._before is None:
            return False
        self.show(self._before)
        return True

    def step_back(self) -> bool:
        """Remove the newest line."""
        return self._remove(len(self.rulers) - 1) if self.rulers and self._before is None else False

    def remove_hovered(self) -> bool:
        """Remove the line whose end is under the cursor."""
        return self._remove(self._hovered[0]) if self._hovered is not None and self._before is None else False

    def draw(self, painter: QPainter, geometry: ViewGeometry, *, is_in_hand: bool) -> None:
        """Draw all lines, with ends to take hold of where the tool `is_in_hand`."""
        font = painter.font()
        font.setPixelSize(_WORDS_PX)
        painter.setFont(font)
        for number, ruler in enumerate(self.rulers):
            start, end = (_on_screen(point, geometry) for point in (ruler.start, ruler.end))
            reach = QRectF(start, end).normalized().adjusted(-_TICK, -_TICK, _TICK, _TICK)
            if not reach.intersects(QRectF(0, 0, *geometry.canvas)):
                # Its length would stand at the edge without it.
                continue
            _draw_line(painter, start, end)
            if is_in_hand:
                for name, place in (("start", start), ("end", end)):
                    _draw_end(painter, place, is_hovered=self._hovered == (number, name))
            _write(painter, start, end, self.words_of(ruler), geometry.canvas)

    def _remove(self, number: int) -> bool:
        self.show((*self.rulers[:number], *self.rulers[number + 1 :]))
        self.changed.emit(self.rulers)
        return True

    def _end_under(self, pointer: Pointer) -> tuple[int, str] | None:
        """Number and end of the nearest line within reach, the newest first."""
        found: tuple[float, int, str] | None = None
        for number, ruler in reversed(list(enumerate(self.rulers))):
            for name, point in (("end", ruler.end), ("start", ruler.start)):
                place = _on_screen(point, pointer.geometry)
                apart = hypot(place.x() - pointer.x, place.y() - pointer.y)
                if apart <= _REACH and (found is None or apart < found[0]):
                    found = apart, number, name
        return None if found is None else found[1:]


def _on_image(pointer: Pointer) -> Point:
    """Where the pointer is, or the nearest point of the image."""
    rows, cols = pointer.geometry.image
    row, col = pointer.point
    return min(max(row, -0.5), rows - 0.5), min(max(col, -0.5), cols - 0.5)


def _on_screen(point: Point, geometry: ViewGeometry) -> QPointF:
    return QPointF(*geometry.to_screen(point[0] + 0.5, point[1] + 0.5))


def _length_on_screen(ruler: Ruler, geometry: ViewGeometry) -> float:
    way = _on_screen(ruler.end, geometry) - _on_screen(ruler.start, geometry)
    return hypot(way.x(), way.y())


def _draw_line(painter: QPainter, start: QPointF, end: QPointF) -> None:
    """Draw the line, with a tick across it at each end."""
    way = end - start
    length = hypot(way.x(), way.y()) or 1.0
    across = QPointF(-way.y(), way.x()) * (_TICK / length)
    for pen in (QPen(_SHADE, 4), QPen(_LINE, 1.6)):
        painter.setPen(pen)
        painter.drawLine(start, end)
        for place in (start, end):
            painter.drawLine(place - across, place + across)


def _draw_end(painter: QPainter, place: QPointF, *, is_hovered: bool) -> None:
    painter.setPen(QPen(_SHADE, 1))
    painter.setBrush(QColor(255, 255, 255) if is_hovered else _LINE)
    size = 5.5 if is_hovered else 4.0
    painter.drawEllipse(place, size, size)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _write(painter: QPainter, start: QPointF, end: QPointF, words: str, canvas: tuple[int, int]) -> None:
    """Write beyond the end of the line; where the canvas ends too soon for that, above it or below."""
    if not words:
        return
    metrics = QFontMetricsF(painter.font())
    width, height = metrics.horizontalAdvance(words) + 10, metrics.height() + 4
    way = end - start
    length = hypot(way.x(), way.y()) or 1.0
    middle = end + way * ((_GAP + abs(way.x()) / length * width / 2 + abs(way.y()) / length * height / 2) / length)
    left = min(max(middle.x() - width / 2, 2.0), canvas[0] - width - 2)
    top = min(max(middle.y() - height / 2, 2.0), canvas[1] - height - 2)
    plate = QRectF(left, top, width, height)
    if plate.adjusted(-_TICK, -_TICK, _TICK, _TICK).contains(end):
        above = end.y() - _GAP - height
        plate.moveTop(above if above >= 0 else end.y() + _GAP)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_PLATE)
    painter.drawRoundedRect(plate, 4, 4)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(_LINE)
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, words)

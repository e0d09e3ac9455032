"""The tools of the canvas: each turns mouse events into one kind of signal and draws what it is doing."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen

from isegformer_app.document import Click

from .markers import NEGATIVE, POSITIVE, marker_at, paint_marker
from .pointer import Pointer
from .view_geometry import ViewGeometry


class CanvasTool(QObject):
    """A tool that does nothing; the others override what they need. Answers True where it used the event."""

    cursor = Qt.CursorShape.CrossCursor
    is_still_with_right = False
    """Whether the right button only clicks, so that a drag with it may move the photo."""
    takes_slice = True
    """Whether a press makes the slice under it the one that is worked on."""

    def press(self, pointer: Pointer) -> bool:
        """A button went down."""
        return False

    def move(self, pointer: Pointer) -> bool:
        """The mouse moved; True where the canvas must be drawn again."""
        return False

    def release(self, pointer: Pointer) -> bool:
        """A button went up."""
        return False

    def double_click(self, pointer: Pointer) -> bool:
        """A button went down a second time."""
        return self.press(pointer)

    def leave(self) -> None:
        """The cursor left the canvas."""

    def cancel(self) -> bool:
        """Leave what was begun; whether there was anything."""
        return False

    def step_back(self) -> bool:
        """Take the last point of what was begun back; whether there was one."""
        return False

    def remove_hovered(self) -> bool:
        """Remove what of the tool's own is under the cursor; whether there was anything."""
        return False

    def complete(self) -> bool:
        """Bring what was begun to its end; whether there was anything."""
        return False

    def paint(self, painter: QPainter, geometry: ViewGeometry) -> None:
        """Draw what is under way."""


class PointsTool(CanvasTool):
    """Clicks: left on the object, right beside it, Shift or a flipped sign for the opposite.

    A marker can be dragged, flipped with Ctrl+click and removed with Alt+click.
    """

    is_still_with_right = True
    clicked = Signal(int, int, bool)
    moved = Signal(int, int, int)
    flipped = Signal(int)
    removed = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_flipped = False
        """Whether the left button means negative, for hands with one button."""
        self._clicks: tuple[Click, ...] = ()
        self.hovered: int | None = None
        self._pressed: Pointer | None = None
        self._dragged: int | None = None
        self._drag_point: Pointer | None = None

    @property
    def clicks(self) -> tuple[Click, ...]:
        """The clicks that have markers."""
        return self._clicks

    def show(self, clicks: tuple[Click, ...], hovered: int | None) -> None:
        """Have these markers, one of which may be under the pointer."""
        self._clicks, self.hovered = clicks, hovered

    def press(self, pointer: Pointer) -> bool:
        """Remember where; the meaning shows on release."""
        if not (pointer.is_left or pointer.is_right):
            return False
        self._pressed, self._drag_point = pointer, None
        self._dragged = marker_at(self.clicks, pointer.geometry, pointer.x, pointer.y) if pointer.is_left else None
        return True

    def move(self, pointer: Pointer) -> bool:
        """Drag a marker, or say which one is under the pointer."""
        if self._pressed is not None and self._dragged is not None and not pointer.is_click_from(self._pressed):
            self._drag_point = pointer
            return True
        before = self.hovered
        self.hovered = marker_at(self.clicks, pointer.geometry, pointer.x, pointer.y)
        return before != self.hovered

    def release(self, pointer: Pointer) -> bool:
        """Click, or put a dragged marker down."""
        pressed, dragged = self._pressed, self._dragged
        if pressed is None or pressed.button != pointer.button:
            return False
        self._pressed = self._dragged = self._drag_point = None
        is_click = pointer.is_click_from(pressed)
        if dragged is not None and not is_click:
            if pointer.pixel is not None:
                self.moved.emit(dragged, *pointer.pixel)
        elif dragged is not None and pressed.has(Qt.KeyboardModifier.AltModifier):
            self.removed.emit(dragged)
        elif dragged is not None and pressed.has(Qt.KeyboardModifier.ControlModifier):
            self.flipped.emit(dragged)
        elif is_click and pressed.pixel is not None:
            is_opposite = pressed.has(Qt.KeyboardModifier.ShiftModifier) ^ self.is_flipped
            self.clicked.emit(*pressed.pixel, pressed.is_left ^ is_opposite)
        return True

    def leave(self) -> None:
        """Nothing is under the pointer any more."""
        self.hovered = None

    def cancel(self) -> bool:
        """Put a dragged marker back."""
        was_dragging = self._drag_point is not None
        self._pressed = self._dragged = self._drag_point = None
        return was_dragging

    def paint(self, painter: QPainter, geometry: ViewGeometry) -> None:
        """Draw the marker that is being dragged."""
        if self._drag_point is not None and self._dragged is not None and self._dragged < len(self.clicks):
            point = QPointF(self._drag_point.x, self._drag_point.y)
            paint_marker(painter, point, self.clicks[self._dragged].is_positive, is_hovered=True)


class BrushTool(CanvasTool):
    """A round brush; the right button, or Ctrl, does the opposite."""

    cursor = Qt.CursorShape.BlankCursor
    stroked = Signal(object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.radius = 10.0
        """In pixels of the photo."""
        self.is_eraser = False
        self._points: list[tuple[float, float]] = []
        self._button = Qt.MouseButton.NoButton
        self._is_erasing = False
        self._under: Pointer | None = None

    def press(self, pointer: Pointer) -> bool:
        """Begin a stroke."""
        if not (pointer.is_left or pointer.is_right):
            return False
        self._button = pointer.button
        is_opposite = pointer.is_right or pointer.has(Qt.KeyboardModifier.ControlModifier)
        self._is_erasing = self.is_eraser ^ is_opposite
        self._points = [pointer.point]
        return True

    def move(self, pointer: Pointer) -> bool:
        """Go on with the stroke, or carry the ring."""
        self._under = pointer
        if self._points:
            self._points.append(pointer.point)
        return True

    def release(self, pointer: Pointer) -> bool:
        """End the stroke."""
        if pointer.button != self._button or not self._points:
            return False
        points, self._points = tuple(self._points), []
        self.stroked.emit(points, self._is_erasing)
        return True

    def leave(self) -> None:
        """Put the ring away."""
        self._under = None

    def cancel(self) -> bool:
        """Forget the stroke."""
        was_drawing = bool(self._points)
        self._points = []
        return was_drawing

    def paint(self, painter: QPainter, geometry: ViewGeometry) -> None:
        """Draw the stroke so far and the ring of the brush."""
        reach = max(self.radius, 0.5) * geometry.scale
        if self._points:
            colour = QColor(NEGATIVE if self._is_erasing else POSITIVE)
            colour.setAlpha(110)
            line = _on_screen(self._points, geometry)
            pen = QPen(colour, 2 * reach, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPolyline(line if len(line) > 1 else [line[0], line[0] + QPointF(0.01, 0)])
        if self._under is not None:
            middle = QPointF(self._under.x, self._under.y)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(0, 0, 0, 160), 3))
            painter.drawEllipse(middle, reach, reach)
            painter.setPen(QPen(NEGATIVE if self.is_eraser else QColor(255, 255, 255), 1.4))
            painter.drawEllipse(middle, reach, reach)


class OutlineTool(CanvasTool):
    """An outline whose inside is added (left button) or taken away (right button): drawn freely, or corner by corner.

    Corners end with a double click, Enter, or a click on the first one.
    """

    outlined = Signal(object, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_freehand = False
        self._corners: list[tuple[float, float]] = []
        self._button = Qt.MouseButton.NoButton
        self._under: Pointer | None = None

    def press(self, pointer: Pointer) -> bool:
        """Put a corner, or begin to draw."""
        if not (pointer.is_left or pointer.is_right):
            return False
        if not self._corners:
            self._button = pointer.button
        elif pointer.button != self._button:
            return True
        if self._is_on_first(pointer):
            return self.complete()
        self._corners.append(pointer.point)
        return True

    def double_click(self, pointer: Pointer) -> bool:
        """Close the outline; the first of the two presses has put the last corner."""
        return self.complete() or self.press(pointer)

    def move(self, pointer: Pointer) -> bool:
        """Draw on, or show the line to the next corner."""
        self._under = pointer
        if self.is_freehand and self._corners:
            self._corners.append(pointer.point)
        return bool(self._corners)

    def release(self, pointer: Pointer) -> bool:
        """End what was drawn freely."""
        if self.is_freehand and self._corners and pointer.button == self._button:
            self.complete()
        return True

    def cancel(self) -> bool:
        """Forget the outline."""
        had_corners = bool(self._corners)
        self._corners = []
        return had_corners

    def step_back(self) -> bool:
        """Take the last corner back."""
        if not self._corners:
            return False
        self._corners.pop()
        return True

    def complete(self) -> bool:
        """Close the outline."""
        corners, self._corners = tuple(self._corners), []
        if len(corners) > 2:  # noqa: PLR2004 - fewer corners enclose nothing
            self.outlined.emit(corners, self._button == Qt.MouseButton.RightButton)
        return bool(corners)

    def paint(self, painter: QPainter, geometry: ViewGeometry) -> None:
        """Draw the outline so far."""
        if not self._corners:
            return
        corners = _on_screen(self._corners, geometry)
        line = list(corners)
        if self._under is not None and not self.is_freehand:
            line.append(QPointF(self._under.x, self._under.y))
        colour = NEGATIVE if self._button == Qt.MouseButton.RightButton else POSITIVE
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for pen in (QPen(QColor(0, 0, 0, 150), 4), QPen(colour, 2)):
            painter.setPen(pen)
            painter.drawPolyline(line)
        if not self.is_freehand:
            painter.setPen(QPen(QColor(0, 0, 0, 150), 1))
            painter.setBrush(QColor(255, 255, 255))
            for corner in corners:
                painter.drawEllipse(corner, 4, 4)

    def _is_on_first(self, pointer: Pointer) -> bool:
        if self.is_freehand or len(self._corners) < 3:  # noqa: PLR2004 - fewer corners enclose nothing
            return False
        first = _on_screen(self._corners[:1], pointer.geometry)[0] - QPointF(pointer.x, pointer.y)
        return bool(first.manhattanLength() <= 8)  # noqa: PLR2004 - logical pixels, about the size of the corner


def _on_screen(points: Sequence[tuple[float, float]], geometry: ViewGeometry) -> list[QPointF]:
    return [QPointF(*geometry.to_screen(row + 0.5, col + 0.5)) for row, col in points]

"""The canvas: the photo, the overlay, the clicks, and the tool in hand."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal, SignalInstance
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QNativeGestureEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QWidget

from isegformer_app.document import Click, Tool

from .canvas_items import Crosshair, ScreenItem
from .canvas_tools import BrushTool, CanvasTool, OutlineTool, PointsTool
from .canvas_view import CanvasView
from .markers import marker_at, paint_marker, paint_spinner, screen_point
from .pointer import Pointer, is_drag
from .ruler_tool import RulerTool

_NOTCH = 1.2
"""Zoom factor of one notch of the wheel."""

_DEGREES_8TH_A_NOTCH = 120
_LEAST_PINCH = 0.1
_SPINNER_MS = 60


class Canvas(CanvasView):
    """Looks and listens; what a gesture means is decided elsewhere. All signals carry rows and columns of the photo."""

    hovered = Signal(object)
    """(row, col) under the cursor, or None."""
    brush_resized = Signal(float)
    grabbed = Signal()
    """The photo is moved by hand."""
    opacity_turned = Signal(int)
    """Notches of the wheel, with Alt held."""
    scrolled = Signal(int)
    """Slices that the wheel turned."""
    time_turned = Signal(int)
    """Time points that the wheel turned, with Shift held."""
    levelled = Signal(float, float)
    """Logical pixels to the right and down that the right button was drawn."""
    pointed = Signal(int, int)
    """The pixel under the cursor as it moves with Shift held."""
    double_clicked_beside = Signal()
    """Twice, beside the slice."""
    pressed = Signal()
    """A button went down over the picture, with a tool that takes the slice; the tool hears of it afterwards."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points, self.brush, self.outline = PointsTool(self), BrushTool(self), OutlineTool(self)
        self.ruler = RulerTool(self)
        self.is_panning_with_left = False
        """While Space is held, the left button moves the photo."""
        self.is_sliced, self.is_levelled = False, False
        """Whether the wheel turns slices, and whether drawing with the right button changes the grey window."""
        self._tool: CanvasTool = self.points
        self._pressed_right: QPointF | None = None
        self._grip: QPointF | None = None
        self._level_grip: QPointF | None = None
        self._turned = 0.0
        self._has_crosshair = True
        self._turn = 0
        self._spinner = QTimer(self, interval=_SPINNER_MS)
        self._spinner.timeout.connect(self._spin)
        self._crosshair = Crosshair(depth=2)
        self.lay_over(self._crosshair)
        self._markers_item = self.lay_over(ScreenItem(self._paint_markers, depth=3))
        self._tool_item = self.lay_over(ScreenItem(self._paint_tool, depth=4))
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Canvas")
        self.setCursor(self._tool.cursor)

    # What is shown ----------------------------------------------------------------------------------------------

    def redraw_tool(self) -> None:
        """Draw again what the tool in hand shows."""
        self._tool_item.update()

    def show_clicks(self, clicks: tuple[Click, ...]) -> None:
        """Show these markers."""
        view, place, hovered = self.geometry_of_view, self._under, None
        if view is not None and place is not None and self._tool is self.points:
            hovered = marker_at(clicks, view, place.x(), place.y())
        self.points.show(clicks, hovered)
        self._markers_item.update()

    def set_waiting(self, is_waiting: bool) -> None:
        """Turn a ring round the newest click, or stop it."""
        if is_waiting == self._spinner.isActive():
            return
        if is_waiting:
            self._spinner.start()
        else:
            self._spinner.stop()
        self._markers_item.update()

    def set_peeking(self, is_peeking: bool) -> None:
        """Hide the overlay, or show it again."""
        self._overlay_item.setVisible(not is_peeking)
        self._markers_item.setVisible(not is_peeking)

    def set_crosshair(self, is_shown: bool) -> None:
        """Draw lines through the cursor, or none."""
        self._has_crosshair = is_shown
        self._place_crosshair()

    # The tool ---------------------------------------------------------------------------------------------------

    @property
    def tool(self) -> CanvasTool:
        """The tool in hand."""
        return self._tool

    def take(self, tool: Tool) -> None:
        """Take another tool in hand; what was begun with the one before is dropped."""
        self._tool.cancel()
        self.brush.is_eraser = tool is Tool.ERASER
        self.outline.is_freehand = tool is Tool.LASSO
        by_name: dict[Tool, CanvasTool] = {
            Tool.CLICK: self.points,
            Tool.BRUSH: self.brush,
            Tool.ERASER: self.brush,
            Tool.POLYGON: self.outline,
            Tool.LASSO: self.outline,
            Tool.RULER: self.ruler,
        }
        if by_name[tool] is not self._tool:
            self._tool.leave()
        self._tool = by_name[tool]
        if self.geometry_of_view is not None and self._under is not None:
            # It shows at once what it shows where the mouse is.
            self._tool.move(Pointer.at(self._under, self.geometry_of_view))
        self._markers_item.update()
        self._show_cursor()
        self.redraw_tool()

    # Drawing ----------------------------------------------------------------------------------------------------

    def _spin(self) -> None:
        self._turn = (self._turn + 24) % 360
        self._markers_item.update()

    def _paint_markers(self, painter: QPainter) -> None:
        view, clicks = self.geometry_of_view, self.points.clicks
        if view is None:
            return
        for index, click in enumerate(clicks):
            paint_marker(painter, screen_point(click, view), click.is_positive, index == self.points.hovered)
        if self._spinner.isActive() and clicks:
            paint_spinner(painter, screen_point(clicks[-1], view), self._turn)

    def _paint_tool(self, painter: QPainter) -> None:
        if self.geometry_of_view is not None:
            self.ruler.draw(painter, self.geometry_of_view, is_in_hand=self._tool is self.ruler)
            self._tool.paint(painter, self.geometry_of_view)

    def _place_crosshair(self) -> None:
        is_shown = self._has_crosshair and self._grip is None and self._tool is self.points
        self._crosshair.move_to(self._under if is_shown and self.geometry_of_view is not None else None)

    # The mouse: pyqtgraph's own gestures are never asked -----------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or give the press to the tool."""
        self._press(event, self._tool.press)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take the second press like the first: two quick clicks are two clicks, and the tool knows what closes."""
        view, place = self.geometry_of_view, event.position()
        if self.is_sliced and view is not None and view.pixel_at(place.x(), place.y()) is None:
            self.pressed.emit()
            self.double_clicked_beside.emit()
        else:
            self._press(event, self._tool.double_click)

    def _press(self, event: QMouseEvent, tell_tool: Callable[[Pointer], bool]) -> None:
        if self.geometry_of_view is None:
            return
        is_left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (is_left and self.is_panning_with_left):
            self._grab(event.position())
        elif self._grip is None:
            if self._tool.takes_slice:
                self.pressed.emit()
            if event.button() == Qt.MouseButton.RightButton and self._tool.is_still_with_right:
                self._pressed_right = event.position()
            tell_tool(Pointer.of(event, self.geometry_of_view))
            self.redraw_tool()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, or let the tool follow."""
        if self.geometry_of_view is None:
            return
        self._under = event.position()
        if self._pressed_right is not None and is_drag(self._pressed_right, event.position()):
            self._tool.cancel()
            if self.is_levelled:
                self._level_grip, self._pressed_right = self._pressed_right, None
            else:
                self._grab(self._pressed_right)
        if self._level_grip is not None:
            shift = event.position() - self._level_grip
            self._level_grip = event.position()
            self.levelled.emit(shift.x(), shift.y())
            return
        if self._grip is not None:
            shift = event.position() - self._grip
            self._grip = event.position()
            self._set_view(self.geometry_of_view.panned(shift.x(), shift.y()))
            return
        pointer = Pointer.of(event, self.geometry_of_view)
        if self._tool.move(pointer):
            self._markers_item.update()
            self.redraw_tool()
        self._place_crosshair()
        is_free = event.buttons() == Qt.MouseButton.NoButton
        if is_free and pointer.pixel is not None and pointer.has(Qt.KeyboardModifier.ShiftModifier) and self.is_sliced:
            self.pointed.emit(*pointer.pixel)
        self.hovered.emit(pointer.pixel)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End panning, or give the release to the tool."""
        self._pressed_right = None
        if self.geometry_of_view is None:
            return
        if self._level_grip is not None:
            self._level_grip = None
        elif self._grip is not None:
            self._grip = None
            self._show_cursor()
        else:
            self._tool.release(Pointer.of(event, self.geometry_of_view))
        self.redraw_tool()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the crosshair and the position."""
        self._under = event.position()
        self._place_crosshair()
        self.hovered.emit(self.pixel_under_cursor)

    def leaveEvent(self, event: object) -> None:
        """Take crosshair and position away."""
        self._under = None
        self._tool.leave()
        self.redraw_tool()
        self._place_crosshair()
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor, or turn slices; with Shift change the brush or the time, with Alt the opacity."""
        # With Alt or Shift held, some systems turn the wheel sideways.
        delta = event.angleDelta().y() or event.angleDelta().x()
        if self.geometry_of_view is None or delta == 0:
            return
        notches, keys = delta / _DEGREES_8TH_A_NOTCH, event.modifiers()
        if keys & Qt.KeyboardModifier.AltModifier:
            self.opacity_turned.emit(1 if delta > 0 else -1)
        elif keys & Qt.KeyboardModifier.ShiftModifier and self._tool is self.brush:
            self.brush_resized.emit(_NOTCH**notches)
        elif keys & Qt.KeyboardModifier.ControlModifier or not self.is_sliced:
            self.zoom(_NOTCH**notches, event.position())
        else:
            self._turn_slices(-notches, self.time_turned if keys & Qt.KeyboardModifier.ShiftModifier else self.scrolled)
        event.accept()

    def _turn_slices(self, notches: float, told: SignalInstance) -> None:
        """Tell whole notches: a trackpad turns by parts of one."""
        self._turned = notches + (self._turned if self._turned * notches > 0 else 0.0)
        whole = int(self._turned)
        if whole:
            self._turned -= whole
            told.emit(whole)

    def viewportEvent(self, event: QEvent) -> bool:
        """Zoom at the fingers that pinch a trackpad."""
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            # The growth since the event before: a wild one must not turn the photo inside out.
            self.zoom(max(1.0 + event.value(), _LEAST_PINCH), event.position())
            return True
        return bool(super().viewportEvent(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave keys to the window: a view would scroll with the arrows."""
        event.ignore()

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Leave keys to the window."""
        event.ignore()

    def set_space_held(self, is_held: bool) -> None:
        """Let the left button pan while Space is held."""
        self.is_panning_with_left = is_held
        self._show_cursor()

    def _grab(self, place: QPointF) -> None:
        self._grip, self._pressed_right = place, None
        self._show_cursor()
        self.grabbed.emit()

    def _show_cursor(self) -> None:
        if self._grip is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self.is_panning_with_left:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(self._tool.cursor)
        self._place_crosshair()

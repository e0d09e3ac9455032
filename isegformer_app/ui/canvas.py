"""The canvas: the photo, the overlay, the clicks, and the tool in hand."""

from collections.abc import Callable

from pyqtgraph import GraphicsView
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from isegformer_app.controllers.shown_labels import Rectangle, ShownLabels
from isegformer_app.document import Click, Tool

from .canvas_items import Crosshair, PhotoItem, ScreenItem
from .canvas_tools import BrushTool, CanvasTool, OutlineTool, PointsTool
from .markers import paint_marker, paint_spinner, screen_point
from .overlay_layer import OverlayLayer
from .photo_layer import PhotoLayer
from .photo_view import PhotoView
from .pointer import Pointer, is_drag
from .view_geometry import ViewGeometry

_NOTCH = 1.2
"""Zoom factor of one notch of the wheel."""

_DEGREES_8TH_A_NOTCH = 120
_LEAST_PINCH = 0.1
_SPINNER_MS = 60
_REST_MS = 120
"""So long after its last move the view is at rest."""

_MARGIN_COLOUR = QColor(38, 40, 44)
_RIM = 6
"""Logical pixels round changed labels: the edges of their neighbours may change."""


class Canvas(GraphicsView):
    """Looks and listens; what a gesture means is decided elsewhere. All signals carry rows and columns of the photo."""

    hovered = Signal(object)
    """(row, col) under the cursor, or None."""
    view_changed = Signal()
    brush_resized = Signal(float)
    grabbed = Signal()
    """The photo is moved by hand."""
    opacity_turned = Signal(int)
    """Notches of the wheel, with Alt held."""

    geometry_of_view: ViewGeometry | None = None
    """Where the photo lies on the canvas; None while there is no photo."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=_MARGIN_COLOUR)
        self.points, self.brush, self.outline = PointsTool(self), BrushTool(self), OutlineTool(self)
        self.is_panning_with_left = False
        """While Space is held, the left button moves the photo."""
        self._overlay = OverlayLayer()
        self._tool: CanvasTool = self.points
        self._under: QPointF | None = None
        self._pressed_right: QPointF | None = None
        self._grip: QPointF | None = None
        self._has_crosshair = True
        self._before_actual: ViewGeometry | None = None
        self._turn = 0
        self._spinner = QTimer(self, interval=_SPINNER_MS)
        self._spinner.timeout.connect(self._spin)
        self._motion = QTimer(self, interval=_REST_MS, singleShot=True)
        """Runs while the view moves: a dense screen then gets one drawn pixel for each logical one, for speed."""
        self._motion.timeout.connect(self._come_to_rest)
        self._fill_scene()
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        # Files that are dropped belong to the window, and the right button to the tools.
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Canvas")
        self.setCursor(self._tool.cursor)

    def _fill_scene(self) -> None:
        self._view, self._photo_item = PhotoView(), PhotoItem()
        self._view.addItem(self._photo_item, ignoreBounds=True)
        self.setCentralItem(self._view)
        self._overlay_item = ScreenItem(self._paint_overlay, depth=1)
        self._crosshair = Crosshair(depth=2)
        self._markers_item = ScreenItem(self._paint_markers, depth=3)
        self._tool_item = ScreenItem(self._paint_tool, depth=4)
        self._screen_items = (self._overlay_item, self._crosshair, self._markers_item, self._tool_item)
        for item in self._screen_items:
            self.scene().addItem(item)

    def minimumSizeHint(self) -> QSize:
        """Answer Qt: a canvas this small still shows something."""
        return QSize(240, 180)

    def close(self) -> bool:
        """Close like any widget: pyqtgraph's way takes the scene apart while it may still be drawn."""
        return QWidget.close(self)

    # What is shown ----------------------------------------------------------------------------------------------

    def show_labels(self, labels: ShownLabels) -> None:
        """Draw another label plane."""
        self._overlay.set_labels(labels.plane)
        self.redraw()

    def show_photo(self, photo: PhotoLayer, view: ViewGeometry | None) -> None:
        """Show another photo, looked at as given, or fitted."""
        self._photo_item.show_layer(photo)
        self._before_actual = None
        self.geometry_of_view = None
        if view is not None:
            self._set_view(ViewGeometry(view.image, self._canvas_size(), view.scale, view.row, view.col))
        self._motion.stop()
        self._come_to_rest()

    def labels_changed(self, rectangle: Rectangle) -> None:
        """Draw the labels of a rectangle again."""
        self._overlay.changed(rectangle)
        view = self.geometry_of_view
        if view is not None:
            top, left, bottom, right = rectangle
            (x0, y0), (x1, y1) = view.to_screen(top, left), view.to_screen(bottom, right)
            self._overlay_item.update(QRectF(x0, y0, x1 - x0, y1 - y0).adjusted(-_RIM, -_RIM, _RIM, _RIM))

    @property
    def overlay(self) -> OverlayLayer:
        """The labels; call `redraw` after giving it other colours."""
        return self._overlay

    def redraw(self) -> None:
        """Draw everything again."""
        self.viewport().update()

    def redraw_tool(self) -> None:
        """Draw again what the tool in hand shows."""
        self._tool_item.update()

    def show_clicks(self, clicks: tuple[Click, ...]) -> None:
        """Show these markers."""
        self.points.show(clicks)
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
        }
        self._tool = by_name[tool]
        self._show_cursor()
        self.redraw_tool()

    # How it is looked at ----------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole photo; once more, what was seen before."""
        view = self.geometry_of_view
        if view is None:
            return
        fitted = view.fitted()
        if view == fitted and self._before_actual is not None:
            self._set_view(self._before_actual)
        else:
            self._before_actual = view
            self._set_view(fitted)

    def show_actual_size(self) -> None:
        """Show one photo pixel as one screen pixel, about the cursor."""
        if self.geometry_of_view is not None:
            wanted = 1 / self.devicePixelRatioF()
            self.zoom(wanted / self.geometry_of_view.scale)

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by a factor about a point, by default the cursor or the middle."""
        view = self.geometry_of_view
        if view is not None:
            point = about or self._under or QPointF(self.width() / 2, self.height() / 2)
            self._set_view(view.zoomed(factor, point.x(), point.y()))

    def _set_view(self, view: ViewGeometry) -> None:
        if view != self.geometry_of_view:
            self.geometry_of_view = view
            self._view.look(view)
            if self.devicePixelRatioF() > 1:
                self._motion.start()
            self._photo_item.detail = self._detail()
            self.redraw()
            self.view_changed.emit()

    def _come_to_rest(self) -> None:
        self._photo_item.detail = self._detail()
        self.redraw()

    def _detail(self) -> float:
        """Drawn pixels a logical pixel."""
        return 1.0 if self._motion.isActive() else self.devicePixelRatioF()

    def _canvas_size(self) -> tuple[int, int]:
        return max(self.width(), 1), max(self.height(), 1)

    # Drawing ----------------------------------------------------------------------------------------------------

    def _spin(self) -> None:
        self._turn = (self._turn + 24) % 360
        self._markers_item.update()

    def _paint_overlay(self, painter: QPainter) -> None:
        if self.geometry_of_view is not None:
            self._overlay.paint(painter, self.geometry_of_view, self._detail())

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
            self._tool.paint(painter, self.geometry_of_view)

    def _place_crosshair(self) -> None:
        is_shown = self._has_crosshair and self._grip is None and self._tool is self.points
        self._crosshair.move_to(self._under if is_shown and self.geometry_of_view is not None else None)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep what is in the middle there; a photo that was fitted stays fitted."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        view = self.geometry_of_view
        # pyqtgraph calls this once while it builds the view: nothing of ours is there yet.
        for item in getattr(self, "_screen_items", ()):
            item.set_canvas(QRectF(self.rect()))
        if view is not None:
            was_fitted = view == view.fitted()
            moved = ViewGeometry(view.image, self._canvas_size(), view.scale, view.row, view.col)
            self._set_view(moved.fitted() if was_fitted else moved)

    # The mouse: pyqtgraph's own gestures are never asked -----------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or give the press to the tool."""
        self._press(event, self._tool.press)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take the second press like the first: two quick clicks are two clicks, and the tool knows what closes."""
        self._press(event, self._tool.double_click)

    def _press(self, event: QMouseEvent, tell_tool: Callable[[Pointer], bool]) -> None:
        if self.geometry_of_view is None:
            return
        is_left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (is_left and self.is_panning_with_left):
            self._grab(event.position())
        elif self._grip is None:
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
            self._grab(self._pressed_right)
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
        self.hovered.emit(pointer.pixel)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End panning, or give the release to the tool."""
        self._pressed_right = None
        if self.geometry_of_view is None:
            return
        if self._grip is not None:
            self._grip = None
            self._show_cursor()
        else:
            self._tool.release(Pointer.of(event, self.geometry_of_view))
        self.redraw_tool()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the crosshair."""
        self._under = event.position()
        self._place_crosshair()

    def leaveEvent(self, event: object) -> None:
        """Take crosshair and position away."""
        self._under = None
        self._tool.leave()
        self.redraw_tool()
        self._place_crosshair()
        self.hovered.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; with Shift change the brush, with Alt the opacity."""
        # With Alt held, some systems turn the wheel sideways.
        delta = event.angleDelta().y() or event.angleDelta().x()
        if self.geometry_of_view is None or delta == 0:
            return
        notches = delta / _DEGREES_8TH_A_NOTCH
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.opacity_turned.emit(1 if delta > 0 else -1)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._tool is self.brush:
            self.brush_resized.emit(_NOTCH**notches)
        else:
            self.zoom(_NOTCH**notches, event.position())
        event.accept()

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

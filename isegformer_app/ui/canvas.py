"""The canvas: the photo, the overlay, the clicks, and the tool in hand."""

from PySide6.QtCore import QPointF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from isegformer_app.controllers.shown_labels import Rectangle, ShownLabels
from isegformer_app.document import Click, Tool

from .canvas_tools import BrushTool, CanvasTool, OutlineTool, PointsTool
from .markers import paint_marker, paint_spinner, screen_point
from .overlay_layer import OverlayLayer
from .photo_layer import PhotoLayer
from .pointer import Pointer
from .view_geometry import ViewGeometry

_NOTCH = 1.2
"""Zoom factor of one notch of the wheel."""

_DEGREES_8TH_A_NOTCH = 120
_SPINNER_MS = 60
_MARGIN_COLOUR = QColor(38, 40, 44)


class Canvas(QWidget):
    """Looks and listens; what a gesture means is decided elsewhere. All signals carry rows and columns of the photo."""

    hovered = Signal(object)
    """(row, col) under the cursor, or None."""
    view_changed = Signal()
    brush_resized = Signal(float)
    grabbed = Signal()
    """The photo is moved by hand."""
    opacity_turned = Signal(int)
    """Notches of the wheel, with Alt held."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points, self.brush, self.outline = PointsTool(self), BrushTool(self), OutlineTool(self)
        self.geometry_of_view: ViewGeometry | None = None
        self.is_panning_with_left = False
        """While Space is held, the left button moves the photo."""
        self._photo, self._overlay = PhotoLayer(), OverlayLayer()
        self._tool: CanvasTool = self.points
        self._backdrop: QPixmap | None = None
        self._under: QPointF | None = None
        self._grip: QPointF | None = None
        self._is_peeking = False
        self._has_crosshair = True
        self._before_actual: ViewGeometry | None = None
        self._turn = 0
        self._spinner = QTimer(self, interval=_SPINNER_MS)
        self._spinner.timeout.connect(self._spin)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Canvas")
        self.setCursor(self._tool.cursor)

    def minimumSizeHint(self) -> QSize:
        """Answer Qt: a canvas this small still shows something."""
        return QSize(240, 180)

    # What is shown ----------------------------------------------------------------------------------------------

    @property
    def photo_layer(self) -> PhotoLayer:
        """The photo."""
        return self._photo

    def show_labels(self, labels: ShownLabels) -> None:
        """Draw another label plane."""
        self._overlay.set_labels(labels.plane)
        self._redraw()

    def show_photo(self, photo: PhotoLayer, view: ViewGeometry | None) -> None:
        """Show another photo, looked at as given, or fitted."""
        self._photo = photo
        self._before_actual = None
        self.geometry_of_view = view
        if view is not None:
            self._set_view(ViewGeometry(view.image, self._canvas_size(), view.scale, view.row, view.col))
        self._redraw()

    def labels_changed(self, rectangle: Rectangle) -> None:
        """Draw the labels of a rectangle again."""
        self._overlay.changed(rectangle)
        self._redraw()

    @property
    def overlay(self) -> OverlayLayer:
        """The labels; call `redraw` after giving it other colours."""
        return self._overlay

    def redraw(self) -> None:
        """Draw everything again."""
        self._redraw()

    def show_clicks(self, clicks: tuple[Click, ...]) -> None:
        """Show these markers."""
        self.points.show(clicks)
        self.update()

    def set_waiting(self, is_waiting: bool) -> None:
        """Turn a ring round the newest click, or stop it."""
        if is_waiting == self._spinner.isActive():
            return
        if is_waiting:
            self._spinner.start()
        else:
            self._spinner.stop()
        self.update()

    def set_peeking(self, is_peeking: bool) -> None:
        """Hide the overlay, or show it again."""
        self._is_peeking = is_peeking
        self._redraw()

    def set_crosshair(self, is_shown: bool) -> None:
        """Draw lines through the cursor, or none."""
        self._has_crosshair = is_shown
        self.update()

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
        self.update()

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
            self._redraw()
            self.view_changed.emit()

    def _canvas_size(self) -> tuple[int, int]:
        return max(self.width(), 1), max(self.height(), 1)

    # Drawing ----------------------------------------------------------------------------------------------------

    def _redraw(self) -> None:
        self._backdrop = None
        self.update()

    def _spin(self) -> None:
        self._turn = (self._turn + 24) % 360
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the backdrop, which is kept while only the cursor moves, and what lies over it."""
        painter = QPainter(self)
        view = self.geometry_of_view
        if view is None:
            painter.fillRect(self.rect(), _MARGIN_COLOUR)
            return
        if self._backdrop is None or self._backdrop.devicePixelRatio() != self.devicePixelRatioF():
            self._backdrop = self._painted_backdrop(view)
        painter.drawPixmap(0, 0, self._backdrop)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_crosshair(painter)
        if not self._is_peeking:
            for index, click in enumerate(self.points.clicks):
                paint_marker(painter, screen_point(click, view), click.is_positive, index == self.points.hovered)
            if self._spinner.isActive() and self.points.clicks:
                paint_spinner(painter, screen_point(self.points.clicks[-1], view), self._turn)
        self._tool.paint(painter, view)

    def _painted_backdrop(self, view: ViewGeometry) -> QPixmap:
        ratio = self.devicePixelRatioF()
        backdrop = QPixmap(self.size() * ratio)
        backdrop.setDevicePixelRatio(ratio)
        backdrop.fill(_MARGIN_COLOUR)
        painter = QPainter(backdrop)
        self._photo.paint(painter, view, ratio)
        if not self._is_peeking:
            self._overlay.paint(painter, view, ratio)
        painter.end()
        return backdrop

    def _paint_crosshair(self, painter: QPainter) -> None:
        if not self._has_crosshair or self._under is None or self._grip is not None or self._tool is not self.points:
            return
        x, y = self._under.x(), self._under.y()
        gap = 10
        lines = ((0, y, x - gap, y), (x + gap, y, self.width(), y), (x, 0, x, y - gap), (x, y + gap, x, self.height()))
        for colour, width in ((QColor(0, 0, 0, 90), 3.0), (QColor(255, 255, 255, 130), 1.0)):
            painter.setPen(QPen(colour, width))
            for line in lines:
                painter.drawLine(QPointF(line[0], line[1]), QPointF(line[2], line[3]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is in the middle there; a photo that was fitted stays fitted."""
        view = self.geometry_of_view
        if view is not None:
            was_fitted = view == view.fitted()
            moved = ViewGeometry(view.image, self._canvas_size(), view.scale, view.row, view.col)
            self._set_view(moved.fitted() if was_fitted else moved)
        self._redraw()

    # The mouse --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan, or give the press to the tool."""
        if self.geometry_of_view is None:
            return
        is_left = event.button() == Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.MiddleButton or (is_left and self.is_panning_with_left):
            self._grip = event.position()
            self._show_cursor()
            self.grabbed.emit()
        elif self._grip is None:
            self._tool.press(Pointer.of(event, self.geometry_of_view))
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give the second press to the tool: two quick clicks are two clicks."""
        if self.geometry_of_view is None or self._grip is not None:
            return
        self._tool.double_click(Pointer.of(event, self.geometry_of_view))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan, or let the tool follow."""
        if self.geometry_of_view is None:
            return
        self._under = event.position()
        if self._grip is not None:
            shift = event.position() - self._grip
            self._grip = event.position()
            self._set_view(self.geometry_of_view.panned(shift.x(), shift.y()))
        else:
            pointer = Pointer.of(event, self.geometry_of_view)
            if self._tool.move(pointer) or self._has_crosshair:
                self.update()
            self.hovered.emit(pointer.pixel)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End panning, or give the release to the tool."""
        if self.geometry_of_view is None:
            return
        if self._grip is not None:
            self._grip = None
            self._show_cursor()
        else:
            self._tool.release(Pointer.of(event, self.geometry_of_view))
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the crosshair."""
        self._under = event.position()
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Take crosshair and position away."""
        self._under = None
        self.hovered.emit(None)
        self.update()

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

    def set_space_held(self, is_held: bool) -> None:
        """Let the left button pan while Space is held."""
        self.is_panning_with_left = is_held
        self._show_cursor()

    def _show_cursor(self) -> None:
        if self._grip is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        elif self.is_panning_with_left:
            self.setCursor(Qt.CursorShape.OpenHandCursor)
        else:
            self.setCursor(self._tool.cursor)

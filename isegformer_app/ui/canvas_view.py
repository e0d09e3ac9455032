"""A photo or a slice with its overlay, looked at: what is shown, where it lies, how it moves. No tool, no mouse."""

from dataclasses import replace

from pyqtgraph import GraphicsView
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document.geometry import Rectangle

from .canvas_items import PhotoItem, ScreenItem
from .overlay_layer import OverlayLayer
from .photo_layer import PhotoLayer
from .photo_view import PhotoView
from .view_geometry import ViewGeometry

_REST_MS = 120
"""So long after its last move the view is at rest."""

_MARGIN_COLOUR = QColor(38, 40, 44)
_RIM = 6
"""Logical pixels round changed labels: the edges of their neighbours may change."""


class CanvasView(GraphicsView):
    """Carries the photo and, over it, items that draw in pixels of the screen."""

    view_changed = Signal()

    geometry_of_view: ViewGeometry | None = None
    """Where the photo lies on the canvas; None while there is no photo."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=_MARGIN_COLOUR)
        self._overlay = OverlayLayer()
        self._under: QPointF | None = None
        self._before_actual: ViewGeometry | None = None
        self._screen_items: list[ScreenItem] = []
        self._motion = QTimer(self, interval=_REST_MS, singleShot=True)
        """Runs while the view moves: a dense screen then gets one drawn pixel for each logical one, for speed."""
        self._motion.timeout.connect(self._come_to_rest)
        self._view, self._photo_item = PhotoView(), PhotoItem()
        self._view.addItem(self._photo_item, ignoreBounds=True)
        self.setCentralItem(self._view)
        self._overlay_item = self.lay_over(ScreenItem(self._paint_overlay, depth=1))
        # Files that are dropped belong to the window, and the right button to the tools.
        self.setAcceptDrops(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def lay_over(self, item: ScreenItem) -> ScreenItem:
        """Let an item draw over the photo, in logical pixels of the canvas."""
        self._screen_items.append(item)
        self.scene().addItem(item)
        item.set_canvas(QRectF(self.rect()))
        return item

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
        self._photo_item.set_pixel((1.0, 1.0) if view is None else view.pixel)
        self._before_actual = None
        self.geometry_of_view = None
        if view is not None:
            self._set_view(replace(view, canvas=self._canvas_size()))
        self._motion.stop()
        self._come_to_rest()

    def show_slice(self, photo: PhotoLayer) -> None:
        """Show another picture of the same size in the place of the one before."""
        self._photo_item.show_layer(photo)
        self.redraw()

    def labels_changed(self, rectangle: Rectangle) -> None:
        """Draw the labels of a rectangle again."""
        self._overlay.changed(rectangle)
        view = self.geometry_of_view
        if view is not None:
            top, left, bottom, right = rectangle
            corners = QPointF(*view.to_screen(top, left)), QPointF(*view.to_screen(bottom, right))
            self._overlay_item.update(QRectF(*corners).normalized().adjusted(-_RIM, -_RIM, _RIM, _RIM))

    @property
    def is_hovered(self) -> bool:
        """Whether the mouse is over it."""
        return self._under is not None and self.isVisible()

    @property
    def pixel_under_cursor(self) -> tuple[int, int] | None:
        """Row and column of the pixel under the cursor; None where there is none."""
        view, place = self.geometry_of_view, self._under
        return None if view is None or place is None else view.pixel_at(place.x(), place.y())

    @property
    def overlay(self) -> OverlayLayer:
        """The labels; call `redraw` after giving it other colours."""
        return self._overlay

    def redraw(self) -> None:
        """Draw everything again."""
        self.viewport().update()

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

    def _paint_overlay(self, painter: QPainter) -> None:
        if self.geometry_of_view is not None:
            self._overlay.paint(painter, self.geometry_of_view, self._detail())

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Keep what is in the middle there; a photo that was fitted stays fitted."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        view = self.geometry_of_view
        # pyqtgraph calls this once while it builds the view: nothing of ours is there yet.
        for item in getattr(self, "_screen_items", ()):
            item.set_canvas(QRectF(self.rect()))
        if view is not None:
            was_fitted = view == view.fitted()
            moved = replace(view, canvas=self._canvas_size())
            self._set_view(moved.fitted() if was_fitted else moved)

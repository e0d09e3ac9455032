"""The first slice of a volume while the rest of it is read: to be looked at, not to be worked on."""

from PySide6.QtWidgets import QStackedWidget

from isegformer_app.controllers.opening import FirstSlice
from isegformer_app.document import SliceKey, Volume

from .canvas_view import CanvasView
from .photo_layer import PhotoLayer
from .view_geometry import ViewGeometry


class FirstSlicePage(CanvasView):
    """Takes the place of the desk in the window, and gives it back."""

    def __init__(self, stack: QStackedWidget) -> None:
        super().__init__()
        self._stack = stack
        self._before = stack.currentIndex()
        stack.addWidget(self)

    def show_first(self, first: FirstSlice) -> None:
        """Show it."""
        # A volume of this one slice, to show the values as those of the whole will be shown.
        volume = Volume(first.pixels[None])
        window = first.window.low, first.window.high
        layer = PhotoLayer()
        if volume.is_colour:
            layer.set_pixels(volume.as_rgb(SliceKey(0, 0)))
        else:
            layer.set_grey(volume.as_grey(SliceKey(0, 0), window, first.window.curve))
        rows, cols = volume.shape[1:]
        height, width = (length for axis, length in enumerate(first.spacing) if axis != first.key.axis)
        shorter = min(height, width) or 1.0
        if self._stack.currentWidget() is not self:
            self._before = self._stack.currentIndex()
        self._stack.setCurrentWidget(self)
        canvas = max(self._stack.width(), 1), max(self._stack.height(), 1)
        pixel = (height / shorter, width / shorter) if min(height, width) > 0 else (1.0, 1.0)
        self.show_photo(layer, ViewGeometry((rows, cols), canvas, pixel=pixel).fitted())

    def give_way(self) -> None:
        """The volume is there, or will not be: what was shown before comes back."""
        if self._stack.currentWidget() is self:
            self._stack.setCurrentIndex(self._before)

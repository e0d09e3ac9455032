"""The photo on the desk as the window shows it: canvas, list of objects, and what lies under the cursor."""

from PySide6.QtCore import QObject, Signal

from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document import PHOTO
from isegformer_app.settings import Settings

from .canvas import Canvas
from .classes_bar import ClassesBar
from .objects_panel import ObjectsPanel
from .photo_layer import PhotoLayer
from .status_bar import StatusBar
from .view_desk import ViewDesk
from .view_geometry import ViewGeometry

_COVERED = (
    "The new mask lies almost wholly on other objects, which keep their pixels: "
    "choose “Overwrite others” or “Allow overlap” under Overlap to see it."
)


class PhotoDesk(QObject):
    """Keeps canvas, panels and status bar in step with the document. What is worth a line is told by `noticed`."""

    noticed = Signal(str)

    def __init__(
        self, window: QObject, segmenting: SegmentingController, settings: Settings, canvas: Canvas, view: ViewDesk
    ) -> None:
        super().__init__(window)
        self.labels = ShownLabels()
        self.objects_panel, self.classes_bar, self.status_bar = ObjectsPanel(), ClassesBar(), StatusBar()
        self._segmenting, self._settings, self._canvas, self._view = segmenting, settings, canvas, view
        self._coloured: object = None
        canvas.hovered.connect(self._show_pixel)
        canvas.view_changed.connect(self._show_zoom)
        view.dressed.connect(self._dress)

    def show_photo(self) -> None:
        """Show the photo that was laid on the desk."""
        photo = self._segmenting.photo
        if photo is None:
            return
        pixels = photo.rgb(photo.viewpoint.key)
        layer = PhotoLayer()
        layer.set_pixels(pixels)
        shape = (pixels.shape[0], pixels.shape[1])
        view = ViewGeometry(shape, (max(self._canvas.width(), 1), max(self._canvas.height(), 1))).fitted()
        before = self._canvas.geometry_of_view
        if self._settings.keep_zoom and before is not None and before.image == shape:
            view = before
        self._canvas.show_photo(layer, view)
        self.status_bar.show_size(shape)
        self._view.take(photo.viewpoint.tool)
        self.show_labels()
        self._show_zoom()

    def show_labels(self) -> None:
        """Show the labels of the photo on the desk, which may be others than before."""
        photo = self._segmenting.photo
        if photo is not None:
            self.labels.open(photo)
            self._canvas.show_labels(self.labels)
            self._coloured = None
            self.follow()

    def follow(self) -> None:
        """Show what changed in the objects, the clicks or the unaccepted mask."""
        photo = self._segmenting.photo
        objects = () if photo is None else photo.annotation.objects
        was_covered = self.labels.is_covered
        coloured = [(each.id, each.colour, each.is_visible) for each in objects]
        changed = self.labels.follow(self._segmenting)
        if coloured != self._coloured:
            self._coloured = coloured
            self._view.recolour()
        elif changed is not None:
            self._canvas.labels_changed(changed)
        if self.labels.is_covered and not was_covered:
            self.noticed.emit(_COVERED)
        self._canvas.show_clicks(self._segmenting.prompt.clicks)
        self.show_objects()

    def show_objects(self) -> None:
        """Bring the list of objects and the classes up to date."""
        photo, active = self._segmenting.photo, self._segmenting.active
        key = PHOTO if photo is None else photo.viewpoint.key
        annotation = None if photo is None else photo.annotation
        self.objects_panel.show_objects(annotation, None if active is None else active.id, key)
        classes = () if photo is None else photo.annotation.classes
        self.classes_bar.show_classes(classes, self._segmenting.class_for_new)

    def _show_pixel(self, pixel: tuple[int, int] | None) -> None:
        photo, plane = self._segmenting.photo, self.labels.plane
        if pixel is None or photo is None or plane is None:
            self.status_bar.show_pixel(None, "", "")
            return
        raw = photo.volume.plane(photo.viewpoint.key)[pixel].tolist()
        value = "RGB {}, {}, {}".format(*raw) if isinstance(raw, list) else f"value {raw:g}"
        owner = photo.annotation.state.find_object(int(plane[pixel]))
        known = None if owner is None else photo.annotation.state.find_class(owner.class_id)
        label = "" if owner is None else owner.name + (f" ({known.name})" if known is not None else "")
        self.status_bar.show_pixel(pixel, value, label)

    def _show_zoom(self) -> None:
        view = self._canvas.geometry_of_view
        self.status_bar.show_zoom(None if view is None else view.scale * self._canvas.devicePixelRatioF())

    def _dress(self) -> None:
        self.classes_bar.dress()
        self.objects_panel.dress()
        self.show_objects()

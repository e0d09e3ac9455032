"""One plane of a volume, or the photo: its canvas, its labels and the bar of its slices."""

from dataclasses import replace

import numpy as np
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document import PLANE_NAMES, Origin, Ruler, SliceKey

from .canvas import Canvas
from .canvas_items import ScreenItem
from .colour_maps import colour_map
from .photo_layer import PhotoLayer
from .plane_marks import PlaneMarks
from .slice_bar import SliceBar
from .view_geometry import ViewGeometry

_COLUMNS_RUN_RIGHT_TO_LEFT = (0, 1)
"""Axes of planes that a neurologist mirrors: axial and coronal."""


class PlanePane(QFrame):
    """Shows the slice along `axis` where the cursor is; what happens on its canvas is told by the canvas."""

    def __init__(self, axis: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.axis = axis
        self.canvas, self.labels, self.bar = Canvas(), ShownLabels(), SliceBar()
        self.is_neurological = False
        self._marks = PlaneMarks()
        self.canvas.lay_over(ScreenItem(self._paint_marks, depth=1))
        self.canvas.ruler.words_of = self._measured
        self.canvas.ruler.changed.connect(self._keep_rulers)
        self._photo: Photo | None = None
        self._picture: object = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.canvas, stretch=1)
        layout.addWidget(self.bar)
        self.bar.hide()
        self.setObjectName("plane")

    @property
    def key(self) -> SliceKey:
        """The slice that is shown."""
        return self.labels.key

    def shows(self, photo: Photo) -> bool:
        """Whether this photo is shown, and all that belongs to it."""
        return self._photo is photo

    def open(self, photo: Photo, kept: ViewGeometry | None = None) -> None:
        """Show another photo, looked at as `kept` where that fits, else fitted."""
        # Until all is in place: what is laid out anew on the way asks what lies under the cursor.
        self._photo = None
        self.canvas.is_sliced, self.canvas.is_levelled = photo.image is not None, photo.is_grey_volume
        self.bar.setVisible(photo.image is not None)
        fresh = self._fresh_view(photo)
        is_kept = kept is not None and replace(kept, canvas=fresh.canvas, scale=1.0, row=fresh.row, col=fresh.col) == (
            replace(fresh, scale=1.0)
        )
        self._show_slice(photo, kept if is_kept else fresh)
        self._photo = photo

    def follow(self, segmenting: SegmentingController) -> bool:
        """Bring it up to date; whether the open mask has just come to be hidden by others."""
        photo = self._photo
        if photo is None or segmenting.photo is not photo:
            return False
        was_covered = self.labels.is_covered
        # Before the slice is shown: that draws everything, and what asks for itself afterwards is drawn twice.
        self._mark(photo)
        if self._wanted(photo) != self._picture:
            self._show_slice(photo)
        changed = self.labels.follow(segmenting)
        if changed is not None:
            self.canvas.labels_changed(changed)
        active = segmenting.active
        clicks = () if active is None else active.prompt(self.key).clicks
        if clicks != self.canvas.points.clicks:
            self.canvas.show_clicks(clicks)
        self._show_rulers(photo)
        return self.labels.is_covered and not was_covered

    def look_again(self) -> None:
        """What is shown is not to be trusted any more: with the next change all of it is drawn again."""
        self._picture = None

    def set_neurological(self, is_neurological: bool) -> None:
        """Show the patient's left on the left."""
        self.is_neurological = is_neurological
        view = self.canvas.geometry_of_view
        if self._photo is not None and view is not None and view.is_mirrored != self._is_mirrored(self._photo):
            self._show_slice(self._photo, replace(view, is_mirrored=not view.is_mirrored))

    def _show_rulers(self, photo: Photo) -> None:
        rulers = photo.viewpoint.rulers.get(self.key, ())
        if rulers != self.canvas.ruler.rulers:
            self.canvas.ruler.show(rulers)
            self.canvas.redraw_tool()

    def _keep_rulers(self, rulers: tuple[Ruler, ...]) -> None:
        if self._photo is not None:
            self._photo.viewpoint.rulers[self.key] = rulers

    def _measured(self, ruler: Ruler) -> str:
        return "" if self._photo is None else self._photo.measured(ruler, self.key)

    def _wanted(self, photo: Photo) -> object:
        view = photo.viewpoint
        key = view.plane_key(self.axis) if photo.image is not None else view.key
        return key, view.time, view.window, view.colours, self._is_mirrored(photo)

    def _is_mirrored(self, photo: Photo) -> bool:
        has_sides = photo.image is not None and photo.volume.affine is not None
        return self.is_neurological and has_sides and self.axis in _COLUMNS_RUN_RIGHT_TO_LEFT

    def _fresh_view(self, photo: Photo) -> ViewGeometry:
        rows, cols = (length for axis, length in enumerate(photo.volume.shape) if axis != self.axis)
        canvas = max(self.canvas.width(), 1), max(self.canvas.height(), 1)
        view = ViewGeometry((rows, cols), canvas, pixel=photo.pixel(self.axis), is_mirrored=self._is_mirrored(photo))
        return view.fitted()

    def _show_slice(self, photo: Photo, view: ViewGeometry | None = None) -> None:
        view_before = self.canvas.geometry_of_view
        key = photo.viewpoint.plane_key(self.axis) if photo.image is not None else photo.viewpoint.key
        self._picture = self._wanted(photo)
        pixels = photo.shown(key)
        if self._is_mirrored(photo):
            pixels = np.ascontiguousarray(pixels[:, ::-1])
        layer = PhotoLayer()
        if photo.is_grey_volume:
            layer.set_grey(pixels, colour_map(photo.viewpoint.colours))
        else:
            layer.set_pixels(pixels)
        self.labels.open(photo, key)
        if view is not None or view_before is None:
            self.canvas.show_photo(layer, view)
        else:
            self.canvas.show_slice(layer)
        self.canvas.show_labels(self.labels)
        self.bar.show_slices(photo.volume.shape[self.axis], key.index)

    def _mark(self, photo: Photo) -> None:
        marks = PlaneMarks() if photo.image is None else _marks(photo, self.axis, self._is_mirrored(photo))
        if marks != self._marks:
            self._marks = marks
            self.canvas.redraw()

    def _paint_marks(self, painter: QPainter) -> None:
        view = self.canvas.geometry_of_view
        if view is not None and self._photo is not None and self._photo.image is not None:
            self._marks.draw(painter, view)


def _marks(photo: Photo, axis: int, is_mirrored: bool) -> PlaneMarks:
    view, volume = photo.viewpoint, photo.volume
    down, across = (each for each in range(3) if each != axis)
    top, bottom = volume.letters(down)
    left, right = volume.letters(across)
    if is_mirrored:
        left, right = right, left
    cuts = ((down, 0, view.cursor[down]), (across, 1, view.cursor[across])) if view.are_three_shown else ()
    key = view.plane_key(axis)
    name = PLANE_NAMES[axis].capitalize() if volume.affine is not None else f"Axis {axis}"
    title = f"{name}  {view.cursor[axis] + 1} / {volume.shape[axis]}"
    if photo.image is not None and len(photo.image.volumes) > 1:
        title += f"   time {view.time + 1} / {len(photo.image.volumes)}"
    doubtful = [each.name for each in photo.annotation.objects if each.prompt(key).origin is Origin.DOUBTFUL]
    if doubtful:
        title += f"   look at {', '.join(doubtful)}"
    millimetres = min(volume.spacing[down], volume.spacing[across]) if volume.has_scale else 0.0
    return PlaneMarks(title, (top, bottom, left, right), millimetres, cuts)

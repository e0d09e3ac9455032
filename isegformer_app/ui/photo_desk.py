"""The photo on the desk as the window shows it: canvas, list of objects, and what lies under the cursor."""

from functools import partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import PHOTO, Change, SliceKey, State
from isegformer_app.settings import Settings

from .classes_bar import ClassesBar
from .objects_panel import ObjectsPanel
from .plane_pane import PlanePane
from .planes_view import PlanesView
from .status_bar import StatusBar
from .view_desk import ViewDesk

_COVERED = (
    "The new mask lies almost wholly on other objects, which keep their pixels: "
    "choose “Overwrite others” or “Allow overlap” under Overlap to see it."
)


_Listed = tuple[State | None, int | None, int, SliceKey]
"""What the lists were made from: objects and classes, the active object, the class for new ones, the slice."""


class PhotoDesk(QObject):
    """Keeps planes, panels and status bar in step with the document. What is worth a line is told by `noticed`."""

    noticed = Signal(str)
    slice_turned = Signal()
    """Another slice, plane or time point is looked at, or the same in another way."""

    def __init__(
        self, window: QObject, segmenting: SegmentingController, settings: Settings, planes: PlanesView, view: ViewDesk
    ) -> None:
        super().__init__(window)
        self.objects_panel, self.classes_bar, self.status_bar = ObjectsPanel(), ClassesBar(), StatusBar()
        self._segmenting, self._settings, self._planes, self._view = segmenting, settings, planes, view
        self._coloured: object = None
        self._looked_at: object = None
        self._listed: _Listed | None = None
        for pane in planes.panes:
            pane.canvas.hovered.connect(partial(self._show_pixel, pane))
            pane.canvas.view_changed.connect(self._show_zoom)
            pane.canvas.view_changed.connect(self._look_under_cursor)
        view.dressed.connect(self._dress)
        # What was typed or picked in the list may be refused: then it must show again what holds.
        for changed in (self.objects_panel.renamed, self.objects_panel.chosen):
            changed.connect(self._distrust_lists)

    def show_photo(self) -> None:
        """Show the photo that was laid on the desk."""
        photo = self._segmenting.photo
        if photo is None:
            return
        viewpoint = photo.viewpoint
        self._planes.arrange(viewpoint.key.axis, viewpoint.are_three_shown)
        panes = self._planes.panes if photo.image is not None else (self._planes.active_pane,)
        for pane in panes:
            before = pane.canvas.geometry_of_view if self._settings.keep_zoom else None
            pane.open(photo, before)
        depth, rows, cols = photo.volume.shape
        self.status_bar.show_size((rows, cols), depth if photo.image is not None else None)
        self._view.take(viewpoint.tool)
        self._coloured = self._looked_at = None
        self.follow()
        self._show_zoom()

    def show_labels(self) -> None:
        """Show the labels of the photo on the desk, which may be others than before."""
        for pane in self._planes.panes:
            pane.look_again()
        self._coloured = None
        self.follow()

    def document_changed(self, change: Change) -> None:
        """Remember what must be drawn again."""
        for pane in self._planes.panes:
            pane.labels.document_changed(change)

    def follow(self) -> None:
        """Show what changed in the objects, the clicks, the unaccepted mask, or how it is looked at."""
        photo = self._segmenting.photo
        objects = () if photo is None else photo.annotation.objects
        coloured = [(each.id, each.colour, each.is_visible) for each in objects]
        has_new_colours, self._coloured = coloured != self._coloured, coloured
        if photo is not None:
            self._planes.arrange(photo.viewpoint.key.axis, photo.viewpoint.are_three_shown)
        for pane in self._planes.shown:
            if pane.follow(self._segmenting):
                self.noticed.emit(_COVERED)
        if has_new_colours:
            self._view.recolour()
        if photo is not None and photo.image is not None:
            self._tell_turned(photo)
        self.show_objects()
        self._look_under_cursor()

    def _tell_turned(self, photo: Photo) -> None:
        view = photo.viewpoint
        looked_at = view.key, view.cursor, view.are_three_shown, view.time, view.window, view.colours
        if looked_at != self._looked_at:
            self._looked_at = looked_at
            self._show_zoom()
            self.slice_turned.emit()

    def show_objects(self) -> None:
        """Bring the list of objects and the classes up to date, where they are not."""
        photo, active = self._segmenting.photo, self._segmenting.active
        key = PHOTO if photo is None else photo.viewpoint.key
        annotation = None if photo is None else photo.annotation
        active_id, class_id = None if active is None else active.id, self._segmenting.class_for_new
        listed = None if annotation is None else annotation.state, active_id, class_id, key
        # Turning slices must be fast, and leaves the lists as they are but for what is open on the slice.
        if self._listed is not None and _is_same(self._listed, listed):
            return
        self._listed = listed
        self.objects_panel.show_objects(annotation, active_id, key)
        self.classes_bar.show_classes(() if annotation is None else annotation.classes, class_id)

    def _look_under_cursor(self) -> None:
        """Another pixel may lie there now, or another object, though nobody moved the mouse."""
        pane = next((each for each in self._planes.shown if each.canvas.is_hovered), None)
        if pane is not None:
            self._show_pixel(pane, pane.canvas.pixel_under_cursor)

    def _show_pixel(self, pane: PlanePane, pixel: tuple[int, int] | None) -> None:
        photo, plane = self._segmenting.photo, pane.labels.plane
        if pixel is None or photo is None or plane is None or not pane.shows(photo):
            self.status_bar.show_pixel("", "", "")
            return
        raw = photo.volume.plane(pane.key)[pixel].tolist()
        unit = "" if photo.image is None else f" {photo.image.unit}".rstrip()
        value = "RGB {}, {}, {}".format(*raw) if isinstance(raw, list) else f"value {raw:g}{unit}"
        owner = photo.annotation.state.find_object(int(plane[pixel]))
        known = None if owner is None else photo.annotation.state.find_class(owner.class_id)
        label = "" if owner is None else owner.name + (f" ({known.name})" if known is not None else "")
        place = f"x {pixel[1]}, y {pixel[0]}" if photo.image is None else _voxel_words(photo, pane.key, pixel)
        self.status_bar.show_pixel(place, value, label)

    def _show_zoom(self) -> None:
        canvas = self._planes.active
        view = canvas.geometry_of_view
        self.status_bar.show_zoom(None if view is None else view.scale * canvas.devicePixelRatioF())

    def _dress(self) -> None:
        self.classes_bar.dress()
        self.objects_panel.dress()
        self._distrust_lists()
        self.show_objects()

    def _distrust_lists(self) -> None:
        self._listed = None


def _is_same(one: _Listed, other: _Listed) -> bool:
    """Whether both make the same lists: of the slice only counts which objects are open on it."""
    if one[0] is not other[0] or one[1:3] != other[1:3]:
        return False
    objects = () if one[0] is None else one[0].objects
    return all(each.prompt(one[3]).is_open == each.prompt(other[3]).is_open for each in objects)


def _voxel_words(photo: Photo, key: SliceKey, pixel: tuple[int, int]) -> str:
    """Column, row and slice of a voxel, counted from 0, and where it lies in the patient."""
    place = list(pixel)
    place.insert(key.axis, key.index)
    words = f"voxel {place[2]}, {place[1]}, {place[0]}"
    if photo.volume.affine is None:
        return words
    index = np.asarray(place, dtype=np.float64)
    if photo.image is not None and not photo.image.grid.is_even:
        axis = photo.image.grid.slice_axis
        index[axis] = photo.image.grid.places_in_volume()[place[axis]]
    position = photo.volume.to_patient(index)
    towards = ("R" if position[0] >= 0 else "L"), ("A" if position[1] >= 0 else "P"), ("S" if position[2] >= 0 else "I")
    lengths = " ".join(f"{letter} {abs(each):.1f}" for letter, each in zip(towards, position, strict=True))
    return f"{words}   {lengths} mm"

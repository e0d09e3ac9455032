"""Keeps the 3-D view in step with the objects: surfaces are made away from the window's thread, of what has changed."""

import threading
from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Cancelled
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.surfacing import ObjectSurface, changed_ids, make_surfaces
from isegformer_app.document import Change, LabelObject
from isegformer_app.files.errors import FileProblem

from .errands import Errands
from .planes_view import PlanesView
from .surface_raster import Mesh
from .surface_view import SurfaceView

_REST_MS = 500
"""So long nothing is drawn before the surfaces follow."""

_NOTHING = "Finished objects are shown here in three dimensions."

Made = dict[int, ObjectSurface]


class SurfaceDesk(QObject):
    """Shows the view in the corner of three planes unless it is closed, and beside one plane when asked."""

    _progressed = Signal(int, int)

    def __init__(self, window: QObject, segmenting: SegmentingController, planes: PlanesView) -> None:
        super().__init__(window)
        self.view = SurfaceView()
        self._segmenting, self._planes = segmenting, planes
        self._actions: Mapping[str, QAction] = {}
        self._photo: Photo | None = None
        self._made: Made = {}
        self._stale: set[int] = set()
        self._shown: object = None
        self._is_wanted = {False: False, True: True}
        """Whether the view is wanted beside one plane, and whether it is with three."""
        self._has_given_up, self._trouble = False, ""
        self._making = Errands(self, "making surfaces")
        self._stop: threading.Event | None = None
        """Ends the surfaces that are being made; None while none are."""
        self._rest = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._make)
        self._progressed.connect(self._show_progress)
        planes.put_in_corner(self.view)
        self.view.update_wanted.connect(self._go_on)
        self.view.given_up.connect(self.give_up)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"surfaces": self.toggle}

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Know the actions."""
        self._actions = actions

    def toggle(self) -> None:
        """Show the view, or close it."""
        if self._photo is not None:
            self._is_wanted[self._photo.viewpoint.are_three_shown] = self._actions["surfaces"].isChecked()
            self.follow()

    def document_changed(self, change: Change) -> None:
        """Remember whose surfaces are not true any more."""
        if self._photo is not None and change.box is not None:
            self._stale |= changed_ids(change)

    def follow(self) -> None:
        """Something changed in the objects, or other planes are shown."""
        photo = self._segmenting.photo
        if photo is not self._photo:
            self._turn_to(photo)
        is_shown = photo is not None and photo.image is not None and self._is_wanted[photo.viewpoint.are_three_shown]
        self._planes.show_corner(is_shown)
        if self._actions:
            self._actions["surfaces"].setChecked(is_shown)
        if photo is not None and is_shown:
            self._show(photo)
            if self._stale and not self._has_given_up:
                self._rest.start()

    def give_up(self) -> None:
        """Make no more surfaces until it is asked for."""
        self._has_given_up = True
        if self._stop is not None:
            self._stop.set()

    def close(self) -> None:
        """The window closes."""
        self._rest.stop()
        self._break_off()
        self._making.close()
        self.view.close_down()

    def _turn_to(self, photo: Photo | None) -> None:
        """Begin anew: another volume is on the desk, or the same after work that took it off the desk."""
        self._break_off()
        self._photo = photo
        self._made, self._shown, self._trouble, self._has_given_up = {}, None, "", False
        self._stale = set() if photo is None else {each.id for each in photo.annotation.objects}
        if photo is not None:
            self.view.has_sides = photo.volume.affine is not None

    def _make(self) -> None:
        """Make the surfaces of what has changed, unless some are being made: afterwards it is the turn of these."""
        photo = self._photo
        if photo is None or self._stop is not None or not self._stale or not self.view.isVisible():
            return
        wanted, self._stale = self._stale, set()
        stop = self._stop = threading.Event()

        def tell(done: int, total: int, name: str) -> None:
            if stop.is_set():
                raise Cancelled
            self._progressed.emit(done, total)

        def work() -> Made | None:
            try:
                return make_surfaces(photo, wanted, tell)
            except Cancelled:
                return None

        self._making.run(work, lambda made: self._take(stop, wanted, made), lambda problem: self._fail(stop, problem))

    def _go_on(self) -> None:
        self._has_given_up = False
        self._make()
        self.follow()

    def _break_off(self) -> None:
        """What is being made is of no use any more."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
        self.view.show_progress(0, 0)

    def _take(self, stop: threading.Event, wanted: set[int], made: Made | None) -> None:
        if stop is not self._stop:
            return
        if made is None:
            self._stale |= wanted
        else:
            self._made = {number: each for number, each in self._made.items() if number not in wanted} | made
        self._end()

    def _fail(self, stop: threading.Event, problem: FileProblem) -> None:
        if stop is self._stop:
            self._trouble, self._has_given_up = str(problem), True
            self._end()

    def _end(self) -> None:
        self._break_off()
        self._shown = None
        self.follow()

    def _show_progress(self, done: int, total: int) -> None:
        if self._stop is not None:
            self.view.show_progress(done, total)

    def _show(self, photo: Photo) -> None:
        """Show the surfaces that there are of the objects that can be seen."""
        seen = [each for each in photo.annotation.objects if each.is_visible and each.id in self._made]
        wanted = [(each.id, each.colour) for each in seen], self._trouble
        self.view.offer_update(bool(self._stale) and self._has_given_up and not self._trouble)
        if wanted != self._shown:
            self._shown = wanted
            colours = np.array([each.colour for each in seen], np.uint8).reshape(-1, 3)
            self.view.show_mesh(self._mesh(seen) if seen else None, colours, self._trouble or _NOTHING)

    def _mesh(self, seen: list[LabelObject]) -> Mesh:
        surfaces = [self._made[each.id] for each in seen]
        counts = [len(each.points) for each in surfaces]
        starts = np.cumsum([0, *counts[:-1]])
        return Mesh(
            np.concatenate([each.points for each in surfaces]),
            np.concatenate([each.normals for each in surfaces]),
            np.repeat(np.arange(len(seen)), counts).astype(np.uint16),
            np.concatenate([each.faces + start for each, start in zip(surfaces, starts, strict=True)]).astype(np.int32),
        )

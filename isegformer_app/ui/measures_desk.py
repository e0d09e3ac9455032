"""Keeps count of the objects of a volume: for the bars beside the planes, and for the table of measures."""

import threading
from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import Change
from isegformer_app.document.object_counts import ObjectCounts

from .errands import Errands
from .measures_panel import MeasuresPanel
from .planes_view import PlanesView


class MeasuresDesk(QObject):
    """Counts once when a volume is opened, away from the window's thread, and afterwards by what changes."""

    def __init__(self, window: QObject, segmenting: SegmentingController, planes: PlanesView) -> None:
        super().__init__(window)
        self.panel = MeasuresPanel()
        self.dock = QDockWidget("Measures")
        self.dock.setObjectName("Measures")
        self.dock.setWidget(self.panel)
        self.dock.hide()
        self.counts: ObjectCounts | None = None
        """None while it is being counted, and for photos."""
        self._segmenting, self._planes = segmenting, planes
        self._counting = Errands(self, "counting")
        self._stop = threading.Event()
        self._is_outdated = False
        self._photo: Photo | None = None
        self._actions: Mapping[str, QAction] = {}
        self.dock.visibilityChanged.connect(self._show_check)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"measures": self.toggle}

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Know the actions."""
        self._actions = actions

    def toggle(self) -> None:
        """Show or hide the table."""
        self.dock.setVisible(self._actions["measures"].isChecked())
        self.show_all()

    def _turn_to(self, photo: Photo | None) -> None:
        """Count anew: another volume or time point is on the desk, or the same after work that took it off the desk."""
        self._stop.set()
        self.counts, self._photo = None, photo
        if photo is not None and photo.image is not None:
            self._count(photo)
        elif photo is not None:
            self.dock.hide()

    def document_changed(self, change: Change) -> None:
        """Take a step into account."""
        self._is_outdated = True
        if self.counts is not None:
            self.counts.follow(change.step, is_undo=change.is_undo)

    def show_all(self) -> None:
        """Bring bars and table up to date."""
        photo = self._segmenting.photo
        is_same_time = photo is None or self.counts is None or self.counts.volume is photo.volume
        if photo is not self._photo or not is_same_time:
            self._turn_to(photo)
        counts = self.counts
        if photo is None or photo.image is None or counts is None:
            return
        colours = {each.id: each.colour for each in photo.annotation.objects}
        for pane in self._planes.panes:
            pane.bar.show_marks(counts.places(pane.axis), colours)
        if self.dock.isVisible():
            objects = photo.annotation.objects
            self.panel.show_counts(objects, counts, photo.volume, photo.viewpoint.key, photo.image)

    def close(self) -> None:
        """The window closes."""
        self._stop.set()
        self._counting.close()

    def _count(self, photo: Photo) -> None:
        if not photo.annotation.objects and not photo.annotation.history:
            self.counts = ObjectCounts(photo.volume)
            self.show_all()
            return
        stop = self._stop = threading.Event()
        self._is_outdated = False
        volume, layers = photo.volume, photo.annotation.label_map.layers
        self._counting.run(
            lambda: ObjectCounts.of(volume, layers, stop.is_set), lambda counts: self._counted(photo, counts, stop)
        )

    def _counted(self, photo: Photo, counts: ObjectCounts, stop: threading.Event) -> None:
        if stop.is_set() or self._segmenting.photo is not photo:
            return
        if self._is_outdated:
            # Something was drawn while it was counted.
            self._count(photo)
            return
        self.counts = counts
        self.show_all()

    def _show_check(self, is_shown: bool) -> None:
        if self._actions:
            self._actions["measures"].setChecked(is_shown)
        if is_shown:
            self.show_all()

"""What the actions do that carry an object to other slices, and which slices are to be looked at."""

from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from isegformer_app.controllers.carrying import Carrying
from isegformer_app.controllers.filling import Filled, ends_of, fill, fill_edit, gaps_at, places_along
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.ports import Asking, View
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import LabelObject, Origin, SliceKey, State

from .carry_dialog import CarryDialog
from .measures_desk import MeasuresDesk
from .message_bar import MessageBar
from .photo_desk import PhotoDesk
from .planes_view import PlanesView
from .slow_work import run_slowly
from .worker_bridge import WorkerBridge


class CarryDesk(QObject):
    """Asks, tells how far it is, and marks what is in doubt."""

    noticed = Signal(str)
    troubled = Signal(str)
    cancel_wanted = Signal()
    progressed = Signal(str)
    """What is under way, in words; empty when it is over."""

    def __init__(
        self,
        window: QWidget,
        segmenting: SegmentingController,
        worker: Asking,
        view: View,
        planes: PlanesView,
        measures: MeasuresDesk,
    ) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._planes, self._measures = window, segmenting, planes, measures
        self.carrying = Carrying(segmenting, worker, view, self._places, self.progressed.emit)
        self._marked: tuple[Photo | None, State | None] = (None, None)

    def connect_to(self, bridge: WorkerBridge, bar: MessageBar, shown: PhotoDesk) -> None:
        """Hear of answers and of slices turned, and say what is under way in a bar that can end it."""
        bridge.answered.connect(self.carrying.receive_answer)
        bridge.failed.connect(self.carrying.receive_failure)
        bar.given_up.connect(self.carrying.end)
        self.progressed.connect(bar.go_on_with)
        shown.slice_turned.connect(self.carrying.follow)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {
            "carry_on": self.carrying.carry_on,
            "carry_back": lambda: self.carrying.carry_on(-1),
            "carry_through": self.ask,
            "fill_between": self.fill_between,
            "next_doubtful": self.look_at_next,
            "cancel": self.cancel,
        }

    def cancel(self) -> None:
        """End what is being carried, else leave what was begun."""
        if not self.carrying.end():
            self.cancel_wanted.emit()

    def ask(self) -> None:
        """Ask through which slices, and begin."""
        self.carrying.end()
        photo, target = self._segmenting.photo, self.carrying.ready()
        if photo is None or target is None:
            return
        key = photo.viewpoint.key
        count, keys = photo.annotation.shape[key.axis], self.carrying.key_slices(target, key.axis)
        dialog = CarryDialog(target.name, count, key.index, keys, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.carrying.carry_through(*dialog.range)

    def fill_between(self) -> None:
        """Fill what lies between the slices on both sides that were made by hand."""
        self.carrying.end()
        photo, target = self._segmenting.photo, self._segmenting.active or self.carrying.target()
        if photo is None or target is None:
            self.noticed.emit("Choose an object in the list first: filling works on the active object.")
            return
        self._segmenting.leave_slice()
        key = photo.viewpoint.key
        present = photo.annotation.state.find_object(target.id) or target
        gaps = gaps_at(self.carrying.key_slices(present, key.axis), key.index)
        if not gaps:
            self.noticed.emit(f"{target.name} was not made by hand on slices both before and after this one.")
            return
        ends, places = ends_of(photo, target, key.axis, gaps), places_along(photo, key.axis)
        pixel = photo.pixel(key.axis)
        before = photo.annotation.history.position

        def write(filled: Filled) -> None:
            if self._segmenting.photo is photo and photo.annotation.history.position == before and filled:
                edit = fill_edit(target, key.axis, filled, self._segmenting.rule)
                if self._segmenting.apply(edit, activate=target.id):
                    self.noticed.emit(f"{target.name} was filled on {len(filled)} slices between those made by hand.")

        run_slowly(
            self._window,
            lambda progress: fill(ends, places, pixel, progress),
            write,
            self.troubled.emit,
            title="Fill between slices",
            words="Filling",
        )

    def look_at_next(self) -> None:
        """Go to the next slice with a mask that should be looked at, and open its object."""
        self.carrying.end()
        photo = self._segmenting.photo
        if photo is None:
            return
        here, active = photo.viewpoint.key, self._segmenting.active
        doubtful = _doubtful(photo, here.axis)
        if active is not None:
            doubtful = [each for each in doubtful if each != (here.index, active.id)]
        if not doubtful:
            self.noticed.emit("There is no other slice to be looked at.")
            return
        count = photo.annotation.shape[here.axis]
        index, number = min(doubtful, key=lambda each: ((each[0] - here.index) % count, each[1]))
        self._segmenting.turn_to(SliceKey(here.axis, index))
        self._segmenting.select(number)

    def follow(self) -> None:
        """Something changed: mark the slices that are to be looked at."""
        photo = self._segmenting.photo
        state = None if photo is None else photo.annotation.state
        if self._marked == (photo, state):
            return
        self._marked = photo, state
        for pane in self._planes.panes:
            pane.bar.show_doubtful({index for index, _ in _doubtful(photo, pane.axis)} if photo is not None else ())

    def _places(self, object_id: int, axis: int) -> list[int]:
        photo, counts = self._segmenting.photo, self._measures.counts
        if photo is None:
            return []
        if counts is not None and counts.volume is photo.volume:
            places = counts.places(axis).get(object_id)
            return [] if places is None else places.tolist()
        others = tuple(each for each in range(3) if each != axis)
        return np.flatnonzero(photo.annotation.label_map.voxels(object_id).any(axis=others)).tolist()


def _doubtful(photo: Photo, axis: int) -> list[tuple[int, int]]:
    """Slices along an axis with masks to be looked at, each with the object's number."""

    def marks(each: LabelObject) -> list[tuple[int, int]]:
        prompts = each.prompts.items()
        return [
            (key.index, each.id) for key, prompt in prompts if key.axis == axis and prompt.origin is Origin.DOUBTFUL
        ]

    return [mark for each in photo.annotation.objects for mark in marks(each)]

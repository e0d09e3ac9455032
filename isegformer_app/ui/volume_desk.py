"""What the actions, the wheel and the panel of a volume do."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAction

from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.slicing import Slicing
from isegformer_app.controllers.windowing import Windowing
from isegformer_app.document import PLANE_NAMES
from isegformer_app.settings import Settings

from .planes_view import PlanesView
from .volume_actions import FAST, VOLUME_ACTIONS
from .volume_panel import VolumePanel

if TYPE_CHECKING:
    from isegformer_app.controllers.photo import Photo

_REST_MS = 250
"""So long a slice is looked at before it is encoded, and a window before the network sees it."""

_NOT_FOR_DIAGNOSIS = (
    "This is no medical device: what it shows and measures is for research and annotation, never for a diagnosis."
)


class VolumeDesk(QObject):
    """Keeps planes, panel and actions of a volume in step. What is worth a line is told by `noticed`."""

    noticed = Signal(str)
    warned = Signal(str)
    """What should stay until it was read."""

    def __init__(
        self, window: QObject, segmenting: SegmentingController, settings: Settings, planes: PlanesView
    ) -> None:
        super().__init__(window)
        self.panel = VolumePanel()
        self.panel.hide()
        self.slicing, self.windowing = Slicing(segmenting), Windowing(segmenting)
        self._segmenting, self._settings, self._planes = segmenting, settings, planes
        self._actions: Mapping[str, QAction] = {}
        self._told_of: Photo | None = None
        self._rest = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._come_to_rest)
        for pane in planes.panes:
            pane.canvas.pressed.connect(partial(self.slicing.take_plane, pane.axis))
            pane.canvas.scrolled.connect(partial(self.slicing.scroll, pane.axis))
            pane.canvas.time_turned.connect(self.turn_time)
            pane.canvas.levelled.connect(self._level)
            pane.canvas.double_clicked_beside.connect(self.toggle_three)
            pane.canvas.pointed.connect(partial(self.slicing.meet_at, pane.axis))
            pane.bar.chosen.connect(partial(self.slicing.go_to, pane.axis))
        self.panel.window_named.connect(self.windowing.choose)
        self.panel.window_typed.connect(self.windowing.show)
        self.panel.colours_chosen.connect(self.colour)
        self.panel.network_chosen.connect(self.windowing.show_network)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        handlers: dict[str, Callable[[], object]] = {
            "previous_slice": lambda: self.scroll(-1),
            "next_slice": lambda: self.scroll(1),
            "previous_five": lambda: self.scroll(-FAST),
            "next_five": lambda: self.scroll(FAST),
            "previous_annotated": lambda: self.go_to_annotated(-1),
            "next_annotated": lambda: self.go_to_annotated(1),
            "previous_time": lambda: self.go_sideways(-1),
            "next_time": lambda: self.go_sideways(1),
            "three_planes": self.toggle_three,
            "neurological": self.toggle_sides,
            "window_soft": lambda: self.windowing.choose("soft tissue"),
            "window_header": self.windowing.show_header,
            "window_auto": self.windowing.show_automatic,
            "invert_level": self.toggle_level,
        }
        handlers |= {name: partial(self._take_plane, axis) for axis, name in enumerate(PLANE_NAMES)}
        for name in ("lung", "bone", "liver", "brain"):
            handlers[f"window_{name}"] = partial(self.windowing.choose, name)
        return handlers

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Show the settings in the actions."""
        self._actions = actions
        self.panel.add_buttons([actions[name] for name in (*PLANE_NAMES, "three_planes")])
        actions["neurological"].setChecked(self._settings.neurological)
        actions["invert_level"].setChecked(self._settings.level_rises_upwards)
        for pane in self._planes.panes:
            pane.set_neurological(self._settings.neurological)
        self.opened()

    def opened(self) -> None:
        """Another photo or volume is on the desk, or none."""
        photo = self._segmenting.photo
        is_volume = photo is not None and photo.image is not None
        self.panel.setVisible(is_volume)
        # Photos leave the keys of volumes, arrows among them, to the lists.
        for spec in VOLUME_ACTIONS:
            self._actions[spec.name].setEnabled(is_volume)
        # Work that takes it off the desk for a moment, as imports do, puts the same one back: no need to tell it twice.
        is_another, self._told_of = photo is not self._told_of, photo
        if not is_volume:
            return
        self.panel.offer(self.windowing.windows())
        self.follow()
        told = list(photo.notes) if photo is not None and is_another else []
        if not self._settings.knows_no_diagnosis:
            self._settings.knows_no_diagnosis = True
            told.insert(0, _NOT_FOR_DIAGNOSIS)
        if told:
            self.warned.emit(" ".join(told))

    def follow(self) -> None:
        """Another slice, plane or window is shown."""
        photo = self._segmenting.photo
        if photo is None or photo.image is None:
            return
        view = photo.viewpoint
        for axis, name in enumerate(PLANE_NAMES):
            self._actions[name].setChecked(axis == view.key.axis)
        self._actions["three_planes"].setChecked(view.are_three_shown)
        if photo.is_grey_volume:
            self.panel.show_window(view.window, self.windowing.windows())
            self.panel.show_choices(view.colours, "" if view.normalisation is None else view.normalisation.name)
        self._rest.start()

    def scroll(self, steps: int) -> None:
        """Move along the axis of the plane that is worked on."""
        photo = self._segmenting.photo
        if photo is not None:
            self.slicing.scroll(photo.viewpoint.key.axis, steps)

    def go_sideways(self, steps: int) -> None:
        """Go to another time point; where there is but one, move the point where three planes meet."""
        photo, view = self._segmenting.photo, self._planes.active.geometry_of_view
        is_still = photo is not None and photo.image is not None and len(photo.image.volumes) == 1
        if photo is not None and is_still and photo.viewpoint.are_three_shown and view is not None:
            self.slicing.nudge(-steps if view.is_mirrored else steps)
        else:
            self.turn_time(steps)

    def turn_time(self, steps: int) -> None:
        """Go to another time point."""
        photo = self._segmenting.photo
        if not self.slicing.turn_time(steps) and photo is not None and photo.image is not None:
            is_still = len(photo.image.volumes) == 1
            self.noticed.emit("This volume has one time point." if is_still else "There is no time point beyond this.")

    def go_to_annotated(self, step: int) -> None:
        """Go to the nearest slice with an object."""
        if not self.slicing.go_to_annotated(step, lambda axis: self._planes.panes[axis].bar.marked):
            self.noticed.emit(f"There is no annotated slice {'after' if step > 0 else 'before'} this one.")

    def toggle_three(self) -> None:
        """Show three planes, or one."""
        photo = self._segmenting.photo
        if photo is not None:
            self.slicing.show_three(not photo.viewpoint.are_three_shown)

    def toggle_sides(self) -> None:
        """Look from the feet, or from the head."""
        self._settings.neurological = self._actions["neurological"].isChecked()
        for pane in self._planes.panes:
            pane.set_neurological(self._settings.neurological)
        self._segmenting.show_again()

    def toggle_level(self) -> None:
        """Let the level rise when the hand goes up, or down."""
        self._settings.level_rises_upwards = self._actions["invert_level"].isChecked()

    def colour(self, name: str) -> None:
        """Show the grey values in other colours."""
        photo = self._segmenting.photo
        if photo is not None:
            photo.viewpoint.colours = name
            self._segmenting.show_again()

    def _take_plane(self, axis: int) -> None:
        self.slicing.take_plane(axis)
        self.follow()

    def _level(self, right: float, down: float) -> None:
        self.windowing.drag(right, -down if self._settings.level_rises_upwards else down)

    def _come_to_rest(self) -> None:
        self.windowing.settle()
        self._segmenting.prepare_slice()

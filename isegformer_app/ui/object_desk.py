"""What the actions on objects, classes and clicks do."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QInputDialog, QWidget

from isegformer_app.controllers.hand_editing import HandEditing
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import Colour, LabelClass, LabelObject, Status, palette_colour
from isegformer_app.document.object_edits import (
    ChangeClass,
    ClassifyObject,
    DeleteClass,
    DeleteObject,
    LockObject,
    NewClass,
    RecolourObject,
    RenameObject,
    ReorderObject,
    SetStatus,
    ShowObject,
)

from .objects_panel import ObjectsPanel
from .planes_view import PlanesView

if TYPE_CHECKING:
    from pathlib import Path

_CHOOSE = "Choose an object in the list first."


class ObjectDesk(QObject):
    """Turns actions into gestures of the controllers."""

    ruler_left = Signal()
    """The annotator has measured enough."""

    def __init__(
        self,
        window: QWidget,
        segmenting: SegmentingController,
        editing: HandEditing,
        planes: PlanesView,
        panel: ObjectsPanel,
    ) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._editing = window, segmenting, editing
        self._planes, self._panel = planes, panel
        self.photos_with_class: Callable[[int], Sequence[Path]] = lambda class_id: ()
        """Asked before a class is deleted for the whole queue."""
        panel.chosen.connect(self.choose)
        panel.renamed.connect(self.rename_to)
        panel.eye_pressed.connect(self.toggle_eye)
        panel.lock_pressed.connect(self.toggle_lock)
        for canvas in planes.canvases:
            canvas.points.clicked.connect(segmenting.click)
            canvas.points.moved.connect(segmenting.move_click)
            canvas.points.flipped.connect(segmenting.flip_click)
            canvas.points.removed.connect(segmenting.remove_click)
            canvas.brush.stroked.connect(self._stroked)
            canvas.outline.outlined.connect(self._outlined)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {
            "undo": self._segmenting.undo,
            "redo": self._segmenting.redo,
            "remove_click": self.remove_click,
            "flip_click": self.flip_hovered,
            "delete": self.delete,
            "finish": self.finish,
            "accept_part": self._segmenting.accept_part,
            "reopen": self.reopen,
            "previous_object": lambda: self.step(-1),
            "next_object": lambda: self.step(1),
            "rename": self._with_active(lambda each: self._panel.rename(each.id)),
            "recolour": self._with_active(self.recolour),
            "hide": self._with_active(lambda each: self.toggle_eye(each.id)),
            "lock": self._with_active(lambda each: self.toggle_lock(each.id)),
            "move_up": self._with_active(lambda each: self.move(each, -1)),
            "move_down": self._with_active(lambda each: self.move(each, 1)),
            "fill_holes": self._editing.fill_holes,
            "keep_largest": self._editing.keep_largest,
            "smooth": self._editing.smooth,
            "mark_done": lambda: self.toggle_status(Status.DONE),
            "flag": lambda: self.toggle_status(Status.FLAGGED),
        }

    # Clicks -----------------------------------------------------------------------------------------------------

    def remove_click(self) -> None:
        """Take the last corner or click back."""
        canvas = self._planes.under_mouse
        if canvas.tool.step_back():
            canvas.redraw_tool()
        else:
            self._segmenting.remove_click()

    def flip_hovered(self) -> None:
        """Turn the sign of the click under the cursor."""
        if self._planes.active.points.hovered is None:
            self._segmenting.tell("Put the cursor on a click marker to flip it.")
        else:
            self._segmenting.flip_click(self._planes.active.points.hovered)

    def delete(self) -> None:
        """Delete the ruler or the click under the cursor, else the active object."""
        canvas = self._planes.under_mouse
        hovered, active = self._planes.active.points.hovered, self._segmenting.active
        if canvas.tool.remove_hovered():
            canvas.redraw_tool()
        elif hovered is not None:
            self._segmenting.remove_click(hovered)
        elif active is None:
            self._segmenting.tell(_CHOOSE)
        else:
            self._segmenting.apply(DeleteObject(active.id), activate=None)

    def cancel(self) -> None:
        """Leave what was begun: an outline, a ruler, else the clicks of the open object."""
        canvas = self._planes.under_mouse
        if canvas.tool.cancel():
            canvas.redraw_tool()
        elif canvas.tool is canvas.ruler:
            self.ruler_left.emit()
        else:
            self._segmenting.drop_clicks()

    def finish(self) -> None:
        """Close the outline that was begun, else accept the open object."""
        if self._planes.active.tool.complete():
            self._planes.active.redraw_tool()
        else:
            self._segmenting.finish()

    # Objects ----------------------------------------------------------------------------------------------------

    def choose(self, object_id: int) -> None:
        """Make an object of the list the active one."""
        self._segmenting.select(object_id)

    def step(self, step: int) -> None:
        """Make the neighbour in the list the active object."""
        photo, active = self._segmenting.photo, self._segmenting.active
        objects = () if photo is None else photo.annotation.objects
        if not objects:
            return
        place = objects.index(active) + step if active is not None else (0 if step > 0 else -1)
        self._segmenting.select(objects[place % len(objects)].id)

    def reopen(self) -> None:
        """Go on with the clicks of the active object, or of the newest."""
        photo, active = self._segmenting.photo, self._segmenting.active
        target = active or (photo.annotation.objects[-1] if photo is not None and photo.annotation.objects else None)
        if target is None:
            self._segmenting.tell(_CHOOSE)
        else:
            self._segmenting.reopen(target.id)

    def rename_to(self, object_id: int, name: str) -> None:
        """Give an object the name that was typed; an empty one is refused and the list shows the old one again."""
        if not self._segmenting.apply(RenameObject(object_id, name)):
            self._segmenting.select_quietly(object_id)

    def recolour(self, target: LabelObject) -> None:
        """Let a colour be chosen."""
        colour = self._ask_colour(target.colour, f"Colour of {target.name}")
        if colour is not None:
            self._segmenting.apply(RecolourObject(target.id, colour))

    def toggle_eye(self, object_id: int) -> None:
        """Hide or show an object."""
        target = self._find(object_id)
        if target is not None:
            self._segmenting.apply(ShowObject(object_id, not target.is_visible))

    def toggle_lock(self, object_id: int) -> None:
        """Lock or unlock an object."""
        target = self._find(object_id)
        if target is not None:
            self._segmenting.apply(LockObject(object_id, not target.is_locked))

    def move(self, target: LabelObject, step: int) -> None:
        """Move an object up or down the list."""
        photo = self._segmenting.photo
        if photo is not None:
            place = photo.annotation.objects.index(target) + step
            if 0 <= place < len(photo.annotation.objects):
                self._segmenting.apply(ReorderObject(target.id, place))

    # Classes ----------------------------------------------------------------------------------------------------

    def pick_class(self, class_id: int) -> None:
        """Give the active object, and the next ones, a class."""
        photo, active = self._segmenting.photo, self._segmenting.active
        if photo is None or photo.annotation.state.find_class(class_id) is None:
            return
        photo.viewpoint.active_class = class_id
        if active is not None and active.class_id != class_id:
            self._segmenting.apply(ClassifyObject(active.id, class_id))
        else:
            self._segmenting.select_quietly(None if active is None else active.id)

    def pick_class_number(self, number: int) -> None:
        """Pick the class at a place of the list, from 1."""
        photo = self._segmenting.photo
        if photo is not None and number <= len(photo.annotation.classes):
            self.pick_class(photo.annotation.classes[number - 1].id)

    def add_class(self) -> None:
        """Let a class be named, and pick it."""
        photo = self._segmenting.photo
        name, is_given = QInputDialog.getText(self._window, "New class", "Name of the class:")
        if photo is not None and is_given:
            number = photo.annotation.state.next_class_id
            if self._segmenting.apply(NewClass(name, palette_colour(number))):
                self.pick_class(number)

    def rename_class(self) -> None:
        """Let the class in hand be named."""
        known = self._class_in_hand()
        if known is not None:
            name, is_given = QInputDialog.getText(self._window, "Rename class", "Name of the class:", text=known.name)
            if is_given:
                self._segmenting.apply(ChangeClass(known.id, name, known.colour))

    def recolour_class(self) -> None:
        """Let the class in hand be coloured."""
        known = self._class_in_hand()
        colour = None if known is None else self._ask_colour(known.colour, f"Colour of {known.name}")
        if known is not None and colour is not None:
            self._segmenting.apply(ChangeClass(known.id, known.name, colour))

    def delete_class(self) -> None:
        """Take the class in hand off the list."""
        photo, known = self._segmenting.photo, self._class_in_hand()
        if photo is None or known is None:
            return
        others = [path for path in self.photos_with_class(known.id) if path != photo.path]
        if others:
            self._segmenting.tell(
                f"The class “{known.name}” still has objects on “{others[0].name}”"
                f"{f' and {len(others) - 1} more photos' if len(others) > 1 else ''}: give them another class first."
            )
        else:
            self._segmenting.apply(DeleteClass(known.id))

    def toggle_status(self, status: Status) -> None:
        """Mark the photo as done or flagged, or take that back."""
        photo = self._segmenting.photo
        if photo is not None:
            state = photo.annotation.state
            if status is Status.DONE is not state.status:
                self._segmenting.select(None)
            former = Status.IN_PROGRESS if state.objects else Status.TO_DO
            self._segmenting.apply(SetStatus(former if state.status is status else status))

    # Inside -----------------------------------------------------------------------------------------------------

    def _with_active(self, act: Callable[[LabelObject], object]) -> Callable[[], None]:
        def run() -> None:
            active = self._segmenting.active
            if active is None:
                self._segmenting.tell(_CHOOSE)
            else:
                act(active)

        return run

    def _find(self, object_id: int) -> LabelObject | None:
        photo = self._segmenting.photo
        return None if photo is None else photo.annotation.state.find_object(object_id)

    def _class_in_hand(self) -> LabelClass | None:
        photo = self._segmenting.photo
        return None if photo is None else photo.annotation.state.find_class(self._segmenting.class_for_new)

    def _ask_colour(self, present: Colour, title: str) -> Colour | None:
        chosen = QColorDialog.getColor(QColor(*present), self._window, title)
        return (chosen.red(), chosen.green(), chosen.blue()) if chosen.isValid() else None

    def _stroked(self, points: tuple[tuple[float, float], ...], is_erasing: bool) -> None:
        self._editing.stroke(points, self._planes.active.brush.radius, is_erasing=is_erasing)

    def _outlined(self, points: tuple[tuple[float, float], ...], is_erasing: bool) -> None:
        self._editing.outline(points, is_erasing=is_erasing)

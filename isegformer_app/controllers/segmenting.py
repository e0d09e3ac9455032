"""From a click to an accepted mask. Everything here runs on the window's thread; only the worker thinks slowly."""

from collections.abc import Callable, Mapping

from isegformer_app.document import (
    Change,
    Click,
    Edit,
    EditError,
    LabelObject,
    MaskCrop,
    Origin,
    OverlapRule,
    Prompt,
    SliceKey,
    Tool,
)
from isegformer_app.document.edits import (
    AcceptMask,
    AddClick,
    Batch,
    DropClicks,
    FlipClick,
    MoveClick,
    RemoveClick,
    ReopenObject,
)
from isegformer_app.document.history import Step
from isegformer_app.document.object_edits import DeleteObject, NewObject
from isegformer_app.inference import Answer, Failure

from .answers import PromptId
from .desk import Desk
from .photo import Photo
from .ports import Asking, View
from .previewing import Previewing

_KEEP = -1
"""No object has this id: leave the active object as it is."""


def _nothing() -> None:
    """Nothing is subscribed yet."""


class SegmentingController:
    """What the annotator's gestures mean: clicks, finishing, selecting, undo and redo."""

    def __init__(self, worker: Asking, view: View, *, threshold: float = 0.49) -> None:
        """Start with nothing open."""
        self._worker = worker
        self._view = view
        self._desk = Desk()
        self._previewing = Previewing(self._desk, worker, view, self._accept, threshold)
        self._unsubscribe = _nothing
        self.interrupted: Callable[[], object] = _nothing
        """Called before anything else is done: a walk through slices ends then."""
        self.passing: Mapping[SliceKey, MaskCrop] = {}
        """Masks of the active object that are being made, by slice; drawn, and not yet in the document."""

    # What is open -----------------------------------------------------------------------------------------------

    def open(self, photo: Photo | None) -> None:
        """Turn to another photo, or to none; the one before must be finished or left as it is."""
        self.interrupted()
        self._unsubscribe()
        self._unsubscribe = _nothing
        self._previewing.restart()
        self._desk.photo = photo
        if photo is not None:
            self._unsubscribe = photo.annotation.subscribe(self._document_changed)
            photo.annotation.effort.resume()
            key = photo.viewpoint.key
            self._worker.warm_up(photo.image_key(key), photo.rgb(key))
        self._previewing.refresh()

    def turn_to(self, key: SliceKey, *, show: bool = True) -> None:
        """Turn to another slice of the volume. The one before is left accepted, and its object stays in hand."""
        if self.photo is None or key == self.photo.viewpoint.key:
            return
        self.leave_slice()
        self.photo.viewpoint.move_to(key)
        if show:
            self._previewing.refresh()

    def leave_slice(self) -> None:
        """Accept the mask of the open prompt, now or as soon as it is there, and keep its object in hand."""
        active, current = self.active, self._desk.current()
        if active is None or current is None:
            return
        if self.preview is None:
            self._previewing.finish_later(current)
        elif not (self.preview.is_empty or self.is_doubtful):
            origin = Origin.HAND if current.clicks else self.prompt.origin
            self.apply(AcceptMask(active.id, current.key, self.preview, self.rule, origin))

    def show_passing(self, masks: Mapping[SliceKey, MaskCrop]) -> None:
        """Draw masks of the active object that are being made."""
        self.passing = masks
        self._view.preview_changed()

    def show_again(self) -> None:
        """It is looked at in another way: the window follows."""
        self._view.preview_changed()

    def ask_anew(self) -> None:
        """The network sees other pixels from now on: an open prompt is asked again."""
        self.interrupted()
        self._previewing.refresh()

    def prepare_slice(self) -> None:
        """Encode the slice that is looked at, when there is nothing else to do."""
        if self.photo is not None:
            self.encode_ahead(self.photo)

    def encode_ahead(self, photo: Photo) -> None:
        """Prepare for the first click on a photo that may come next."""
        key = photo.viewpoint.key
        self._worker.encode_ahead(photo.image_key(key), photo.rgb(key))

    @property
    def photo(self) -> Photo | None:
        """The photo on the desk."""
        return self._desk.photo

    @property
    def active(self) -> LabelObject | None:
        """The object that clicks and strokes go to; None: the next click starts one."""
        return self._desk.active

    @property
    def prompt(self) -> Prompt:
        """Clicks of the active object on the slice shown."""
        return self._desk.prompt

    @property
    def class_for_new(self) -> int:
        """Class of the next object."""
        return self._desk.class_for_new()

    @property
    def rule(self) -> OverlapRule:
        """Who owns a pixel that two objects claim."""
        return self._desk.rule

    @rule.setter
    def rule(self, rule: OverlapRule) -> None:
        self._desk.rule = rule
        self._view.preview_changed()

    @property
    def preview(self) -> MaskCrop | None:
        """Mask of the open prompt, not yet accepted; None while there is no answer."""
        return self._previewing.preview

    @property
    def shown(self) -> MaskCrop | None:
        """Mask to draw for the active object: its preview, or the one before it while an answer is awaited.

        None where none is open and none is being made.
        """
        if self.photo is not None and self.photo.viewpoint.key in self.passing:
            return self.passing[self.photo.viewpoint.key]
        return self._previewing.shown if self.prompt.is_open else None

    @property
    def is_doubtful(self) -> bool:
        """Whether the open mask is a proposal to be looked at, which only the annotator accepts."""
        return self.prompt.is_open and not self.prompt.clicks and self.prompt.origin is Origin.DOUBTFUL

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is under way."""
        return self._previewing.is_waiting

    @property
    def is_finishing(self) -> bool:
        """Whether finished objects still wait for masks that are under way."""
        return self._previewing.is_finishing

    @property
    def has_failed(self) -> bool:
        """Whether there is no answer, and it is not asked for again by itself."""
        return self._previewing.has_failed

    @property
    def threshold(self) -> float:
        """Probability above which a pixel belongs to the object."""
        return self._previewing.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._previewing.threshold = value
        self._previewing.refresh()

    # Gestures ---------------------------------------------------------------------------------------------------

    def click(self, row: int, col: int, is_positive: bool) -> None:
        """Add a click to the active object, or start an object with it."""
        self.interrupted()
        if self.photo is None:
            return
        key = self.photo.viewpoint.key
        click = Click(row, col, is_positive)
        active = self.active
        if active is not None:
            edits: list[Edit] = [AddClick(active.id, key, click)]
            start = self._desk.start_from_pixels(active)
            if start is not None:
                edits.insert(0, ReopenObject(active.id, key, start))
            self.apply(Batch(tuple(edits), AddClick.title, active.id, key))
            return
        number = self.photo.annotation.state.next_object_id
        new = NewObject(number, self.class_for_new)
        self.apply(Batch((new, AddClick(number, key, click)), AddClick.title, number, key), activate=number)

    def move_click(self, index: int, row: int, col: int) -> None:
        """Move a click of the active object."""
        if self.photo is not None and self.active is not None:
            self.apply(MoveClick(self.active.id, self.photo.viewpoint.key, index, row, col))

    def flip_click(self, index: int) -> None:
        """Turn the sign of a click of the active object."""
        if self.photo is not None and self.active is not None:
            self.apply(FlipClick(self.active.id, self.photo.viewpoint.key, index))

    def remove_click(self, index: int = -1) -> None:
        """Take a click of the active object away, by default the last; with its only click goes a new object."""
        active = self.active
        if self.photo is None or active is None or not self.prompt.clicks:
            return
        index = index % len(self.prompt.clicks)
        if len(self.prompt.clicks) == 1 and self._desk.is_new(active):
            self.apply(DeleteObject(active.id, RemoveClick.title))
        else:
            self.apply(RemoveClick(active.id, self.photo.viewpoint.key, index))

    def drop_clicks(self) -> bool:
        """Leave the open object without its new clicks; whether there was one."""
        active = self.active
        if self.photo is None or active is None:
            return False
        if not self.prompt.is_open:
            self.select(None)
            return False
        if self._desk.is_new(active):
            self.apply(DeleteObject(active.id, DropClicks.title))
        else:
            self.apply(DropClicks(active.id, self.photo.viewpoint.key), activate=None)
        return True

    def finish(self) -> bool:
        """Accept the open object, now or as soon as its mask arrives, and let the next click start another.

        Answers whether nothing is left to wait for.
        """
        active, current = self.active, self._desk.current()
        if active is None or current is None:
            self._believe()
            self.select_quietly(None)
            return not self.is_finishing
        if self.preview is None:
            self._previewing.finish_later(current)
            self.select_quietly(None)
            if self.is_finishing:
                self._view.notice(f"{active.name} will be finished as soon as its mask is there.")
            return not self.is_finishing
        if self.preview.is_empty:
            self._view.notice(f"{active.name} has no pixels: click on it once more, or press Esc to drop it.")
            return False
        self.apply(AcceptMask(active.id, current.key, self.preview, self.rule), activate=None)
        return not self.is_finishing

    def _believe(self) -> None:
        """Take the pixels of the active object that were to be looked at as they are."""
        active, photo = self.active, self.photo
        if active is not None and photo is not None and self.prompt.origin is Origin.DOUBTFUL:
            key = photo.viewpoint.key
            mask = MaskCrop.of(photo.annotation.mask(active.id, key))
            self.apply(AcceptMask(active.id, key, mask, self.rule))

    def accept_part(self) -> None:
        """Accept the mask of the open object and go on with the same object from there, its clicks put aside."""
        active, current, mask = self.active, self._desk.current(), self.preview
        if active is None or current is None or mask is None or mask.is_empty:
            self._view.notice("There is no mask to accept yet: click on the object first.")
            return
        key = current.key
        edits = (AcceptMask(active.id, key, mask, self.rule), ReopenObject(active.id, key, mask))
        self.apply(Batch(edits, "Accept part", active.id, key))

    def select(self, object_id: int | None) -> None:
        """Make an object the active one; an open one before it is finished first."""
        if self.photo is None or self.photo.viewpoint.active_object == object_id:
            return
        self.interrupted()
        is_shown = self.preview is None or not self.preview.is_empty
        if self.prompt.is_open and self.active is not None and is_shown and not self.is_doubtful:
            self.finish()
        self.select_quietly(object_id)

    def select_quietly(self, object_id: int | None) -> None:
        """Make an object the active one and leave the one before as it is."""
        self._desk.make_active(object_id)
        self._previewing.refresh()

    def reopen(self, object_id: int) -> None:
        """Open a finished object with its own clicks, or from its pixels where it has none."""
        self.select(object_id)
        active = self.active
        if self.photo is None or active is None or self.prompt.is_open:
            return
        self.apply(ReopenObject(active.id, self.photo.viewpoint.key, self._desk.start_from_pixels(active)))

    def undo(self) -> None:
        """Take the last step back and look at what it was about."""
        self.interrupted()
        if self.photo is not None:
            self._look_at(self.photo.annotation.undo())

    def redo(self) -> None:
        """Do again what was undone last."""
        self.interrupted()
        if self.photo is not None:
            self._look_at(self.photo.annotation.redo())

    def apply(self, edit: Edit, activate: int | None = _KEEP) -> bool:
        """Apply an edit, and make an object the active one; a refusal becomes a message.

        Answers whether it was done.
        """
        self.interrupted()
        if self.photo is None:
            return False
        viewpoint = self.photo.viewpoint
        former = viewpoint.active_object
        if activate != _KEEP:
            viewpoint.active_object = activate
        try:
            self.photo.annotation.apply(edit)
        except EditError as error:
            viewpoint.active_object = former
            self._view.problem(str(error), False)
            return False
        return True

    def tell(self, message: str) -> None:
        """Give the annotator a line to read."""
        self._view.notice(message)

    # Answers ----------------------------------------------------------------------------------------------------

    def receive_answer(self, answer: Answer) -> None:
        """Use an answer if it answers what is asked at present, and drop it otherwise."""
        self._previewing.receive_answer(answer)

    def receive_failure(self, failure: Failure) -> None:
        """Show why there is no answer; the clicks stay and can be asked again."""
        self._previewing.receive_failure(failure)

    def retry(self) -> None:
        """Ask again after a failure."""
        self._previewing.retry()

    def forget_answers(self) -> None:
        """Another network answers from now on: what is open is asked again."""
        self.interrupted()
        self._previewing.forget_answers()

    # Inside -----------------------------------------------------------------------------------------------------

    def _accept(self, prompt: PromptId, mask: MaskCrop) -> None:
        self.apply(AcceptMask(prompt.object_id, prompt.key, mask, self.rule))

    def _document_changed(self, change: Change) -> None:
        self._previewing.forget_failure()
        self._view.document_changed(change)
        self._previewing.refresh()

    def _look_at(self, step: Step | None) -> None:
        if self.photo is None or step is None or step.object_id is None:
            return
        target = self.photo.annotation.state.find_object(step.object_id)
        viewpoint = self.photo.viewpoint
        if step.key is not None:
            viewpoint.move_to(step.key)
        is_open = target is not None and target.prompt(viewpoint.key).is_open
        goes_on_drawing = viewpoint.tool not in {Tool.CLICK, Tool.RULER} and target is not None
        self.select_quietly(step.object_id if is_open or goes_on_drawing else None)

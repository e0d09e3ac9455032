"""Keeping the mask on screen and the worker in line with the clicks: correct by value, never by order of arrival."""

from collections import deque
from collections.abc import Callable

from isegformer_app.document import MaskCrop, SliceKey
from isegformer_app.inference import Answer, Failure

from .answers import AnswerCache, PromptId
from .desk import Desk
from .ports import Asking, View

Accept = Callable[[PromptId, MaskCrop], None]


class Previewing:
    """Shows what is known about the open prompt and asks for what is not.

    `accept` is called with prompts that were finished before their mask was there, as soon as it is.
    """

    def __init__(self, desk: Desk, worker: Asking, view: View, accept: Accept, threshold: float) -> None:
        """Start with nothing asked."""
        self.preview: MaskCrop | None = None
        """Mask of the open prompt, not yet accepted; None while there is no answer."""
        self.threshold = threshold
        self._desk = desk
        self._worker = worker
        self._view = view
        self._accept = accept
        self._cache = AnswerCache()
        self._finishing: deque[PromptId] = deque()
        self._asked: PromptId | None = None
        self.has_failed = False
        """Whether there is no answer, and it is not asked for again by itself."""
        self._shown: MaskCrop | None = None
        self._shown_for: tuple[int, SliceKey] | None = None
        """The object and the slice that `_shown` belongs to."""

    @property
    def is_waiting(self) -> bool:
        """Whether an answer is under way."""
        return self._asked is not None

    @property
    def is_finishing(self) -> bool:
        """Whether finished objects still wait for masks that are under way."""
        return bool(self._finishing) and not self.has_failed

    @property
    def shown(self) -> MaskCrop | None:
        """Mask to draw for the active object: its preview, or the one before it while an answer is awaited."""
        return self.preview if self.preview is not None else self._shown

    def restart(self) -> None:
        """Another photo: whatever was asked about the one before is of no more use."""
        self._worker.cancel()
        self._finishing.clear()
        self._asked, self.has_failed = None, False
        self._shown, self._shown_for = None, None

    def finish_later(self, prompt: PromptId) -> None:
        """Accept this prompt as soon as its mask is there."""
        self._finishing.append(prompt)

    def receive_answer(self, answer: Answer) -> None:
        """Use an answer if it answers what is asked at present, and drop it otherwise."""
        asked = self._asked
        if asked is None or answer.request != self._desk.request(asked):
            return
        self._asked = None
        self._cache.put(asked, answer.crop)
        self._view.answered(answer)
        self.refresh()

    def receive_failure(self, failure: Failure) -> None:
        """Show why there is no answer; the clicks stay and can be asked again."""
        if self._asked is None or failure.request != self._desk.request(self._asked):
            return
        self._asked, self.has_failed = None, True
        self._view.waiting_changed(False)
        self._view.problem(failure.message, True)

    def retry(self) -> None:
        """Ask again after a failure."""
        self.has_failed = False
        self.refresh()

    def forget_failure(self) -> None:
        """The document changed: what failed may be asked again."""
        self.has_failed = False

    def forget_answers(self) -> None:
        """Another network answers from now on: what is open is asked again."""
        self._cache.clear()
        self._asked, self.has_failed = None, False
        self.refresh()

    def refresh(self) -> None:
        """Bring preview and worker in line with the document: show what is known, ask for what is not."""
        self._finish_what_is_ready()
        current = self._desk.current()
        known = None if current is None else self._mask_for(current)
        # While an answer is awaited the mask before it stays on screen; it belongs to the same object and slice.
        wanted = None if current is None else (current.object_id, current.key)
        awaiting_same = wanted is not None and known is None and wanted == self._shown_for
        if not awaiting_same or (current is not None and not current.clicks):
            self._shown, self._shown_for = known, wanted
        self.preview = known
        self._ask(self._finishing[0] if self._finishing else current if known is None else None)
        self._view.preview_changed()

    def _mask_for(self, prompt: PromptId) -> MaskCrop | None:
        if not prompt.clicks:
            return prompt.start
        answer = self._cache.get(prompt)
        return None if answer is None else answer.mask(self.threshold)

    def _finish_what_is_ready(self) -> None:
        while self._finishing and self._desk.photo is not None:
            head = self._finishing[0]
            target = self._desk.photo.annotation.state.find_object(head.object_id)
            if target is None or self._desk.prompt_id(target, head.key) != head:
                self._finishing.popleft()
                continue
            mask = self._mask_for(head)
            if mask is None:
                return
            self._finishing.popleft()
            if not mask.is_empty:
                self._accept(head, mask)

    def _ask(self, wanted: PromptId | None) -> None:
        if self.has_failed or wanted == self._asked:
            self._view.waiting_changed(self._asked is not None)
            return
        self._asked = wanted
        if wanted is None:
            self._worker.cancel()
        else:
            request = self._desk.request(wanted)
            if request is not None:
                self._worker.submit(request)
        self._view.waiting_changed(wanted is not None)

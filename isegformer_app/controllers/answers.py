"""Answers of the network, kept: what undo and redo, and the threshold, work on without asking again."""

from collections import OrderedDict
from dataclasses import dataclass

from isegformer_app.document import Click, MaskCrop, SliceKey
from isegformer_app.inference import ProbabilityCrop


@dataclass(frozen=True, slots=True)
class PromptId:
    """What an answer answers, by value; the starting mask counts by identity, for it never changes."""

    image_key: str
    key: SliceKey
    object_id: int
    clicks: tuple[Click, ...]
    start: MaskCrop | None


class AnswerCache:
    """The answers used last, up to `limit` bytes."""

    def __init__(self, limit: int = 128 * 2**20) -> None:
        """Start empty."""
        self._limit = limit
        self._nbytes = 0
        self._answers: OrderedDict[PromptId, ProbabilityCrop] = OrderedDict()

    def get(self, prompt: PromptId) -> ProbabilityCrop | None:
        """Return the answer to a prompt, if it is still here."""
        found = self._answers.get(prompt)
        if found is not None:
            self._answers.move_to_end(prompt)
        return found

    def put(self, prompt: PromptId, answer: ProbabilityCrop) -> None:
        """Keep an answer; the newest stays, however large."""
        former = self._answers.pop(prompt, None)
        self._nbytes += answer.levels.nbytes - (0 if former is None else former.levels.nbytes)
        self._answers[prompt] = answer
        while self._nbytes > self._limit and len(self._answers) > 1:
            _, forgotten = self._answers.popitem(last=False)
            self._nbytes -= forgotten.levels.nbytes

    def clear(self) -> None:
        """Forget everything: another network answers from now on."""
        self._answers.clear()
        self._nbytes = 0

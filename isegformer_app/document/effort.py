"""What the work on each object cost: clicks and seconds. Neither is undone: an effort that was made was made."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from .geometry import SliceKey
from .history import Step
from .objects import LabelObject

LONGEST_PAUSE = 60.0
"""Seconds between two steps that count as work; who stays away longer was elsewhere for the rest of the time."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What an object cost: clicks ever made for it, taken back or not, and seconds that it was worked on."""

    clicks: int = 0
    seconds: float = 0.0


class EffortLog:
    """The effort by the object's number. The time since the step before belongs to the object of a step."""

    def __init__(self, efforts: Mapping[int, Effort] | None = None) -> None:
        """Go on from what was recorded."""
        self.clock: Callable[[], float] = time.monotonic
        """Gives seconds."""
        self._efforts = dict(efforts or {})
        self._since: float | None = None
        self._newest = 0

    def __getitem__(self, object_id: int) -> Effort:
        """The effort for an object, none where it was never worked on."""
        return self._efforts.get(object_id, Effort())

    @property
    def efforts(self) -> Mapping[int, Effort]:
        """All of them; a copy."""
        return MappingProxyType(dict(self._efforts))

    def resume(self) -> None:
        """The photo was turned to just now: the time before that was spent elsewhere."""
        self._since = self.clock()

    def put(self, object_id: int, effort: Effort) -> None:
        """Set what is known from elsewhere: from a journal, for example."""
        self._efforts[object_id] = effort

    def record(self, step: Step, *, is_undo: bool) -> None:
        """Count a step that was applied, taken back or done again."""
        now = self.clock()
        seconds = 0.0 if self._since is None else min(max(now - self._since, 0.0), LONGEST_PAUSE)
        self._since = now
        is_new, self._newest = step.serial > self._newest, max(step.serial, self._newest)
        if step.object_id is not None:
            clicks = _clicks_made(step) if is_new and not is_undo else 0
            former = self[step.object_id]
            self._efforts[step.object_id] = Effort(former.clicks + clicks, former.seconds + seconds)


def _clicks_made(step: Step) -> int:
    """Count the clicks that a step adds. Dropping clicks may bring old ones back, but closes the object."""
    before, after = step.before.find_object(step.object_id), step.after.find_object(step.object_id)
    if after is None:
        return 0
    return sum(
        max(0, len(prompt.clicks) - _click_count(before, key))
        for key, prompt in after.prompts.items()
        if prompt.is_open
    )


def _click_count(target: LabelObject | None, key: SliceKey) -> int:
    return 0 if target is None else len(target.prompt(key).clicks)

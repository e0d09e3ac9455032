"""The one undo stack."""

from collections import deque
from dataclasses import dataclass

from .geometry import Box, SliceKey
from .label_map import Patch
from .objects import State

DEFAULT_LIMIT = 256 * 2**20
"""Bytes that the history of one photo may take."""

_STEP_OVERHEAD = 400
_OBJECT_OVERHEAD = 16


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One applied edit, with all it takes to go back and forth."""

    serial: int
    title: str
    before: State
    after: State
    patches: tuple[Patch, ...]
    object_id: int | None
    """The object that the edit was about: the one to look at after undo and redo."""
    key: SliceKey | None

    @property
    def box(self) -> Box | None:
        """Voxels whose ids the step changed."""
        box: Box | None = None
        for patch in self.patches:
            box = patch.box.union(box)
        return box

    @property
    def nbytes(self) -> int:
        """Estimate of the bytes that the step keeps alive; states share what did not change."""
        return _STEP_OVERHEAD + _OBJECT_OVERHEAD * len(self.after.objects) + sum(patch.nbytes for patch in self.patches)


class History:
    """Applied and undone steps, the oldest forgotten first when they take more than `limit` bytes.

    The newest step is always kept, however large, so that the last thing done can always be taken back.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        """Start empty."""
        self.limit = limit
        self.nbytes = 0
        self._done: deque[Step] = deque()
        self._undone: list[Step] = []
        self._base = 0

    def __len__(self) -> int:
        """Count the steps that can be undone."""
        return len(self._done)

    @property
    def position(self) -> int:
        """Serial of the newest applied step: equal positions mean equal documents."""
        return self._done[-1].serial if self._done else self._base

    @property
    def newest_object(self) -> int | None:
        """The object that the newest applied step was about."""
        return self._done[-1].object_id if self._done else None

    @property
    def undo_title(self) -> str | None:
        """Name of what `undo` would take back."""
        return self._done[-1].title if self._done else None

    @property
    def redo_title(self) -> str | None:
        """Name of what `redo` would do again."""
        return self._undone[-1].title if self._undone else None

    def push(self, step: Step) -> None:
        """Add an applied step; what was undone can no longer be redone."""
        self.nbytes += step.nbytes - sum(each.nbytes for each in self._undone)
        self._undone.clear()
        self._done.append(step)
        while self.nbytes > self.limit and len(self._done) > 1:
            forgotten = self._done.popleft()
            self.nbytes -= forgotten.nbytes
            self._base = forgotten.serial

    def undo(self) -> Step | None:
        """Take the newest applied step; None where there is none."""
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        return step

    def redo(self) -> Step | None:
        """Take the step that was undone last; None where there is none."""
        if not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        return step

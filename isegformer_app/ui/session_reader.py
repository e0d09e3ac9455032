"""Reading sessions, and what windows that died left behind, while the window stays alive."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.progress import Progress
from isegformer_app.controllers.session_keeping import Session, looked_for, read_session

from .slow_work import run_slowly

if TYPE_CHECKING:
    from .long_job import LongJob

Result = TypeVar("Result")
GiveUp = Callable[[], object]
Fail = Callable[[str], object]
Reading = Callable[[Path, Progress], tuple[Session, tuple[Path, ...]]]
"""Reads a session, and tells which of its photos are to be looked for."""


class SessionReader:
    """Reads one thing at a time; what is asked for last wins."""

    def __init__(self, window: QWidget) -> None:
        """Begin with nothing to read."""
        self._window = window
        self._job: LongJob | None = None

    @property
    def is_reading(self) -> bool:
        """Whether something is being read."""
        return self._job is not None

    def read(
        self,
        path: Path,
        take: Callable[[Session], object],
        failed: Fail,
        given_up: GiveUp = lambda: None,
        *,
        reading: Reading = read_session,
    ) -> None:
        """Read a session by `reading`, and ask once where its photos are, if some are not where they were."""

        def look(found: tuple[Session, tuple[Path, ...]]) -> None:
            session, missing = found
            self._look_for(session, missing, take, failed, given_up)

        self.run("Reading", partial(reading, path), look, failed, given_up)

    def run(
        self,
        words: str,
        work: Callable[[Progress], Result],
        take: Callable[[Result], object],
        failed: Fail,
        given_up: GiveUp = lambda: None,
    ) -> None:
        """Work away from the window's thread; one of the last three is told how it ended."""
        self.close()

        def over(then: Callable[..., object], *outcome: object) -> None:
            self._job = None
            then(*outcome)

        outcomes = partial(over, take), partial(over, failed), partial(over, given_up)
        self._job = run_slowly(self._window, work, *outcomes, title="Session", words=words)

    def close(self) -> None:
        """Read nothing any more."""
        if self._job is not None:
            self._job.cancel()

    def _look_for(
        self,
        session: Session,
        missing: tuple[Path, ...],
        take: Callable[[Session], object],
        failed: Fail,
        given_up: GiveUp,
    ) -> None:
        chosen = self._ask_for(missing, len(session.paths)) if missing else None
        if chosen is None:
            take(session)
        else:
            self.run("Looking in", partial(looked_for, session, missing[0], chosen), take, failed, given_up)

    def _ask_for(self, missing: tuple[Path, ...], total: int) -> Path | None:
        text = f"{len(missing)} of {total} photos are not where they were. Show where “{missing[0].name}” is?"
        if QMessageBox.question(self._window, "Photos have moved", text) != QMessageBox.StandardButton.Yes:
            return None
        chosen, _ = QFileDialog.getOpenFileName(self._window, f"Where is {missing[0].name}?", "")
        return Path(chosen) if chosen else None

"""Work that takes long, away from the window's thread, with progress and a way to end it."""

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from isegformer_app.controllers.progress import Cancelled, Progress
from isegformer_app.files.errors import FileProblem
from isegformer_app.inference import EngineError

_PARTS = 500
"""Progress is told in so many parts at most: the window need not hear of each of a thousand objects."""


class LongJob(QObject):
    """Runs `work` once on a thread of its own; the signals fire on the thread that made it, one of the last three last.

    `work` is handed a `Progress` to call; it may raise `FileProblem` or `EngineError`, whose sentence `failed` tells.
    """

    progressed = Signal(int, int, str)
    done = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    _told = Signal(int, int, str)
    _ended = Signal(object)

    def __init__(self, work: Callable[[Progress], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._is_unwanted = threading.Event()
        self._gate = threading.Lock()
        self._is_abandoned = False
        self._part = -1
        self._thread = threading.Thread(target=self._run, name="long job", daemon=True)
        self._told.connect(self.progressed, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._finish, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Ask it to end; `cancelled` fires when it has."""
        self._is_unwanted.set()

    def abandon(self) -> None:
        """Ask it to end, and tell no outcome: the window closes, and may be gone before the work is."""
        with self._gate:
            self._is_abandoned = True
        self.cancel()

    @property
    def is_unwanted(self) -> bool:
        """Whether it was asked to end."""
        return self._is_unwanted.is_set()

    def _run(self) -> None:
        outcome, problem = None, None
        try:
            outcome = self._work(self._progress)
        except BaseException as error:  # noqa: BLE001 - raised again on the window's thread
            problem = error
        with self._gate:
            if not self._is_abandoned:
                self._ended.emit((outcome, problem))

    def _progress(self, done: int, total: int, name: str) -> None:
        if self._is_unwanted.is_set():
            raise Cancelled
        part = done * _PARTS // max(total, 1)
        if part != self._part:
            self._part = part
            with self._gate:
                if not self._is_abandoned:
                    self._told.emit(done, total, name)

    def _finish(self, ended: tuple[object, BaseException | None]) -> None:
        # It is on its way out; afterwards this object may be deleted.
        self._thread.join()
        outcome, problem = ended
        # What was returned is an outcome even where it is a problem: whoever asked knows what to do about it.
        if problem is None:
            self.done.emit(outcome)
        elif isinstance(problem, Cancelled):
            self.cancelled.emit()
        elif isinstance(problem, FileProblem | EngineError):
            self.failed.emit(str(problem))
        else:
            self.failed.emit(f"Something unexpected went wrong ({type(problem).__name__}: {problem}).")
            raise problem

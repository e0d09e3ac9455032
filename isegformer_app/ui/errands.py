"""Slow work off the window's thread: one errand after another, each with its outcome told on the window's thread."""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from isegformer_app.files.errors import FileProblem

Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class Errand(Generic[Result]):
    """Something slow that was asked for."""

    work: Callable[[], Result]
    then: Callable[[Result], object]
    failed: Callable[[FileProblem], object]
    over: Callable[[], object]
    _dropped: threading.Event = field(default_factory=threading.Event)

    @property
    def is_dropped(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._dropped.is_set()

    def drop(self) -> None:
        """Want it no more: it is not begun if it was not, and its outcome is not told."""
        self._dropped.set()


class Errands(QObject):
    """A thread of its own, started with the first errand. The methods are for the thread that made it."""

    _returned = Signal(object)

    def __init__(self, parent: QObject, name: str) -> None:
        super().__init__(parent)
        self._name = name
        self._waiting: queue.SimpleQueue[Errand[Any] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._gate = threading.Lock()
        self._is_closed = False
        self._returned.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Result],
        then: Callable[[Result], object],
        failed: Callable[[FileProblem], object] = lambda problem: None,
        over: Callable[[], object] = lambda: None,
    ) -> Errand[Result]:
        """Do `work` on the thread and tell its result to `then`, or what is wrong with a file to `failed`.

        `over` is called before either, however it ended.
        """
        errand = Errand(work, then, failed, over)
        if not self._is_closed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._waiting.put(errand)
        return errand

    def close(self, *, wait: bool = False) -> None:
        """Tell no more outcomes; with `wait`, all that was asked for is done first. A second call does nothing."""
        with self._gate:
            self._is_closed = self._is_closed or not wait
        self._waiting.put(None)
        if wait and self._thread is not None:
            self._thread.join()
        with self._gate:
            self._is_closed = True

    def _run(self) -> None:
        while (errand := self._waiting.get()) is not None:
            if not (errand.is_dropped or self._is_closed):
                self._do(errand)

    def _do(self, errand: Errand[Any]) -> None:
        result, problem = None, None
        try:
            result = errand.work()
        except Exception as error:  # noqa: BLE001 - it is raised again where it can be told
            problem = error
        with self._gate:
            if not self._is_closed:
                # One tuple: PySide forgets to count the references to a bare None that passes through a queue.
                self._returned.emit((errand, result, problem))

    def _deliver(self, outcome: tuple[Errand[Any], object, Exception | None]) -> None:
        errand, result, problem = outcome
        if errand.is_dropped or self._is_closed:
            return
        errand.over()
        if problem is None:
            errand.then(result)
        elif isinstance(problem, FileProblem):
            errand.failed(problem)
        else:
            raise problem

"""From the worker's thread to the window's: messages travel through Qt's queue and arrive in order."""

from PySide6.QtCore import QObject, Qt, Signal

from isegformer_app.inference import Answer, Failure, WorkerState


class WorkerBridge(QObject):
    """Its three `send_` methods may be called from any thread; the signals fire on the thread that made the bridge."""

    answered = Signal(object)
    failed = Signal(object)
    state_changed = Signal(object)
    _answer = Signal(object)
    _failure = Signal(object)
    _state = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        queued = Qt.ConnectionType.QueuedConnection
        self._answer.connect(self.answered, queued)
        self._failure.connect(self.failed, queued)
        self._state.connect(self.state_changed, queued)

    def send_answer(self, answer: Answer) -> None:
        """Pass an answer on."""
        self._answer.emit(answer)

    def send_failure(self, failure: Failure) -> None:
        """Pass a failure on."""
        self._failure.emit(failure)

    def send_state(self, state: WorkerState) -> None:
        """Pass a state on."""
        self._state.emit(state)

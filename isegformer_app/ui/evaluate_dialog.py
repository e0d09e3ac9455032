"""An evaluation while it runs, and what it found: numbers, pictures, and where all of it lies."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QProgressBar, QVBoxLayout, QWidget

from isegformer_app.controllers.evaluating import EvaluationRun
from isegformer_app.files.errors import FileProblem

from .evaluate_result import EvaluateResult
from .show_folder import add_show_folder
from .train_watch import in_words

_POLL_MS = 300
_WIDTH_AT_WORK, _RESULT = 480, QSize(900, 700)
_SHARE = 0.85
"""How much of a small screen the dialog may take."""


class EvaluateDialog(QDialog):
    """Watches a run; `failed` tells why it ended without a result."""

    failed = Signal(str)

    def __init__(self, run: EvaluationRun, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Evaluate")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.run, self._window = run, parent
        self.headline = QLabel("Starting…")
        self.headline.setObjectName("sectionTitle")
        self.headline.setWordWrap(True)
        self.time_left = QLabel()
        self.time_left.setObjectName("faint")
        self.bar = QProgressBar(minimum=0, maximum=0)
        self.outcome = EvaluateResult()
        self.outcome.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(self.bar)
        layout.addWidget(self.time_left)
        layout.addWidget(self.outcome, stretch=1)
        layout.addStretch()
        layout.addWidget(self.buttons)
        self.resize(_WIDTH_AT_WORK, self.sizeHint().height())
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)

    def begin(self) -> None:
        """Start the evaluation and watch it."""
        try:
            self.run.start()
        except FileProblem as problem:
            self._fail(str(problem))
            return
        self._timer.start()

    def done(self, code: int) -> None:
        """Close, and end what runs."""
        self._timer.stop()
        self.run.end()
        super().done(code)

    def _poll(self) -> None:
        count, total = self.run.progress
        if total and count == total:
            # The worst objects are answered once more for their picture.
            self.bar.setRange(0, 0)
            self.headline.setText("Drawing the worst cases")
            self.time_left.setText("")
        elif total:
            self.bar.setRange(0, total)
            self.bar.setValue(count)
            self.headline.setText(f"Clicking {total} finished objects")
            left = self.run.seconds_left
            self.time_left.setText("" if left is None else f"{in_words(left)} left")
        if self.run.is_alive:
            return
        self._timer.stop()
        if self.run.is_done:
            self._show_result()
        else:
            self._fail(self.run.last_words())

    def _fail(self, message: str) -> None:
        self.failed.emit(message)
        self.reject()

    def _show_result(self) -> None:
        self.headline.setText(self.run.headline())
        self.bar.hide()
        self.time_left.hide()
        self.outcome.show_run(self.run)
        self.outcome.show()
        self.resize(_RESULT.boundedTo(self.screen().availableSize() * _SHARE))
        self.move(self._window.frameGeometry().center() - self.rect().center())
        self.buttons.setStandardButtons(QDialogButtonBox.StandardButton.Close)
        self.buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)
        add_show_folder(self.buttons, self.run.folder)

"""An evaluation while it runs, and what it found: numbers, pictures, and where all of it lies."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFontDatabase, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.evaluating import PICTURES, EvaluationRun
from isegformer_app.files.errors import FileProblem

from .train_watch import in_words

_POLL_MS = 300


class EvaluateDialog(QDialog):
    """Watches a run; `failed` tells why it ended without a result."""

    failed = Signal(str)

    def __init__(self, run: EvaluationRun, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Evaluate")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(900, 700)
        self.run = run
        self.headline = QLabel("Starting…")
        self.headline.setObjectName("sectionTitle")
        self.headline.setWordWrap(True)
        self.time_left = QLabel()
        self.time_left.setObjectName("faint")
        self.bar = QProgressBar(minimum=0, maximum=0)
        self.tabs = QTabWidget()
        self.tabs.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(self.bar)
        layout.addWidget(self.time_left)
        layout.addWidget(self.tabs, stretch=1)
        layout.addStretch()
        layout.addWidget(self.buttons)
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
        if total:
            self.bar.setRange(0, total)
            self.bar.setValue(count)
            self.headline.setText(f"Clicking {total} finished objects")
            left = self.run.seconds_left
            self.time_left.setText("" if left is None else f"{in_words(left)} left")
        if self.run.is_alive:
            return
        self._timer.stop()
        if self.run.is_done:
            self._show_result(self.run.summary)
        else:
            self._fail(self.run.last_words())

    def _fail(self, message: str) -> None:
        self.failed.emit(message)
        self.reject()

    def _show_result(self, summary: Mapping[str, Any]) -> None:
        noc, unreached = summary.get("noc@90"), summary.get("unreached@90", 0)
        words = f"{summary.get('model')} needs {noc:.1f} clicks an object to an IoU of .90" if noc is not None else ""
        self.headline.setText(f"{words}, over {summary.get('objects', 0)} objects; {unreached} never reach it.")
        self.bar.hide()
        self.time_left.hide()
        text = QPlainTextEdit("\n".join([self.run.table, *self.run.left_out()]))
        text.setReadOnly(True)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        for heading, name in PICTURES.items():
            picture = QPixmap(str(self.run.folder / name))
            if not picture.isNull():
                self.tabs.addTab(_scrolled(picture), heading)
        self.tabs.addTab(text, "Table")
        self.tabs.show()
        self.buttons.setStandardButtons(QDialogButtonBox.StandardButton.Close)
        show = self.buttons.addButton("Show &folder", QDialogButtonBox.ButtonRole.ActionRole)
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.run.folder))))


def _scrolled(picture: QPixmap) -> QScrollArea:
    label = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
    label.setPixmap(picture)
    area = QScrollArea()
    area.setWidget(label)
    area.setWidgetResizable(True)
    return area

"""What an evaluation found: numbers with their intervals, pictures, and what was left out."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.evaluating import PICTURES, EvaluationRun, Measure

_HEADS = ("", "Value", "95 % interval")
_AIR = 6
"""Logical pixels round the words of a row."""


class EvaluateResult(QTabWidget):
    """The tabs that show a finished run."""

    def show_run(self, run: EvaluationRun) -> None:
        """Show what the run wrote."""
        self.addTab(_numbers(run.measures(), run.table), "Numbers")
        for heading, (name, is_tall) in PICTURES.items():
            pixmap = QPixmap(str(run.folder / name))
            if not pixmap.isNull():
                picture = Picture(pixmap, is_tall=is_tall)
                self.addTab(_scrolled(picture) if is_tall else picture, heading)
        left_out = run.left_out()
        if left_out:
            lines = QPlainTextEdit("\n".join(left_out))
            lines.setReadOnly(True)
            self.addTab(lines, f"Left out ({len(left_out)})")


class Picture(QWidget):
    """A picture as large as fits, sharp on every screen; a tall one fits the width alone and is scrolled."""

    def __init__(self, pixmap: QPixmap, *, is_tall: bool) -> None:
        super().__init__()
        self._whole, self._shown, self._is_tall = pixmap, QPixmap(), is_tall
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        policy.setHeightForWidth(is_tall)
        self.setSizePolicy(policy)

    def heightForWidth(self, width: int) -> int:
        """Ask a scroll area for the height of all of it."""
        return self._fitted(QSize(width, 1 << 20)).height()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it, scaled once a size."""
        del event
        room = self._fitted(self.size())
        ratio = self.devicePixelRatioF()
        if self._shown.deviceIndependentSize().toSize() != room or self._shown.devicePixelRatio() != ratio:
            smooth = Qt.TransformationMode.SmoothTransformation
            self._shown = self._whole.scaled(room * ratio, Qt.AspectRatioMode.KeepAspectRatio, smooth)
            self._shown.setDevicePixelRatio(ratio)
        top = 0 if self._is_tall else (self.height() - room.height()) // 2
        QPainter(self).drawPixmap((self.width() - room.width()) // 2, top, self._shown)

    def _fitted(self, room: QSize) -> QSize:
        """Scale into `room`, and never over the picture's own pixels."""
        room = room.boundedTo(self._whole.size())
        return self._whole.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatio)


def _scrolled(picture: Picture) -> QScrollArea:
    area = QScrollArea()
    area.setWidget(picture)
    area.setWidgetResizable(True)
    area.setFrameShape(QScrollArea.Shape.NoFrame)
    return area


def _numbers(measures: Sequence[Measure], markdown: str) -> QWidget:
    table = QTableWidget(len(measures), len(_HEADS))
    table.setHorizontalHeaderLabels(_HEADS)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + _AIR)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setShowGrid(False)
    for row, measure in enumerate(measures):
        for column, words in enumerate((measure.words, measure.value, measure.interval)):
            item = QTableWidgetItem(words)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, column, item)
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    copy = QPushButton("&Copy as Markdown")
    copy.setAutoDefault(False)
    copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(markdown))
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.addWidget(table, stretch=1)
    layout.addWidget(copy, alignment=Qt.AlignmentFlag.AlignRight)
    return page

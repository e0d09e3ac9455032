"""The last page of the training dialog: numbers before and after, and whether the model is kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .train_pictures import CAPTION, TrainPictures

_PICTURE = 120
_COLUMNS = (
    ("noc@85", "Clicks to IoU .85"),
    ("noc@90", "Clicks to IoU .90"),
    ("failures@90", "20 clicks or never to .90"),
    ("miou@1", "IoU after 1 click"),
    ("miou@3", "IoU after 3 clicks"),
    ("miou@5", "IoU after 5 clicks"),
)


class TrainResult(QWidget):
    """Emits `keep_wanted` with a name, or `discard_wanted`."""

    keep_wanted = Signal(str)
    discard_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.headline = QLabel()
        self.headline.setObjectName("sectionTitle")
        self.headline.setWordWrap(True)
        self.note = QLabel()
        self.note.setObjectName("faint")
        self.note.setWordWrap(True)
        self.table = QTableWidget(len(_COLUMNS), 2)
        self.table.setHorizontalHeaderLabels(["Before", "After"])
        self.table.setVerticalHeaderLabels([words for _, words in _COLUMNS])
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = self.table.verticalHeader().length() + self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(rows + 2 * self.table.frameWidth())
        self._before, self._after = TrainPictures(_PICTURE), TrainPictures(_PICTURE)
        self._shown = QWidget()
        rows_of_pictures = QFormLayout(self._shown)
        rows_of_pictures.setContentsMargins(0, 0, 0, 0)
        rows_of_pictures.addRow("Before", self._before)
        rows_of_pictures.addRow("After", self._after)
        caption = QLabel(CAPTION)
        caption.setObjectName("faint")
        rows_of_pictures.addRow("", caption)
        self.name_edit = QLineEdit()
        self.keep_button = QPushButton("&Keep the model")
        self.keep_button.setDefault(True)
        self.discard_button = QPushButton("&Discard it")
        self.discard_button.setAutoDefault(False)
        self.keep_button.clicked.connect(lambda: self.keep_wanted.emit(self.name_edit.text()))
        self.discard_button.clicked.connect(self.discard_wanted)
        buttons = QHBoxLayout()
        self._name_label = QLabel("&Name")
        self._name_label.setBuddy(self.name_edit)
        buttons.addWidget(self._name_label)
        buttons.addWidget(self.name_edit, stretch=1)
        buttons.addWidget(self.keep_button)
        buttons.addWidget(self.discard_button)
        layout = QVBoxLayout(self)
        for widget in (self.headline, self.note, self.table, self._shown):
            layout.addWidget(widget)
        layout.addStretch()
        layout.addLayout(buttons)

    def show_result(self, result: Mapping[str, Any], name: str) -> None:
        """Show the numbers of `result.json`."""
        before, after, is_better = result["before"], result["after"], bool(result["is_better"])
        for row, (key, _) in enumerate(_COLUMNS):
            for column, numbers in enumerate((before, after)):
                item = QTableWidgetItem(_cell(key, numbers.get(key)))
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                self.table.setItem(row, column, item)
        saved = round(float(before["noc@90"]) - float(after["noc@90"]), 1)
        self.headline.setText(
            f"The new model needs {saved:.1f} clicks fewer an object to reach an IoU of .90."
            if is_better and saved > 0
            else "The new model is better on the held-out images."
            if is_better
            else "The training did not make the model better on the held-out images; the base model stays."
        )
        held = len(result.get("held_out", ()))
        self.note.setText(
            f"Measured on {before['objects']} objects of {held} images that were held out, by a simulated user who "
            "clicks where the answer is most wrong, 20 clicks at most."
        )
        self.name_edit.setText(name)
        for widget in (self.keep_button, self.name_edit, self._name_label):
            widget.setVisible(is_better)
        self.discard_button.setText("&Discard it" if is_better else "&Close and tidy up")

    def show_pictures(self, before: Sequence[Path], after: Sequence[Path]) -> None:
        """Show sample predictions of the base model above those of the new one."""
        self._shown.setVisible(bool(before and after))
        self._before.show_files(before)
        self._after.show_files(after)


def _cell(key: str, value: object) -> str:
    if not isinstance(value, (int, float)):
        return "-"
    if key.startswith("miou"):
        return f"{100 * value:.1f} %"
    return f"{value:.2f}" if key.startswith("noc") else str(value)

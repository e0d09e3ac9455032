"""The first page of the training dialog: which data, from which model, how long, and what the check says."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.training import Wanted
from isegformer_app.files.session import SUFFIX

_NOTHING = "Add a session, or a folder of images and masks."
_CHECKING = "Checking the data…"


class TrainChoice(QWidget):
    """Emits `changed` when the data has to be checked anew, `start_wanted`, and `continue_wanted`."""

    changed = Signal()
    start_wanted = Signal()
    continue_wanted = Signal()

    def __init__(self, data: Sequence[Path], bases: Sequence[tuple[str, str]], base: str) -> None:
        super().__init__()
        self.extra: tuple[str, ...] = ()
        """Further options of the command, such as --samples 24."""
        self.data_list = QListWidget()
        self.data_list.setMinimumHeight(70)
        self.data_list.setMaximumHeight(110)
        self.data_list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.data_list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.add_session = QPushButton("Add &session…")
        self.add_folder = QPushButton("Add &folder…")
        self.remove = QPushButton("&Remove")
        self.remove.setEnabled(False)
        self.base_box = QComboBox()
        for title, value in bases:
            self.base_box.addItem(title, value)
        self.base_box.setCurrentIndex(max(self.base_box.findData(base), 0))
        self.hold_out = QSpinBox(minimum=5, maximum=80, value=20, suffix=" % of the objects")
        self.hold_out.setToolTip("Their images are never trained on: they tell whether the model got better")
        self.minutes = QDoubleSpinBox(minimum=0.5, maximum=600.0, value=5.0, decimals=1, suffix=" minutes")
        self.minutes.setToolTip("For the training itself; encoding the images and measuring come on top")
        self.report = QPlainTextEdit(_NOTHING)
        self.report.setReadOnly(True)
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self.left_over = QLabel()
        self.left_over.setWordWrap(True)
        self.continue_button = QPushButton()
        self.continue_button.setAutoDefault(False)
        self.start_button = QPushButton("S&tart training")
        self.start_button.setDefault(True)
        self._lay_out()
        self._connect()
        for path in data:
            self._add(path)
        self.show_left_over("", "")
        self._can_start(can=False)

    def _lay_out(self) -> None:
        buttons = QVBoxLayout()
        for button in (self.add_session, self.add_folder, self.remove):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch()
        data_row = QHBoxLayout()
        data_row.addWidget(self.data_list, stretch=1)
        data_row.addLayout(buttons)
        form = QFormLayout()
        label = QLabel("&Annotations")
        label.setBuddy(self.data_list)
        form.addRow(label, data_row)
        form.addRow("&Base model", self.base_box)
        form.addRow("&Hold out", self.hold_out)
        form.addRow("Train f&or", self.minutes)
        start = QHBoxLayout()
        start.addStretch()
        start.addWidget(self.start_button)
        over = QHBoxLayout()
        over.addWidget(self.left_over, stretch=1)
        over.addWidget(self.continue_button)
        layout = QVBoxLayout(self)
        layout.addLayout(over)
        layout.addLayout(form)
        layout.addWidget(self.report, stretch=1)
        layout.addWidget(self.trouble)
        layout.addLayout(start)

    def _connect(self) -> None:
        self.add_session.clicked.connect(self._ask_for_session)
        self.add_folder.clicked.connect(self._ask_for_folder)
        self.remove.clicked.connect(self._remove)
        self.data_list.currentRowChanged.connect(lambda row: self.remove.setEnabled(row >= 0))
        self.hold_out.editingFinished.connect(self.changed)
        self.minutes.editingFinished.connect(self.changed)
        self.base_box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.start_button.clicked.connect(self.start_wanted)
        self.continue_button.clicked.connect(self.continue_wanted)

    @property
    def wanted(self) -> Wanted | None:
        """What is chosen; None while there is no data."""
        data = tuple(
            Path(self.data_list.item(row).data(Qt.ItemDataRole.UserRole)) for row in range(self.data_list.count())
        )
        if not data:
            return None
        base = self.base_box.currentData() or ""
        return Wanted(data, base, self.hold_out.value(), self.minutes.value(), self.extra)

    def add(self, path: Path) -> None:
        """Add a session or folder, and have everything checked."""
        self._add(path)
        self.changed.emit()

    def show_checking(self) -> None:
        """The check is under way."""
        self._can_start(can=False)
        self.trouble.hide()
        self.report.setPlainText(_CHECKING if self.data_list.count() else _NOTHING)

    def show_report(self, text: str) -> None:
        """The check is done, and a training could start."""
        self.report.setPlainText(text)
        self._can_start(can=True)

    def show_trouble(self, message: str) -> None:
        """What stands in the way."""
        self.report.setPlainText("")
        self.trouble.setText(message)
        self.trouble.show()

    def show_left_over(self, words: str, button: str) -> None:
        """Offer an earlier training; empty words take the offer back."""
        self.left_over.setText(words)
        self.continue_button.setText(button)
        self.left_over.setVisible(bool(words))
        self.continue_button.setVisible(bool(words))

    def _can_start(self, *, can: bool) -> None:
        self.start_button.setEnabled(can)

    def _add(self, path: Path) -> None:
        item = QListWidgetItem(path.name)
        item.setToolTip(str(path))
        item.setData(Qt.ItemDataRole.UserRole, str(path))
        self.data_list.addItem(item)

    def _ask_for_session(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Annotations to train on", "", f"Sessions and COCO JSON (*{SUFFIX} *.json)"
        )
        for path in paths:
            self._add(Path(path))
        if paths:
            self.changed.emit()

    def _ask_for_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with images and masks")
        if chosen:
            self.add(Path(chosen))

    def _remove(self) -> None:
        self.data_list.takeItem(self.data_list.currentRow())
        self.changed.emit()

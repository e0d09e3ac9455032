"""Choosing among the volumes of a folder: patient, study, series, size, and what is odd about each."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.opening import VolumeChoice
from isegformer_app.files.volumes import read_thumbnail_of

from .errands import Errands
from .sizes import begin_with
from .thumbnails import pixmap_of

_PICTURE = 56
"""Logical pixels of the sides of a picture."""

_GAP = 3 * "\N{NO-BREAK SPACE}"
"""Behind figures, which would touch those of the next column."""

_HEADINGS = ("Series", "Kind", "Size", "Spacing (mm)", "Times", "Files", "")


class VolumeChooser(QDialog):
    """A list of volumes below their patients and studies; several may be chosen. Their middle slices come by and by."""

    def __init__(self, choices: Sequence[VolumeChoice], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose volumes")
        self._choices = tuple(choices)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(list(_HEADINGS))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setAlternatingRowColors(True)
        self.tree.setIconSize(QSize(_PICTURE, _PICTURE))
        self.tree.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._rows: list[QTreeWidgetItem] = []
        self._fill()
        self._notes = QLabel()
        self._notes.setWordWrap(True)
        self._notes.setObjectName("faint")
        self._notes.setMinimumHeight(3 * self.fontMetrics().lineSpacing())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._open = buttons.button(QDialogButtonBox.StandardButton.Open)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"{len(self._choices)} volumes were found. Choose those to work on."))
        layout.addWidget(self.tree, stretch=1)
        layout.addWidget(self._notes)
        layout.addWidget(buttons)
        self.tree.itemSelectionChanged.connect(self._show_notes)
        self.tree.itemDoubleClicked.connect(self._take_one)
        begin_with(self, 900, 520)
        first = self._rows[0]
        first.setSelected(True)
        self.tree.setCurrentItem(first)
        self._pictures = Errands(self, "middle slices")
        side = round(_PICTURE * self.devicePixelRatioF())
        for row, each in zip(self._rows, self._choices, strict=True):
            self._pictures.run(partial(read_thumbnail_of, each, side), partial(self._show_picture, row))

    @property
    def chosen(self) -> tuple[VolumeChoice, ...]:
        """The volumes that are selected, in the order of the list."""
        return tuple(self._choices[item.data(0, Qt.ItemDataRole.UserRole)] for item in self._rows if item.isSelected())

    def done(self, result: int) -> None:
        """Close, and read no more pictures."""
        self._pictures.close()
        super().done(result)

    def _show_picture(self, row: QTreeWidgetItem, pixels: NDArray[np.uint8] | None) -> None:
        if pixels is not None:
            row.setIcon(0, QIcon(_in_square(pixmap_of(pixels), self.devicePixelRatioF())))

    def _fill(self) -> None:
        parents: dict[tuple[str, str], QTreeWidgetItem] = {}
        # Something of the size of the pictures, so that the rows do not move when these come.
        blank = _in_square(QPixmap(), 1.0)
        titles = _titles(self._choices)
        for number, each in enumerate(self._choices):
            known = (each.patient, each.study)
            if known not in parents:
                title = ", ".join(part for part in known if part) or "Files"
                parents[known] = QTreeWidgetItem(self.tree, [title])
                parents[known].setFirstColumnSpanned(True)
                parents[known].setToolTip(0, title)
                parents[known].setFlags(Qt.ItemFlag.ItemIsEnabled)
                parents[known].setExpanded(True)
            depth, height, width = each.shape
            spacing = ", ".join(f"{length:.3g}" for length in reversed(each.spacing))
            times = str(each.time_points) if each.time_points > 1 else ""
            warning = "see below" if each.notes else ""
            words = [
                titles[number],
                each.modality,
                f"{width} x {height} x {depth}{_GAP}",
                f"{spacing}{_GAP}",
                times,
                str(each.files),
                warning,
            ]
            item = QTreeWidgetItem(parents[known], words)
            item.setIcon(0, QIcon(blank))
            item.setToolTip(0, f"{each.title}\n{each.source.path}")
            item.setData(0, Qt.ItemDataRole.UserRole, number)
            self._rows.append(item)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        # The names have what the others leave; longer ones are cut in their middle and told as a tip.
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)

    def _show_notes(self) -> None:
        self._notes.setText(" ".join(dict.fromkeys(note for each in self.chosen for note in each.notes)))
        self._open.setEnabled(bool(self.chosen))

    def _take_one(self, item: QTreeWidgetItem) -> None:
        if item.parent() is not None:
            self.accept()


def _titles(choices: Sequence[VolumeChoice]) -> list[str]:
    """What each is called: files of one name with as many of their folders as tell them apart."""
    files = [each.source.path.parts if each.source.path.name == each.title else () for each in choices]
    ends = Counter(parts[-count:] for parts in files for count in range(1, len(parts)))
    found = []
    for choice, parts in zip(choices, files, strict=True):
        own = next((count for count in range(1, len(parts)) if ends[parts[-count:]] == 1), 1)
        found.append("/".join(parts[-own:]) if parts else choice.title)
    return found


def _in_square(picture: QPixmap, ratio: float) -> QPixmap:
    """Put a picture into the middle of a square: all names then begin in one line."""
    square = QPixmap(round(_PICTURE * ratio), round(_PICTURE * ratio))
    square.fill(Qt.GlobalColor.transparent)
    if not picture.isNull():
        painter = QPainter(square)
        painter.drawPixmap((square.width() - picture.width()) // 2, (square.height() - picture.height()) // 2, picture)
        painter.end()
    square.setDevicePixelRatio(ratio)
    return square


def choose_volumes(window: QWidget, choices: Sequence[VolumeChoice]) -> tuple[VolumeChoice, ...]:
    """Let volumes be chosen; none where the annotator thinks better of it."""
    chooser = VolumeChooser(choices, window)
    is_taken = chooser.exec() == QDialog.DialogCode.Accepted
    chosen = chooser.chosen if is_taken else ()
    chooser.deleteLater()
    return chosen

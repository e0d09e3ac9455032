"""Choosing among the volumes of a folder: patient, study, series, size, and what is odd about each."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.opening import VolumeChoice

_HEADINGS = ("Series", "Kind", "Size", "Spacing (mm)", "Times", "Files", "")


class VolumeChooser(QDialog):
    """A list of volumes below their patients and studies; several may be chosen."""

    def __init__(self, choices: Sequence[VolumeChoice], parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Choose volumes")
        self._choices = tuple(choices)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(list(_HEADINGS))
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setAlternatingRowColors(True)
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
        self.resize(QSize(860, 460))
        first = self._rows[0]
        first.setSelected(True)
        self.tree.setCurrentItem(first)

    @property
    def chosen(self) -> tuple[VolumeChoice, ...]:
        """The volumes that are selected, in the order of the list."""
        return tuple(self._choices[item.data(0, Qt.ItemDataRole.UserRole)] for item in self._rows if item.isSelected())

    def _fill(self) -> None:
        parents: dict[tuple[str, str], QTreeWidgetItem] = {}
        for number, each in enumerate(self._choices):
            known = (each.patient, each.study)
            if known not in parents:
                title = ", ".join(part for part in known if part) or "Files"
                parents[known] = QTreeWidgetItem(self.tree, [title])
                parents[known].setFirstColumnSpanned(True)
                parents[known].setFlags(Qt.ItemFlag.ItemIsEnabled)
                parents[known].setExpanded(True)
            depth, height, width = each.shape
            spacing = ", ".join(f"{length:.3g}" for length in reversed(each.spacing))
            times = str(each.time_points) if each.time_points > 1 else ""
            warning = "see below" if each.notes else ""
            words = [
                each.title,
                each.modality,
                f"{width} x {height} x {depth}",
                spacing,
                times,
                str(each.files),
                warning,
            ]
            item = QTreeWidgetItem(parents[known], words)
            item.setData(0, Qt.ItemDataRole.UserRole, number)
            self._rows.append(item)
        for column in range(len(_HEADINGS)):
            self.tree.resizeColumnToContents(column)

    def _show_notes(self) -> None:
        self._notes.setText(" ".join(dict.fromkeys(note for each in self.chosen for note in each.notes)))
        self._open.setEnabled(bool(self.chosen))

    def _take_one(self, item: QTreeWidgetItem) -> None:
        if item.parent() is not None:
            self.accept()


def choose_volumes(window: QWidget, choices: Sequence[VolumeChoice]) -> tuple[VolumeChoice, ...]:
    """Let volumes be chosen; none where the annotator thinks better of it."""
    chooser = VolumeChooser(choices, window)
    is_taken = chooser.exec() == QDialog.DialogCode.Accepted
    chosen = chooser.chosen if is_taken else ()
    chooser.deleteLater()
    return chosen

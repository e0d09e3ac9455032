"""Keys and gestures in one searchable list."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .actions import ACTIONS, plain_text
from .sizes import begin_with

GESTURES: tuple[tuple[str, str], ...] = (
    ("Click on the object", "Left click"),
    ("Click beside the object", "Right click, or Shift+left click"),
    ("Move a click", "Drag its marker"),
    ("Flip a click", "Ctrl+click on its marker"),
    ("Remove a click", "Alt+click on its marker"),
    ("Finish the object", "Tap Space"),
    ("Move the photo", "Drag with the middle or right button, or hold Space and drag"),
    ("Zoom at the cursor", "Wheel, or pinch a trackpad"),
    ("Peek under the overlay", "Hold S (tap: hide and show)"),
    ("Overlay weaker or stronger", "Alt+wheel"),
    ("Brush size", "Shift+wheel"),
    ("Erase with the brush, paint with the eraser", "Right button, or Ctrl+left button"),
    ("Cut with polygon or lasso", "Begin with the right button"),
    ("Close a polygon", "Double-click, Enter, or click its first corner"),
    ("Measure a length", "Drag with the ruler (M), and drag its ends"),
    ("Remove a ruler", "Del while the cursor is over it"),
    ("Turn and zoom the 3-D view", "Drag with the left button, and wheel"),
    ("Move the 3-D view", "Drag with the middle or right button"),
    ("See the 3-D view from the front", "Double-click"),
    ("Pick a class", "1 … 9"),
)


class CheatSheet(QDialog):
    """Lists gestures and actions; typing narrows the list."""

    def __init__(self, actions: Mapping[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and gestures")
        begin_with(self, 720, 600)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search, for example: undo, brush, Ctrl")
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setColumnCount(2)
        self.list.setHeaderLabels(["What", "How"])
        self.list.setAlternatingRowColors(True)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self._add_group("Mouse and held keys", GESTURES)
        for menu in dict.fromkeys(spec.menu.split("/")[0] for spec in ACTIONS):
            rows = [
                (plain_text(spec), _keys(actions[spec.name])) for spec in ACTIONS if spec.menu.split("/")[0] == menu
            ]
            self._add_group(menu.replace("&", ""), rows)
        self.list.expandAll()
        self.search.textChanged.connect(self.narrow)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.list)
        layout.addWidget(buttons)

    def narrow(self, text: str) -> None:
        """Show only the lines that contain every word of `text`."""
        words = text.casefold().split()
        for group_index in range(self.list.topLevelItemCount()):
            group = self.list.topLevelItem(group_index)
            if group is None:
                continue
            count = 0
            for index in range(group.childCount()):
                line = group.child(index)
                if line is None:
                    continue
                both = f"{line.text(0)} {line.text(1)}".casefold()
                is_wanted = all(word in both for word in words)
                line.setHidden(not is_wanted)
                count += is_wanted
            group.setHidden(count == 0)

    def _add_group(self, title: str, rows: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> None:
        group = QTreeWidgetItem([title])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        font = group.font(0)
        font.setBold(True)
        group.setFont(0, font)
        for what, how in rows:
            group.addChild(QTreeWidgetItem([what, how]))
        self.list.addTopLevelItem(group)


def _keys(action: QAction) -> str:
    return ", ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())

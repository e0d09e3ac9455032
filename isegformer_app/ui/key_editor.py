"""The keys of all actions in one list, to be changed."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from .actions import ACTIONS, plain_text
from .key_table import FIXED_KEYS, KeyTable
from .sizes import begin_with

_WORDS = {spec.name: plain_text(spec) for spec in ACTIONS}
_HINT = "Choose an action, click into the field and press the new key."


class KeyEditor(QDialog):
    """Changes a `KeyTable`; its owner uses the table when the dialog was accepted."""

    def __init__(self, table: KeyTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self.setWindowTitle("Keys")
        begin_with(self, 640, 620)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search, for example: fit, brush, Ctrl")
        self.search.setClearButtonEnabled(True)
        self.list = QTreeWidget()
        self.list.setColumnCount(3)
        self.list.setHeaderLabels(["Action", "Menu", "Keys"])
        self.list.setRootIsDecorated(False)
        self.list.setAlternatingRowColors(True)
        self.field = QKeySequenceEdit()
        self.field.setMaximumSequenceLength(1)
        self.warning = QLabel(_HINT)
        self.warning.setWordWrap(True)
        self.warning.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.replace_button, self.add_button = QPushButton("&Use this key"), QPushButton("&Add as another")
        self.clear_button, self.reset_button = QPushButton("&No key"), QPushButton("&Reset")
        self.reset_all_button = QPushButton("Reset a&ll")
        self._fill()
        self._lay_out()
        self._connect()
        self._refresh()

    @property
    def chosen(self) -> str | None:
        """Name of the action that is chosen."""
        item = self.list.currentItem()
        return None if item is None else str(item.data(0, Qt.ItemDataRole.UserRole))

    def choose(self, name: str) -> None:
        """Choose an action."""
        self.list.setCurrentItem(self._items[name])

    def narrow(self, text: str) -> None:
        """Show only the actions whose words or keys contain every word of `text`."""
        words = text.casefold().split()
        for item in self._items.values():
            line = " ".join(item.text(column) for column in range(3)).casefold()
            item.setHidden(not all(word in line for word in words))

    def _fill(self) -> None:
        self._items: dict[str, QTreeWidgetItem] = {}
        for spec in ACTIONS:
            menu = spec.menu.replace("&", "").replace("/", " > ")
            item = QTreeWidgetItem([_WORDS[spec.name], menu, ""])
            item.setData(0, Qt.ItemDataRole.UserRole, spec.name)
            self._items[spec.name] = item
            self.list.addTopLevelItem(item)

    def _lay_out(self) -> None:
        header = self.list.header()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
        header.resizeSection(2, 200)
        row = QHBoxLayout()
        row.addWidget(QLabel("New key:"))
        row.addWidget(self.field, stretch=1)
        for button in (self.replace_button, self.add_button, self.clear_button, self.reset_button):
            button.setAutoDefault(False)
            row.addWidget(button)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self
        )
        self.buttons.addButton(self.reset_all_button, QDialogButtonBox.ButtonRole.ResetRole)
        layout = QVBoxLayout(self)
        for widget in (self.search, self.list):
            layout.addWidget(widget)
        layout.addLayout(row)
        layout.addWidget(self.warning)
        layout.addWidget(self.buttons)

    def _connect(self) -> None:
        self.search.textChanged.connect(self.narrow)
        self.list.currentItemChanged.connect(lambda *_items: self.field.clear())
        self.list.currentItemChanged.connect(lambda *_items: self._refresh())
        self.field.keySequenceChanged.connect(lambda _keys: self._refresh())
        self.replace_button.clicked.connect(lambda: self._give(()))
        self.add_button.clicked.connect(lambda: self._give(self._present()))
        self.clear_button.clicked.connect(self._clear)
        self.reset_button.clicked.connect(lambda: self._reset(self.chosen))
        self.reset_all_button.clicked.connect(lambda: self._reset(None))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    # Changing ---------------------------------------------------------------------------------------------------

    def _pressed(self) -> str:
        return self.field.keySequence().toString(QKeySequence.SequenceFormat.PortableText)

    def _present(self) -> tuple[str, ...]:
        return () if self.chosen is None else self.table.keys(self.chosen)

    def _give(self, others: tuple[str, ...]) -> None:
        if self.chosen is not None:
            self.table.give(self.chosen, (*others, self._pressed()))
            self.field.clear()
            self._refresh()

    def _clear(self) -> None:
        if self.chosen is not None:
            self.table.give(self.chosen, ())
            self._refresh()

    def _reset(self, name: str | None) -> None:
        self.table.reset(name)
        self._refresh()

    def _refresh(self) -> None:
        own = self.table.own
        for name, keys in self.table.all().items():
            item = self._items[name]
            item.setText(
                2, ", ".join(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in keys)
            )
            font = item.font(0)
            font.setBold(name in own)
            for column in range(3):
                item.setFont(column, font)
        key = self._pressed()
        can_give = self.chosen is not None and bool(key) and key not in FIXED_KEYS
        for button in (self.replace_button, self.add_button):
            button.setEnabled(can_give)
        self.clear_button.setEnabled(bool(self._present()))
        self.reset_button.setEnabled(self.chosen in own)
        self.reset_all_button.setEnabled(bool(own))
        self.warning.setText(self._told(key))

    def _told(self, key: str) -> str:
        """What is to be said about the key that was pressed."""
        if not key or self.chosen is None:
            return _HINT
        shown = QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
        if key in FIXED_KEYS:
            return f"{shown} {FIXED_KEYS[key]} and cannot be given to an action."
        owner = self.table.owner(key)
        if owner == self.chosen:
            return f"{_WORDS[owner]} has {shown} already."
        if owner is not None:
            return f"{shown} belongs to “{_WORDS[owner]}”, which will lose it."
        return f"{shown} is free."

"""The list of objects: choose, name, colour, hide, lock and order them."""

from PySide6.QtCore import QModelIndex, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.document import Annotation, Colour, LabelObject, SliceKey

from .icons import icon

_EYE, _NAME, _CLASS, _LOCK = range(4)
_ID = Qt.ItemDataRole.UserRole
_NARROW = 28
_AROUND_TEXT, _WIDEST_CLASS = 12, 96
"""Logical pixels: longer names of classes are shortened."""
_SWATCH = 14


class ObjectsPanel(QWidget):
    """Shows the objects of an annotation; what the hands do there is told by signals that carry object ids."""

    chosen = Signal(int)
    renamed = Signal(int, str)
    eye_pressed = Signal(int)
    lock_pressed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tree = QTreeWidget()
        self.tree.setColumnCount(4)
        self.tree.setHeaderLabels(["", "Object", "Class", ""])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setAlternatingRowColors(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.tree.header()
        header.setMinimumSectionSize(_NARROW)
        header.setStretchLastSection(False)
        for column, mode in (
            (_EYE, QHeaderView.ResizeMode.Fixed),
            (_NAME, QHeaderView.ResizeMode.Stretch),
            (_CLASS, QHeaderView.ResizeMode.ResizeToContents),
            (_LOCK, QHeaderView.ResizeMode.Fixed),
        ):
            header.setSectionResizeMode(column, mode)
        header.resizeSection(_EYE, _NARROW)
        header.resizeSection(_LOCK, _NARROW)
        self._icons: dict[str, QIcon] = {}
        self._swatches: dict[tuple[Colour, bool], QIcon] = {}
        self._empty = QLabel("No objects yet: click one in the image.")
        self._empty.setObjectName("faint")
        self._empty.setWordWrap(True)
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._empty)
        layout.addWidget(self.tree, stretch=1)
        layout.addLayout(self._buttons)
        self.tree.itemClicked.connect(self._item_clicked)
        self.tree.itemDoubleClicked.connect(self._item_double_clicked)
        self.tree.itemChanged.connect(self._item_changed)
        self.tree.currentItemChanged.connect(self._current_changed)
        self.dress()

    def dress(self) -> None:
        """Take the colours of the present theme."""
        self._icons = {name: icon(name) for name in ("hide", "hidden", "lock")}

    def add_buttons(self, actions: list[QAction]) -> None:
        """Put buttons for these actions under the list."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._buttons.addWidget(button)
        self._buttons.addStretch()

    def show_objects(self, annotation: Annotation | None, active_id: int | None, key: SliceKey) -> None:
        """Show the objects as they are now."""
        objects = () if annotation is None else annotation.objects
        names = {} if annotation is None else {each.id: each.name for each in annotation.classes}
        with QSignalBlocker(self.tree):
            self._fit_count(len(objects))
            for place, each in enumerate(objects):
                item = self.tree.topLevelItem(place)
                if item is not None:
                    self._fill(item, each, names.get(each.class_id, ""), each.prompt(key).is_open)
                    if each.id == active_id:
                        self.tree.setCurrentItem(item)
            if active_id is None:
                self.tree.setCurrentIndex(QModelIndex())
                self.tree.clearSelection()
        self._empty.setVisible(annotation is not None and not objects)

    def rename(self, object_id: int) -> None:
        """Let the name of an object be typed."""
        for place in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(place)
            if item is not None and item.data(_NAME, _ID) == object_id:
                self.tree.scrollToItem(item)
                self.tree.editItem(item, _NAME)

    def _fit_count(self, count: int) -> None:
        while self.tree.topLevelItemCount() > count:
            self.tree.takeTopLevelItem(self.tree.topLevelItemCount() - 1)
        while self.tree.topLevelItemCount() < count:
            self.tree.addTopLevelItem(QTreeWidgetItem())

    def _fill(self, item: QTreeWidgetItem, each: LabelObject, class_name: str, is_open: bool) -> None:
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        item.setData(_NAME, _ID, each.id)
        item.setText(_NAME, each.name)
        item.setText(_CLASS, class_name)
        item.setToolTip(_CLASS, class_name)
        width = self.tree.fontMetrics().horizontalAdvance(class_name) + _AROUND_TEXT
        item.setSizeHint(_CLASS, QSize(min(width, _WIDEST_CLASS), 0))
        item.setIcon(_NAME, self._swatch(each.colour, is_open))
        item.setIcon(_EYE, self._icons["hide" if each.is_visible else "hidden"])
        item.setIcon(_LOCK, self._icons["lock"] if each.is_locked else QIcon())
        item.setToolTip(_EYE, "Hide" if each.is_visible else "Show")
        item.setToolTip(_LOCK, "Unlock" if each.is_locked else "Lock against every change")
        tip = "Still open: press Space to finish it" if is_open else "Double-click to rename"
        item.setToolTip(_NAME, f"{each.name}\n{tip}")
        font = item.font(_NAME)
        font.setBold(is_open)
        item.setFont(_NAME, font)

    def _swatch(self, colour: Colour, is_open: bool) -> QIcon:
        if (colour, is_open) not in self._swatches:
            self._swatches[colour, is_open] = swatch(colour, is_open=is_open)
        return self._swatches[colour, is_open]

    def _item_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        object_id = int(item.data(_NAME, _ID))
        if column == _EYE:
            self.eye_pressed.emit(object_id)
        elif column == _LOCK:
            self.lock_pressed.emit(object_id)

    def _item_double_clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _NAME:
            self.tree.editItem(item, _NAME)

    def _item_changed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _NAME:
            self.renamed.emit(int(item.data(_NAME, _ID)), item.text(_NAME))

    def _current_changed(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(int(item.data(_NAME, _ID)))


def swatch(colour: Colour, *, is_open: bool = False) -> QIcon:
    """A round patch of a colour; a ring while the object is open."""
    picture = QPixmap(2 * _SWATCH, 2 * _SWATCH)
    picture.setDevicePixelRatio(2)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QColor(0, 0, 0, 90))
    painter.setBrush(QColor(*colour))
    painter.drawEllipse(1, 1, _SWATCH - 2, _SWATCH - 2)
    if is_open:
        painter.setBrush(Qt.GlobalColor.white)
        painter.drawEllipse(5, 5, _SWATCH - 10, _SWATCH - 10)
    painter.end()
    made = QIcon(picture)
    # Qt would tint the colour on a selected row, and the colour is the point.
    made.addPixmap(picture, QIcon.Mode.Selected)
    return made

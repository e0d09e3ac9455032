"""The class of the next object, or of the one chosen, and the list of classes behind it."""

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolButton,
    QWidget,
)

from isegformer_app.document import LabelClass

from .choice_box import ChoiceBox
from .icons import icon
from .objects_panel import swatch

_BESIDE_ICON = 4
"""Logical pixels between icon and text, as the style leaves them."""


class ClassesBar(QWidget):
    """A choice of classes with a menu to add, change and delete them."""

    picked = Signal(int)
    add_wanted = Signal()
    rename_wanted = Signal()
    recolour_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = _ElidingComboBox()
        self.choice.setIconSize(QSize(14, 14))
        self.choice.setToolTip("Class of the object in hand and of the next ones (keys 1 to 9)")
        self._menu = QMenu(self)
        for text, signal in (
            ("New class…", self.add_wanted),
            ("Rename class…", self.rename_wanted),
            ("Colour of the class…", self.recolour_wanted),
            ("Delete class", self.delete_wanted),
        ):
            self._menu.addAction(text).triggered.connect(signal)
        self._more = QToolButton()
        self._more.setToolTip("Add, change or delete classes")
        self._more.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._more.setMenu(self._menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 0)
        layout.addWidget(QLabel("Class"))
        layout.addWidget(self.choice, stretch=1)
        layout.addWidget(self._more)
        self.choice.activated.connect(lambda _place: self.picked.emit(self.choice.currentData()))
        self.dress()

    def dress(self) -> None:
        """Take the colours of the present theme."""
        self._more.setIcon(icon("add"))

    def show_classes(self, classes: tuple[LabelClass, ...], active_id: int) -> None:
        """Show the classes as they are now."""
        with QSignalBlocker(self.choice):
            self.choice.clear()
            for number, each in enumerate(classes, start=1):
                shown = f"{number}  {each.name}" if number <= 9 else each.name  # noqa: PLR2004 - keys 1 to 9
                self.choice.addItem(swatch(each.colour), shown, each.id)
            self.choice.setCurrentIndex(self.choice.findData(active_id))
        self.setEnabled(bool(classes))


class _ElidingComboBox(ChoiceBox):
    """Shortens what does not fit, where Qt cuts it off."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as Qt does, with a shorter text."""
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        room = field.width() - (0 if option.currentIcon.isNull() else option.iconSize.width() + _BESIDE_ICON)
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

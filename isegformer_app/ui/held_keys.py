"""Keys that mean one thing tapped and another held, and the silence of letters while somebody types."""

from collections.abc import Collection

from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QWidget,
)

_TEXT_FIELDS = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
_OWN_SPACE = (QAbstractButton, QComboBox)
_LISTS = (QAbstractItemView, QAbstractSlider, QComboBox)
_MOVES = {
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
}
_HOLD_MS = 250
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class HeldKeys(QObject):
    """Watches the keys of one window: Space (tap: finish, hold: pan) and the peek key (tap: toggle, hold: peek)."""

    space_tapped = Signal()
    space_held = Signal(bool)
    peek_tapped = Signal()
    peek_held = Signal(bool)

    def __init__(self, window: QWidget, canvases: Collection[QWidget]) -> None:
        super().__init__(window)
        self.was_space_used = False
        """Set while the photo is moved with Space held: that was no tap."""
        self.peek_key = Qt.Key.Key_S
        self._window, self._canvases = window, canvases
        self._down: Qt.Key | None = None
        self._clock = QElapsedTimer()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Answer Qt: True for the events that end here."""
        if event.type() == QEvent.Type.WindowDeactivate and watched is self._window:
            # Whoever takes the keyboard hears of the release.
            self.let_go()
        if not isinstance(event, QKeyEvent) or not isinstance(watched, QWidget) or watched.window() is not self._window:
            return False
        focus = QApplication.focusWidget()
        if event.type() == QEvent.Type.ShortcutOverride:
            return self._keep_for_text(focus, event)
        if watched is not focus and watched not in self._canvases:
            return False
        if event.type() == QEvent.Type.KeyPress:
            return self._pressed(watched, event)
        if event.type() == QEvent.Type.KeyRelease:
            return self._released(event)
        return False

    def use_space(self) -> None:
        """The photo was moved while Space was held."""
        self.was_space_used = True

    def let_go(self) -> None:
        """The window lost the keyboard: nothing is held any more."""
        if self._down is not None:
            self._end(self._down)
            self._down = None

    @staticmethod
    def _keep_for_text(focus: QWidget | None, event: QKeyEvent) -> bool:
        """Give plain keys to the text field, and arrows to the list, that has the focus, before a shortcut does."""
        is_typed = not event.modifiers() & _COMMANDS and not Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35
        is_moved = isinstance(focus, _LISTS) and event.key() in _MOVES and not event.modifiers() & _COMMANDS
        if (isinstance(focus, _TEXT_FIELDS) and is_typed) or is_moved:
            event.accept()
            return True
        return False

    def _pressed(self, watched: QWidget, event: QKeyEvent) -> bool:
        key = Qt.Key(event.key())
        if key not in {Qt.Key.Key_Space, self.peek_key} or event.modifiers() & _COMMANDS:
            return False
        if isinstance(watched, _TEXT_FIELDS) or (key == Qt.Key.Key_Space and isinstance(watched, _OWN_SPACE)):
            return False
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            return False
        if event.isAutoRepeat() or self._down is not None:
            return True
        self._down, self.was_space_used = key, False
        self._clock.start()
        (self.space_held if key == Qt.Key.Key_Space else self.peek_held).emit(True)
        return True

    def _released(self, event: QKeyEvent) -> bool:
        if self._down is None or event.key() != self._down:
            return False
        if event.isAutoRepeat():
            return True
        key, self._down = self._down, None
        self._end(key)
        was_short = self._clock.elapsed() < _HOLD_MS
        if key == Qt.Key.Key_Space and not self.was_space_used:
            self.space_tapped.emit()
        elif key == self.peek_key and was_short:
            self.peek_tapped.emit()
        return True

    def _end(self, key: Qt.Key) -> None:
        (self.space_held if key == Qt.Key.Key_Space else self.peek_held).emit(False)

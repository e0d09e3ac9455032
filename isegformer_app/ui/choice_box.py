"""A box of choices beside the canvas: what it holds is changed on purpose only."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QWidget


class ChoiceBox(QComboBox):
    """Takes the keyboard only by Tab, so that single keys stay the canvas's, and leaves the wheel alone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change nothing: the wheel zooms, and passes over by chance."""
        event.ignore()

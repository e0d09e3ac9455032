"""What is there before a photo is: how to begin, in a few words."""

from PySide6.QtCore import QSize, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyState(QWidget):
    """Offers to open photos or volumes, a folder or the sample."""

    open_wanted = Signal()
    folder_wanted = Signal()
    sample_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        title = QLabel("Drop photos, volumes or a folder here")
        title.setObjectName("emptyTitle")
        hint = QLabel(
            "Left-click an object, right-click what does not belong to it, and press Space when the mask is right."
        )
        hint.setObjectName("emptyHint")
        hint.setWordWrap(True)
        self.sample_button = self._button("Try the sample photo", self.sample_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(10)
        buttons.addStretch()
        for button in (
            self._button("Open photo or volume…", self.open_wanted, is_main=True),
            self._button("Open folder…", self.folder_wanted),
            self.sample_button,
        ):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch()
        for label in (title, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        layout.addLayout(buttons)
        layout.addStretch()

    def minimumSizeHint(self) -> QSize:
        """Answer Qt: no more than a canvas, in whose place it is; the list of photos is not there beside it."""
        return QSize(240, 180)

    def _button(self, text: str, signal: SignalInstance, *, is_main: bool = False) -> QPushButton:
        made = QPushButton(text)
        made.setDefault(is_main)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.clicked.connect(lambda: signal.emit())
        return made

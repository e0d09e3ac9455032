"""What was done, in a list that can be read at leisure and copied."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from .show_folder import add_show_folder
from .sizes import begin_with

LINES_SHOWN = 1000


class ReportDialog(QDialog):
    """A headline and the lines below it; with a folder, a button that shows it."""

    def __init__(
        self, title: str, headline: str, lines: Iterable[str], parent: QWidget, folder: Path | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        begin_with(self, 600, 420)
        self.headline = QLabel(headline)
        self.headline.setObjectName("sectionTitle")
        self.headline.setWordWrap(True)
        self.lines = QPlainTextEdit("\n".join(shortened(lines)))
        self.lines.setReadOnly(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        if folder is not None:
            add_show_folder(buttons, folder)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(self.lines, stretch=1)
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setDefault(True)


def shortened(lines: Iterable[str], most: int = LINES_SHOWN) -> list[str]:
    """The first of many lines, and how many more there are."""
    listed = list(lines)
    more = len(listed) - most
    return listed if more <= 0 else [*listed[:most], f"… and {more:,} more"]

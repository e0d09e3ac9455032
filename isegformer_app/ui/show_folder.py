"""A button that shows a folder in the system's program for files."""

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialogButtonBox, QMessageBox, QPushButton

_TITLE = "Show folder"


def add_show_folder(buttons: QDialogButtonBox, folder: Path) -> QPushButton:
    """Add it to the buttons of a dialog; where there is no such program, it says where the folder is."""
    button = buttons.addButton("Show &folder", QDialogButtonBox.ButtonRole.ActionRole)
    button.clicked.connect(lambda: _show(button, folder))
    return button


def _show(button: QPushButton, folder: Path) -> None:
    if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
        QMessageBox.information(button, _TITLE, f"No program that shows folders was found. The folder is\n{folder}")

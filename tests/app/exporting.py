"""Exporting as hands do it: the dialog from the menu, its fields, the report afterwards."""

from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from isegformer_app.controllers.export_plan import Format
from isegformer_app.document import PHOTO
from isegformer_app.ui.export_dialog import ExportDialog
from isegformer_app.ui.report_dialog import ReportDialog
from tests.app.conftest import Hands


def finish_object(hands: Hands, row: int, col: int) -> None:
    hands.click(row, col)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)


def two_objects(hands: Hands) -> None:
    for row, col in ((100, 100), (200, 300)):
        finish_object(hands, row, col)


def dialog_of(hands: Hands, kind: Format | None = None, target: Path | None = None) -> ExportDialog:
    """Open the export dialog from the menu and set the format and the folder as hands do."""
    hands.do("export")
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, ExportDialog)
    if kind is not None:
        dialog.format_box.setCurrentIndex(dialog.format_box.findData(kind))
    if target is not None:
        dialog.folder_edit.setText(str(target))
    return dialog


def report_of(hands: Hands) -> ReportDialog:
    hands.wait_until(lambda: isinstance(QApplication.activeModalWidget(), ReportDialog))
    report = QApplication.activeModalWidget()
    assert isinstance(report, ReportDialog)
    return report


def export(hands: Hands, dialog: ExportDialog) -> tuple[str, str]:
    """Press Export; answers the headline and the lines of the report, which is closed again."""
    dialog.export_button.click()
    report = report_of(hands)
    told = report.headline.text(), report.lines.toPlainText()
    report.reject()
    return told


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def mask(hands: Hands, number: int) -> np.ndarray:
    return hands.photo.annotation.mask(number, PHOTO)

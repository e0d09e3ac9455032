"""A window that is killed in the middle of the work: one object is finished, another is begun."""

import os
import signal
import sys

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.app import opened
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.main_window import MainWindow


def click(window: MainWindow, row: int, col: int) -> None:
    view = window.canvas.geometry_of_view
    assert view is not None
    x, y = view.to_screen(row + 0.5, col + 0.5)
    place = QPoint(round(x), round(y))
    QTest.mouseClick(window.canvas.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def work_and_die(photo: str) -> None:
    app = QApplication([])
    with opened([photo], lambda model, device, threads: FakeEngine()) as window:
        while window.segmenting.photo is None:
            app.processEvents()
        click(window, 100, 100)
        while window.segmenting.preview is None:
            app.processEvents()
        window.segmenting.finish()
        click(window, 200, 200)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    work_and_die(sys.argv[1])

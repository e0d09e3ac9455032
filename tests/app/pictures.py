"""The pictures of the README: the real program, with the bundled model, on the bundled samples.

`python -m tests.app.pictures` writes them into `docs/images`. Make them anew when the window looks different, on a
machine that does nothing else, for they show how long the last answer took; and look at them.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.app import opened
from isegformer_app.document import palette_colour
from isegformer_app.document.object_edits import ChangeClass, NewClass
from isegformer_app.ui.canvas import Canvas
from isegformer_app.ui.main_window import MainWindow
from resources import resource_path

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SIZE, SCALE = (1280, 800), "1.5"
QUALITY = 80
PATIENCE_MS, STEP_MS, SURFACE_MS = 600_000, 20, 3000
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
CAT = ((60, 180, LEFT), (200, 120, LEFT), (18, 402, RIGHT), (262, 345, LEFT))
EYES = (
    ((106, 91, 86, 90, 104, 125, 138, 144, 142, 129), (137, 150, 167, 186, 203, 206, 198, 181, 162, 146)),
    ((144, 129, 116, 111, 114, 129, 148, 160, 164, 156), (295, 301, 311, 325, 339, 343, 337, 323, 308, 298)),
)
"""Rows and columns of the corners of polygons: the model takes the eyes for parts of the cat, which they are."""
CORD = (*((index, 30, 26) for index in range(12, 43)), (42, 33, 24), (42, 29, 29))
"""Slice, row and column of clicks in axial slices."""


def wait_until(condition: Callable[[], bool]) -> None:
    """Let the window work until it is so."""
    for _ in range(PATIENCE_MS // STEP_MS):
        if condition():
            return
        QTest.qWait(STEP_MS)
    raise TimeoutError("the window does not answer")


@contextmanager
def window_on(sample: str, theme: str) -> Iterator[MainWindow]:
    """Start the program on a sample, as if it was never used before."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["ISEGFORMER_HOME"] = home
        with opened([str(resource_path(sample))]) as window:
            window.resize(*SIZE)
            window.actions_by_name[f"theme_{theme}"].trigger()
            wait_until(lambda: window.segmenting.photo is not None and not window.files.is_opening)
            window.message_bar.clear()
            yield window
            window.files.album.mark_saved()
            window.close()


def click(window: MainWindow, canvas: Canvas, row: int, col: int, button: Qt.MouseButton = LEFT) -> None:
    """Click a pixel and wait for the mask, if one is to come."""
    view = canvas.geometry_of_view
    if view is not None:
        x, y = view.to_screen(row + 0.5, col + 0.5)
        QTest.mouseClick(canvas.viewport(), button, pos=QPoint(round(x), round(y)))
        wait_until(lambda: not window.segmenting.is_waiting)


def save(window: MainWindow, name: str) -> None:
    """Write the window as it is now."""
    QTest.qWait(300)
    window.message_bar.clear()
    window.grab().save(str(IMAGES / name), None, QUALITY)


def cat() -> None:
    """The eyes are drawn by hand, and the cat is in hand, in both themes."""
    with window_on("samples/cat.png", "light") as window:
        name_classes(window, "cat", "eye")
        window.objects.pick_class_number(2)
        for rows, cols in EYES:
            window.actions_by_name["polygon"].trigger()
            for row, col in zip((*rows, rows[0]), (*cols, cols[0]), strict=True):
                click(window, window.canvas, row, col)
            window.segmenting.select(None)
        window.actions_by_name["points"].trigger()
        window.objects.pick_class_number(1)
        for row, col, button in CAT:
            click(window, window.canvas, row, col, button)
        save(window, "window-light.jpg")
        window.actions_by_name["theme_dark"].trigger()
        save(window, "window-dark.jpg")


def cord() -> None:
    """A spinal cord in all three planes, clicked in axial slices."""
    with window_on("samples/spinal-cord/t2.nii.gz", "dark") as window:
        name_classes(window, "spinal cord")
        window.actions_by_name["three_planes"].trigger()
        for index, row, col in CORD:
            window.volumes.slicing.go_to(0, index)
            click(window, window.planes.panes[0].canvas, row, col)
        # Its surface takes a moment.
        QTest.qWait(SURFACE_MS)
        save(window, "window-volume.jpg")


def name_classes(window: MainWindow, first: str, *others: str) -> None:
    """Give the class that is there a name, and add others."""
    window.segmenting.apply(ChangeClass(1, first, palette_colour(1)))
    for name in others:
        window.segmenting.apply(NewClass(name))


def main() -> None:
    """Make them all."""
    os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": SCALE}
    QApplication(sys.argv[:1]).setStyle("Fusion")
    cat()
    cord()


if __name__ == "__main__":
    main()

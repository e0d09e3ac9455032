"""How a volume of 512 x 512 x 500 voxels opens, scrolls, and follows a cursor in three planes."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

import nibabel
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from isegformer_app.app import opened
from isegformer_app.document import MaskCrop, SliceKey
from isegformer_app.document.edits import AcceptMask
from isegformer_app.document.object_edits import NewObject
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.canvas import Canvas
from isegformer_app.ui.main_window import MainWindow

from .samples import Stopwatch, memory

SHAPE = (512, 512, 500)
"""Columns, rows and slices, as NIfTI keeps them."""
WINDOW = (1600, 1000)

_NO_BUTTON = Qt.MouseButton.NoButton
_NO_KEYS, _SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


def measure_volume(watch: Stopwatch, rounds: int) -> dict[str, float | str]:
    """Measure frames from the event of the mouse to the painted picture; answers with the memory taken."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ISEGFORMER_HOME"] = folder
        path = _write(Path(folder) / "volume.nii")
        with opened([], lambda *_: FakeEngine()) as window:
            window.resize(*WINDOW)
            app.processEvents()
            before = memory()
            with watch.measure("volume: open 512 x 512 x 500, int16"):
                window.files.open_paths([path])
                with watch.measure("volume: its first slice"):
                    _wait(lambda: window.stack.currentWidget() is window.first_slice)
                _wait(lambda: window.segmenting.photo is not None)
            _annotate(window)
            _measure_scrolling(watch, window, rounds)
            _measure_cursor(watch, window, rounds)
            after = memory()
            window.files.album.mark_saved()
            window.close()
    size = float(np.prod(SHAPE) * 2 / 1e6)
    facts: dict[str, float | str] = {"volume, MB": round(size)}
    if before is not None and after is not None:
        facts["memory that the volume takes, MB"] = round((after - before) / 1e6)
    return facts


def _write(path: Path) -> Path:
    rng = np.random.default_rng(1)
    block = rng.integers(-1000, 2000, (64, 64, 50)).astype(np.int16)
    affine = np.diag([-0.7, -0.7, 1.0, 1.0])
    values = np.tile(block, tuple(whole // part for whole, part in zip(SHAPE, block.shape, strict=True)))
    nibabel.save(nibabel.Nifti1Image(values, affine), path)  # type: ignore[no-untyped-call]
    return path


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        QApplication.processEvents()
        # Without a rest the reader's thread would have to fight for Python.
        sleep(0.002)


def _annotate(window: MainWindow) -> None:
    """Put two objects on every slice of the middle third, as after an hour of work."""
    photo = window.segmenting.photo
    if photo is None:
        return
    depth, rows, cols = photo.annotation.shape
    down, across = np.ogrid[:rows, :cols]
    for number, (row, col) in enumerate(((rows // 3, cols // 3), (rows // 2, cols // 2)), start=1):
        photo.annotation.apply(NewObject(number, 1))
        mask = MaskCrop.of((down - row) ** 2 + (across - col) ** 2 < (rows // 8) ** 2)
        for index in range(depth // 3, 2 * depth // 3):
            photo.annotation.apply(AcceptMask(number, SliceKey(0, index), mask))


def _measure_scrolling(watch: Stopwatch, window: MainWindow, rounds: int) -> None:
    for name in ("axial", "coronal", "sagittal"):
        window.actions_by_name[name].trigger()
        QApplication.processEvents()
        for notches in (*[1] * 20, *[-1] * 20) * rounds:
            canvas = window.planes.active
            watch.add(f"volume: next {name} slice", _frame(canvas, _wheel(canvas, notches)))


def _measure_cursor(watch: Stopwatch, window: MainWindow, rounds: int) -> None:
    window.actions_by_name["axial"].trigger()
    window.actions_by_name["three_planes"].trigger()
    for _ in range(10):
        QApplication.processEvents()
    canvas = window.planes.active
    middle = QPointF(canvas.width() / 2, canvas.height() / 2)
    for number in range(40 * rounds):
        place = middle + QPointF(3.0 * (number % 40 - 20), 2.0 * (number % 40 - 20))
        event = QMouseEvent(QEvent.Type.MouseMove, place, canvas.mapToGlobal(place), _NO_BUTTON, _NO_BUTTON, _SHIFT)
        watch.add("volume: cursor in three planes", _frame(canvas, event))


def _frame(canvas: Canvas, event: QEvent) -> float:
    started = perf_counter()
    QApplication.sendEvent(canvas.viewport(), event)
    QApplication.processEvents()
    return perf_counter() - started


def _wheel(canvas: Canvas, notches: int) -> QWheelEvent:
    place, none = QPointF(canvas.width() / 2, canvas.height() / 2), Qt.ScrollPhase.NoScrollPhase
    turned = QPoint(0, -120 * notches)
    return QWheelEvent(place, canvas.mapToGlobal(place), QPoint(), turned, _NO_BUTTON, _NO_KEYS, none, False)

"""The real window with the real bundled model finds the sample cat."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from scipy import ndimage

from isegformer_app.app import opened
from isegformer_app.ui.main_window import MainWindow

TRUTH = Path(__file__).parent.parent / "data" / "cat-mask.png"
PATIENCE_MS = 600_000
"""For the first answer, which waits for torch and the weights, on a slow machine under load."""

Mask = NDArray[np.bool_]


def iou(one: Mask, other: Mask) -> float:
    return float((one & other).sum() / (one | other).sum())


def next_click(truth: Mask, shown: Mask) -> tuple[int, int, bool]:
    """Where an annotator clicks: the middle of the thickest patch that is wrong, positive to add."""
    deepest = (-1.0, 0, 0, True)
    for wrong, is_positive in ((truth & ~shown, True), (shown & ~truth, False)):
        depth = ndimage.distance_transform_edt(np.pad(wrong, 1))[1:-1, 1:-1]
        row, col = np.unravel_index(int(depth.argmax()), depth.shape)
        deepest = max(deepest, (float(depth.max()), int(row), int(col), is_positive))
    return deepest[1:]


def click(window: MainWindow, qtbot: QtBot, row: int, col: int, is_positive: bool) -> None:
    view = window.canvas.geometry_of_view
    assert view is not None
    x, y = view.to_screen(row + 0.5, col + 0.5)
    button = Qt.MouseButton.LeftButton if is_positive else Qt.MouseButton.RightButton
    QTest.mouseClick(window.canvas.viewport(), button, pos=QPoint(int(x), int(y)))
    qtbot.waitUntil(lambda: not window.segmenting.is_waiting, timeout=PATIENCE_MS)
    assert window.message_bar.text == ""


def test_five_clicks_find_the_cat(
    qapp: QApplication, qtbot: QtBot, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path))
    truth = np.asarray(Image.open(TRUTH)) > 0
    reached = []
    with opened([str(cat_photo)]) as window:
        qtbot.waitUntil(lambda: window.segmenting.photo is not None, timeout=PATIENCE_MS)
        for _ in range(5):
            plane = window.labels.plane
            assert plane is not None
            click(window, qtbot, *next_click(truth, plane > 0))
            reached.append(iou(truth, plane > 0))
        assert window.segmenting.finish()
        photo = window.segmenting.photo
        assert photo is not None
        assert iou(truth, photo.annotation.mask(1, photo.viewpoint.key)) == reached[-1]
        photo.annotation.mark_saved()
        window.close()
        window.deleteLater()
    assert max(reached) > 0.85, reached

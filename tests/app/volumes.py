"""A volume for the tests of the window, and what hands do to it."""

from pathlib import Path

import nibabel
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.ui.canvas import Canvas

from .conftest import Hands

SHAPE = (20, 40, 30)
"""Slices, rows and columns as the window shows them."""
SPACING = (5.0, 1.0, 2.0)
NO_KEYS = Qt.KeyboardModifier.NoModifier


def values(times: int = 1) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    """Every voxel has another value: 1000 a slice, 30 a row, 1 a column, 1 more a time point; (D, H, W, times)."""
    depth, rows, cols = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    whole = (1000 * depth + 25 * rows + cols).astype(np.int16)
    return np.stack([whole + time for time in range(times)], axis=-1)


def write_volume(path: Path, times: int = 1) -> Path:
    """Write it as NIfTI, in an order of axes that is not the window's: columns, rows, slices; from left to right."""
    stored = values(times)[::-1, ::-1, ::-1].transpose(2, 1, 0, 3)
    affine = np.diag([SPACING[2], SPACING[1], SPACING[0], 1.0])
    affine[:3, 3] = -30, -20, 40
    image = nibabel.Nifti1Image(stored[..., 0] if times == 1 else stored, affine)  # type: ignore[no-untyped-call]
    nibabel.save(image, path)
    return path


def point(canvas: Canvas, row: float, col: float) -> QPoint:
    view = canvas.geometry_of_view
    assert view is not None
    x, y = view.to_screen(row + 0.5, col + 0.5)
    return QPoint(round(x), round(y))


def click(hands: Hands, axis: int, row: int, col: int) -> None:
    """Click on a plane and wait for the mask."""
    canvas = hands.window.planes.panes[axis].canvas
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, NO_KEYS, point(canvas, row, col))
    hands.wait_for_mask()


def turn(canvas: Canvas, notches: int, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Turn the wheel over a plane, towards the annotator for positive notches."""
    place, none = QPointF(canvas.width() / 2, canvas.height() / 2), Qt.ScrollPhase.NoScrollPhase
    turned = QPoint(0, -120 * notches)
    event = QWheelEvent(place, canvas.mapToGlobal(place), QPoint(), turned, Qt.MouseButton.NoButton, keys, none, False)
    QApplication.sendEvent(canvas.viewport(), event)


def move(
    canvas: Canvas,
    place: QPoint,
    keys: Qt.KeyboardModifier = NO_KEYS,
    held: Qt.MouseButton = Qt.MouseButton.NoButton,
) -> None:
    """Move the mouse over a plane, a button held or none: `QTest` knows no buttons while it moves."""
    where, kind = QPointF(place), QEvent.Type.MouseMove
    event = QMouseEvent(kind, where, canvas.mapToGlobal(where), Qt.MouseButton.NoButton, held, keys)
    QApplication.sendEvent(canvas.viewport(), event)

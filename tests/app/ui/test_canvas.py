"""What the canvas shows of a photo, pixel for pixel, and what of pyqtgraph it keeps quiet."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage, QNativeGestureEvent, QPointingDevice
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document import LabelObject
from isegformer_app.ui.canvas import Canvas
from isegformer_app.ui.overlay_render import colour_tables
from isegformer_app.ui.photo_layer import PhotoLayer
from isegformer_app.ui.view_geometry import ViewGeometry

ROWS, COLS = 90, 130


@pytest.fixture
def canvas(qtbot: QtBot) -> Canvas:
    made = Canvas()
    qtbot.addWidget(made)
    made.resize(333, 222)
    made.show()
    qtbot.waitExposed(made)
    return made


def checks() -> NDArray[np.uint8]:
    """Every pixel has another colour than its neighbours, and tells where it is."""
    rows, cols = np.mgrid[0:ROWS, 0:COLS]
    return np.stack([rows * 2, cols, 255 * ((rows + cols) % 2)], axis=-1).astype(np.uint8)


def show(canvas: Canvas, scale: float, row: float, col: float) -> ViewGeometry:
    layer = PhotoLayer()
    layer.set_pixels(np.ascontiguousarray(checks()))
    canvas.show_photo(layer, ViewGeometry((ROWS, COLS), (1, 1), scale, row, col))
    assert canvas.geometry_of_view is not None
    return canvas.geometry_of_view


def seen(image: QImage, x: int, y: int) -> tuple[int, int, int]:
    """Colour in the middle of a logical pixel, or right beside it where it has no middle."""
    ratio = image.devicePixelRatio()
    colour = image.pixelColor(int((x + 0.5) * ratio), int((y + 0.5) * ratio))
    return colour.red(), colour.green(), colour.blue()


@pytest.mark.parametrize(
    ("scale", "row", "col"), [(7.0, 45.0, 65.0), (3.3, 20.25, 31.7), (48.0, 0.5, 129.5), (1.0, 44.0, 64.5)]
)
def test_pixels_lie_where_the_geometry_says_and_keep_their_colours(
    canvas: Canvas, scale: float, row: float, col: float
) -> None:
    """Magnified, every pixel is a square of its own colour: nothing is smoothed, nothing shifted."""
    view, pixels = show(canvas, scale, row, col), checks()
    image = canvas.grab().toImage()
    compared = 0
    for y in range(0, canvas.height(), 5):
        for x in range(0, canvas.width(), 5):
            point = view.to_image(x + 0.5, y + 0.5)
            # On the very border of two pixels either may be drawn.
            is_inside = all(0.1 < part % 1 < 0.9 for part in point)
            pixel = view.pixel_at(x + 0.5, y + 0.5)
            if pixel is not None and is_inside:
                assert seen(image, x, y) == tuple(pixels[pixel].tolist()), (x, y)
                compared += 1
    assert compared > 400


def test_reduced_photo_is_smooth(canvas: Canvas) -> None:
    """A fine checkerboard becomes its mean, not a pattern of its own."""
    show(canvas, 0.25, ROWS / 2, COLS / 2)
    image = canvas.grab().toImage()
    blues = [seen(image, x, 111)[2] for x in range(155, 178)]
    assert min(blues) > 100
    assert max(blues) < 155


def test_halved_levels_are_means_across_strips(canvas: Canvas) -> None:
    """A photo that is higher than one strip has no seam."""
    tall = np.zeros((5000, 40, 3), dtype=np.uint8)
    tall[:, :, 0] = (np.arange(5000) // 20)[:, None]
    layer = PhotoLayer()
    layer.set_pixels(tall)
    canvas.show_photo(layer, ViewGeometry((5000, 40), (1, 1), 0.5, 2050.0, 20.0))
    view, image = canvas.geometry_of_view, canvas.grab().toImage()
    assert view is not None
    for y in range(canvas.height()):
        row, _ = view.to_image(0, y + 0.5)
        assert abs(seen(image, canvas.width() // 2, y)[0] - row / 20) < 1.5


def test_labels_are_as_fine_as_the_screen(canvas: Canvas) -> None:
    """Every pixel of the screen, not every logical one, is asked which object it shows."""
    labels = ShownLabels()
    labels.plane = np.zeros((ROWS, COLS), dtype=np.uint16)
    labels.plane[20:50:2, 30:80:3] = 1
    layer = PhotoLayer()
    layer.set_pixels(np.zeros((ROWS, COLS, 3), dtype=np.uint8))
    canvas.show_labels(labels)
    canvas.overlay.set_tables(colour_tables([LabelObject(1, "a", 1, (255, 0, 0))], 1.0, "fill"))
    canvas.show_photo(layer, ViewGeometry((ROWS, COLS), (1, 1), 3.7, 35.3, 55.1))
    view, image = canvas.geometry_of_view, canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    assert view is not None
    ratio, bits = image.devicePixelRatio(), np.frombuffer(image.constBits(), dtype=np.uint8)
    reds = bits.reshape(image.height(), image.bytesPerLine())[:, 0 : 3 * image.width() : 3]
    rows = np.floor([view.to_image(0, (y + 0.5) / ratio)[0] for y in range(image.height())]).astype(int)
    cols = np.floor([view.to_image((x + 0.5) / ratio, 0)[1] for x in range(image.width())]).astype(int)
    wanted = labels.plane[np.clip(rows, 0, ROWS - 1)][:, np.clip(cols, 0, COLS - 1)] == 1
    np.testing.assert_array_equal(reds == 255, wanted)
    assert wanted.any()


def test_moved_view_comes_to_rest_as_sharp_as_a_fresh_one(canvas: Canvas, qtbot: QtBot) -> None:
    """On a dense screen a moving view is drawn coarsely; what stays is not."""
    labels = ShownLabels()
    labels.plane = np.zeros((ROWS, COLS), dtype=np.uint16)
    labels.plane[20:50, 30:80] = 1
    canvas.show_labels(labels)
    canvas.overlay.set_tables(colour_tables([LabelObject(1, "a", 1, (200, 100, 0))], 0.4, "both"))
    wanted = show(canvas, 0.4, 30.0, 40.0).zoomed(1.5, 100, 100)
    show(canvas, wanted.scale, wanted.row, wanted.col)
    fresh = canvas.grab().toImage()
    show(canvas, 0.4, 30.0, 40.0)
    assert canvas.grab().toImage() != fresh
    canvas.zoom(1.5, QPointF(100, 100))
    qtbot.waitUntil(lambda: canvas.grab().toImage() == fresh, timeout=60_000)


def test_all_of_this_holds_on_a_dense_screen() -> None:
    if os.environ.get("QT_SCALE_FACTOR") == "2":
        pytest.skip("this is the dense screen")
    environment = {**os.environ, "QT_SCALE_FACTOR": "2"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    ended = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, cwd=Path.cwd())
    assert ended.returncode == 0, ended.stdout


def test_resizing_keeps_the_middle_and_a_fitted_photo_fitted(canvas: Canvas) -> None:
    show(canvas, 5.0, 30.0, 40.0)
    canvas.resize(500, 301)
    view = canvas.geometry_of_view
    assert view == ViewGeometry((ROWS, COLS), (500, 301), 5.0, 30.0, 40.0)
    canvas.fit()
    canvas.resize(400, 200)
    assert canvas.geometry_of_view == ViewGeometry((ROWS, COLS), (400, 200)).fitted()


def test_nothing_of_pyqtgraph_answers_the_mouse(canvas: Canvas) -> None:
    show(canvas, 5.0, 30.0, 40.0)
    view = canvas.centralWidget
    assert view.mouseEnabled() == [False, False]
    assert not view.menuEnabled()
    assert not canvas.mouseEnabled


def pinch(canvas: Canvas, growth: float, place: QPointF, kind: Qt.NativeGestureType) -> None:
    event = QNativeGestureEvent(
        kind, QPointingDevice.primaryPointingDevice(), 2, place, place, canvas.mapToGlobal(place), growth, QPointF()
    )
    QApplication.sendEvent(canvas.viewport(), event)


def test_a_pinch_zooms_at_the_fingers_and_other_gestures_do_not(canvas: Canvas) -> None:
    before, place = show(canvas, 2.0, 45.0, 65.0), QPointF(100, 60)
    held = before.to_image(place.x(), place.y())
    pinch(canvas, 0.25, place, Qt.NativeGestureType.RotateNativeGesture)
    assert canvas.geometry_of_view == before
    for growth, scale in ((0.25, 2.5), (-0.2, 2.0)):
        pinch(canvas, growth, place, Qt.NativeGestureType.ZoomNativeGesture)
        after = canvas.geometry_of_view
        assert after is not None
        assert after.scale == pytest.approx(scale)
        assert after.to_image(place.x(), place.y()) == pytest.approx(held)
    pinch(canvas, -5.0, place, Qt.NativeGestureType.ZoomNativeGesture)
    assert canvas.geometry_of_view is not None
    assert 0 < canvas.geometry_of_view.scale < 2

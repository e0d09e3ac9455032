"""How soon the window stands, and how smoothly a photo of 50 megapixels moves on its canvas."""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from isegformer_app.controllers.shown_labels import ShownLabels
from isegformer_app.document import Click, LabelObject
from isegformer_app.ui.canvas import Canvas
from isegformer_app.ui.overlay_render import colour_tables
from isegformer_app.ui.photo_layer import PhotoLayer
from isegformer_app.ui.view_geometry import ViewGeometry
from resources import resource_path

from .samples import Stopwatch

CANVAS = (1400, 900)
TWELVE, FIFTY = (2828, 4243), (5774, 8660)
"""Rows and columns of 12 and of 50 megapixels."""

_NO_BUTTON, _MIDDLE = Qt.MouseButton.NoButton, Qt.MouseButton.MiddleButton
_NO_KEYS = Qt.KeyboardModifier.NoModifier


def measure_starts(watch: Stopwatch, rounds: int) -> None:
    """Measure from the start of the process to the first picture: of the empty window, and of two photos."""
    with tempfile.TemporaryDirectory() as folder:
        photos: list[tuple[str, list[str]]] = [("empty window", [])]
        for name, shape in (("photo of 12 megapixels", TWELVE), ("photo of 50 megapixels", FIFTY)):
            path = Path(folder) / f"{shape[1]}.jpg"
            Image.fromarray(make_photo(shape)).save(path, quality=90)
            photos.append((name, [str(path)]))
        environment = {**os.environ, "ISEGFORMER_HOME": folder}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        for _ in range(rounds):
            for name, arguments in photos:
                started = time.time()
                command = [sys.executable, "-m", "tests.bench.first_paint", *arguments]
                ended = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
                watch.add(f"start: {name}", float(ended.stdout) - started)


def measure_frames(watch: Stopwatch, rounds: int) -> None:
    """Measure a frame from the event of the mouse to the painted picture, two large objects and 20 clicks shown."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    # Kept by name: without an owner it would end at once.
    app = QApplication.instance() or QApplication(sys.argv[:1])
    canvas = _canvas_with_photo(watch)
    for _ in range(rounds):
        for notches in (*[1] * 20, *[-1] * 20):
            watch.add("canvas: zoom", _frame(canvas, _wheel(canvas, notches)))
        for notches, name in ((0, "whole photo"), (8, "reduced"), (18, "magnified")):
            canvas.fit()
            QApplication.sendEvent(canvas.viewport(), _wheel(canvas, notches))
            app.processEvents()
            for event in _drag(canvas):
                watch.add(f"canvas: pan, {name}", _frame(canvas, event))
        canvas.fit()
        canvas.fit()
        changed = (2000, 3000, 2400, 3400)
        started = perf_counter()
        canvas.labels_changed(changed)
        app.processEvents()
        watch.add("canvas: a mask changed", perf_counter() - started)


def make_photo(shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Make a photo of so many rows and columns."""
    with Image.open(resource_path("samples/cat.png")) as cat:
        return np.array(cat.convert("RGB").resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def _canvas_with_photo(watch: Stopwatch) -> Canvas:
    canvas, layer, labels = Canvas(), PhotoLayer(), ShownLabels()
    canvas.resize(*CANVAS)
    canvas.show()
    layer.set_pixels(make_photo(FIFTY))
    labels.plane = np.zeros(FIFTY, dtype=np.uint16)
    labels.plane[1000:4000, 2000:5000] = 1
    labels.plane[3000:5000, 4000:8000] = 2
    objects = [LabelObject(1, "one", 1, (200, 100, 0)), LabelObject(2, "two", 1, (0, 0, 255))]
    canvas.overlay.set_tables(colour_tables(objects, 0.4, "both"))
    canvas.show_clicks(tuple(Click(250 * number, 400 * number, number % 2 == 0) for number in range(20)))
    QApplication.processEvents()
    with watch.measure("canvas: first frame"):
        canvas.show_photo(layer, ViewGeometry(FIFTY, CANVAS).fitted())
        canvas.show_labels(labels)
        QApplication.processEvents()
    return canvas


def _frame(canvas: Canvas, event: QEvent) -> float:
    started = perf_counter()
    QApplication.sendEvent(canvas.viewport(), event)
    QApplication.processEvents()
    return perf_counter() - started


def _wheel(canvas: Canvas, notches: int) -> QWheelEvent:
    place, none = QPointF(CANVAS[0] / 2, CANVAS[1] / 2), Qt.ScrollPhase.NoScrollPhase
    turned = QPoint(0, 120 * notches)
    return QWheelEvent(place, canvas.mapToGlobal(place), QPoint(), turned, _NO_BUTTON, _NO_KEYS, none, False)


def _drag(canvas: Canvas) -> Iterator[QMouseEvent]:
    """The events of a hand that circles with the middle button held; press and release are sent on the way."""
    middle = QPointF(CANVAS[0] / 2, CANVAS[1] / 2)

    def event(kind: QEvent.Type, place: QPointF, button: Qt.MouseButton, held: Qt.MouseButton) -> QMouseEvent:
        return QMouseEvent(kind, place, canvas.mapToGlobal(place), button, held, _NO_KEYS)

    QApplication.sendEvent(canvas.viewport(), event(QEvent.Type.MouseButtonPress, middle, _MIDDLE, _MIDDLE))
    for number in range(30):
        turn = 2 * math.pi * number / 30
        place = middle + QPointF(200 * math.sin(turn), 200 - 200 * math.cos(turn))
        yield event(QEvent.Type.MouseMove, place, _NO_BUTTON, _MIDDLE)
    QApplication.sendEvent(canvas.viewport(), event(QEvent.Type.MouseButtonRelease, middle, _MIDDLE, _NO_BUTTON))

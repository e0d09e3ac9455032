"""What the annotator waits for in the whole window: a marker, a mask, a folder; and what memory their work takes."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.app import opened
from isegformer_app.inference import Answer, FakeEngine, ProbabilityCrop, Request
from isegformer_app.inference.fake import disks
from isegformer_app.inference.requests import Probability
from isegformer_app.ui.main_window import MainWindow
from resources import resource_path

from .samples import Stopwatch, memory
from .window import TWELVE, make_photo

PHOTOS_IN_A_FOLDER = 100_000
VISITED = 200
_SETTLED = 20
"""So many photos fill the caches: from there on the memory must stand still."""
_VISITED_SHAPE = (1500, 2000)
_CLICKS = 10
_RADIUS = 500
_THRESHOLD = 0.5


class _Slow(FakeEngine):
    """Takes a request and waits until it may answer."""

    def __init__(self) -> None:
        super().__init__(radius=_RADIUS)
        self.may_answer = threading.Event()

    def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        self.predicted.append(request)
        probability = disks(request, self.radius)
        self.may_answer.wait()
        return probability


class _Forgetful(FakeEngine):
    """Keeps no requests, for these hold the photos: it is the window's memory that is measured."""

    def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        probability = super().predict(request, cancelled)
        self.predicted.clear()
        return probability


def measure_clicks(watch: Stopwatch, rounds: int) -> None:
    """Measure from a click to its marker, and from an answer to its mask, on a photo of 12 megapixels."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(make_photo(TWELVE)).save(path)
        engine = _Slow()
        with _window(Path(folder), [path], engine) as window:
            _wait(partial(_has_photo, window))
            for _ in range(rounds):
                for number in range(_CLICKS):
                    _measure_click(watch, window, engine, 400 + 200 * number, 500 + 300 * number)
                window.segmenting.finish()
                window.objects.delete()


def measure_folder(watch: Stopwatch, rounds: int) -> None:
    """Measure how long a folder of many photos takes until its first is there, and how long the window stands still."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "photos"
        folder.mkdir()
        for number in range(1, PHOTOS_IN_A_FOLDER):
            (folder / f"{number}.png").touch()
        shutil.copy(resource_path("samples/cat.png"), folder / "0.png")
        for _ in range(rounds):
            with _window(Path(home), [], FakeEngine()) as window:
                _settle()
                turns: list[float] = []
                timer = QTimer(interval=0)
                timer.timeout.connect(partial(_note_time, turns))
                timer.start()
                started = perf_counter()
                turns.append(started)
                window.files.open_paths([folder])
                _wait(partial(_has_photo, window))
                _settle()
                timer.stop()
                assert len(window.files.album.paths) == PHOTOS_IN_A_FOLDER
                watch.add("folder of 100,000: until its first photo is seen", perf_counter() - started)
                watch.add("folder of 100,000: longest stall", float(np.diff(turns).max()))


def measure_memory() -> dict[str, float | str]:
    """Measure the memory while photos are visited one after the other, each with an object of two clicks."""
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "photos"
        folder.mkdir()
        Image.fromarray(make_photo(_VISITED_SHAPE)).save(folder / "0.jpg")
        for number in range(1, VISITED):
            shutil.copy(folder / "0.jpg", folder / f"{number}.jpg")
        taken: list[int] = []
        with _window(Path(home), [folder], _Forgetful(radius=200)) as window:
            for number in range(VISITED):
                _wait(partial(_is_at, window, number))
                for row, col in ((600, 700), (700, 900)):
                    window.segmenting.click(row, col, is_positive=True)
                    _wait(lambda: window.segmenting.preview is not None)
                window.segmenting.finish()
                taken.append(memory() or 0)
                window.files.turn(1)
            window.files.album.mark_saved()
    if not taken[-1]:
        return {}
    first, last = taken[_SETTLED - 1] / 1e6, taken[-1] / 1e6
    return {
        f"memory after {_SETTLED} photos of 3 megapixels, MB": round(first),
        f"memory after {VISITED} photos, MB": round(last),
        "memory a further photo, MB": round((last - first) / (VISITED - _SETTLED), 3),
    }


def _measure_click(watch: Stopwatch, window: MainWindow, engine: _Slow, row: int, col: int) -> None:
    view, surface = window.canvas.geometry_of_view, window.canvas.viewport()
    assert view is not None
    x, y = view.to_screen(row, col)
    place, asked = QPoint(round(x), round(y)), len(engine.predicted)
    QTest.mousePress(surface, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    QApplication.processEvents()
    with watch.measure("12 megapixels: from a click to its marker"):
        QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
        surface.repaint()
    _wait(lambda: len(engine.predicted) > asked)
    request = engine.predicted[-1]
    # Far from the object a network is surer than the fake: what it answers there is near 0.
    probability = np.where(disks(request, _RADIUS) > _THRESHOLD, np.float32(0.9), np.float32(0.01))
    with watch.measure("12 megapixels: an answer made small, on the worker's thread"):
        crop = ProbabilityCrop.of(probability)
    answer = Answer(request, crop, 0.0, "cpu", "bench")
    _settle()
    with watch.measure("12 megapixels: from an answer to its mask"):
        window.segmenting.receive_answer(answer)
        surface.repaint()
    # The engine's own answer comes too late to be of use.
    engine.may_answer.set()
    _settle()
    engine.may_answer.clear()


@contextmanager
def _window(home: Path, paths: list[Path], engine: FakeEngine) -> Iterator[MainWindow]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["ISEGFORMER_HOME"] = str(home / "home")
    # Kept by name: without an owner it would end at once.
    app = QApplication.instance() or QApplication(sys.argv[:1])
    with opened([str(path) for path in paths], lambda model, device, threads: engine) as window:
        _settle()
        yield window
        window.files.album.mark_saved()
        window.close()
        window.deleteLater()
    app.processEvents()


def _note_time(turns: list[float]) -> None:
    turns.append(perf_counter())


def _has_photo(window: MainWindow) -> bool:
    return window.segmenting.photo is not None


def _is_at(window: MainWindow, number: int) -> bool:
    return window.files.album.index == number and not window.files.is_opening and _has_photo(window)


def _wait(condition: Callable[[], bool]) -> None:
    while not condition():
        QApplication.processEvents()


def _settle() -> None:
    """Let everything be done that is due."""
    until = perf_counter() + 0.3
    _wait(lambda: perf_counter() > until)

"""The window as a user starts it, with an engine that answers at once and the same every time."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from isegformer_app.app import opened
from isegformer_app.controllers.photo import Photo
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.main_window import MainWindow

PATIENCE_MS = 60_000
"""Slow cores under load must not fail a test; what is waited for comes at once everywhere else."""


class Hands:
    """An annotator: what a person does to the window, in pixels of the photo."""

    def __init__(self, window: MainWindow, engine: FakeEngine, qtbot: QtBot) -> None:
        self.window, self.engine, self.qtbot = window, engine, qtbot

    @property
    def surface(self) -> QWidget:
        """The widget that the mouse meets: a graphics view hears it through its viewport."""
        return self.window.canvas.viewport()

    @property
    def photo(self) -> Photo:
        photo = self.window.segmenting.photo
        assert photo is not None
        return photo

    @property
    def clicks(self) -> list[tuple[int, int, bool]]:
        return [(each.row, each.col, each.is_positive) for each in self.window.segmenting.prompt.clicks]

    @property
    def preview_area(self) -> int:
        preview = self.window.segmenting.preview
        return -1 if preview is None else int(preview.pixels.sum())

    def area(self, object_id: int) -> int:
        return int(self.photo.annotation.mask(object_id, self.photo.viewpoint.key).sum())

    def at(self, row: float, col: float) -> QPoint:
        view = self.window.canvas.geometry_of_view
        assert view is not None
        x, y = view.to_screen(row + 0.5, col + 0.5)
        return QPoint(round(x), round(y))

    def click(
        self, row: int, col: int, button: Qt.MouseButton = Qt.MouseButton.LeftButton, *, shift: bool = False
    ) -> None:
        keys = Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(self.surface, button, keys, self.at(row, col))

    def right_click(self, row: int, col: int) -> None:
        self.click(row, col, Qt.MouseButton.RightButton)

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.window.canvas, key, modifier)

    def do(self, name: str) -> None:
        """Trigger an action as its menu does."""
        self.window.actions_by_name[name].trigger()

    def wait_for_photo(self, name: str | None = None) -> None:
        """Wait until nothing is being opened any more, and until the photo of that name is on the desk."""
        files, session, segmenting = self.window.files, self.window.session, self.window.segmenting
        self.wait_until(lambda: not (files.is_opening or session.is_reading))
        assert name is None or (segmenting.photo is not None and segmenting.photo.path.name == name)

    def wait_for_mask(self) -> None:
        self.wait_until(lambda: self.window.segmenting.preview is not None)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=PATIENCE_MS)


Start = Callable[..., Hands]


@pytest.fixture
def made() -> list[tuple[object, ...]]:
    """Model, device and threads of each engine that was made."""
    return []


@pytest.fixture
def start(
    qapp: QApplication,
    qtbot: QtBot,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    made: list[tuple[object, ...]],
) -> Iterator[Start]:
    """Start the window on some paths and wait until the photo is there."""
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path / "home"))
    with ExitStack() as stack:

        def run(*paths: Path, engine: FakeEngine | None = None) -> Hands:
            fake = engine or FakeEngine()

            def make(*wanted: object) -> FakeEngine:
                made.append(wanted)
                return fake

            window = stack.enter_context(opened([str(path) for path in paths], make))
            stack.callback(_close, window)
            qtbot.waitExposed(window)
            if paths:
                qtbot.waitUntil(lambda: window.segmenting.photo is not None, timeout=PATIENCE_MS)
            return Hands(window, fake, qtbot)

        yield run


def _close(window: MainWindow) -> None:
    window.files.album.mark_saved()
    window.close()
    window.deleteLater()


@pytest.fixture
def cat(start: Start, cat_photo: Path) -> Hands:
    """The window with the sample photo open."""
    return start(cat_photo)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for what the window writes."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three photos, each of another colour."""
    made = tmp_path / "photos"
    made.mkdir()
    for number in (1, 2, 3):
        Image.new("RGB", (60, 40), (number * 20, 0, 0)).save(made / f"photo{number}.png")
    return made


@contextmanager
def answering(button: str) -> Iterator[list[str]]:
    """Press a button of each question that comes up, and collect what was asked."""
    asked: list[str] = []

    def answer() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            asked.append(box.text())
            next(each for each in box.buttons() if each.text() == button).click()

    timer = QTimer(interval=10)
    timer.timeout.connect(answer)
    timer.start()
    yield asked
    timer.stop()

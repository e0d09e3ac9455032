"""Reading off the window's thread: only what is wanted arrives, whatever the order in which files are read."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from isegformer_app.controllers.opening import open_photo
from isegformer_app.controllers.photo import Photo
from isegformer_app.ui import photo_loader
from isegformer_app.ui.photo_loader import PhotoLoader

PATIENCE_MS = 60_000


class Reader:
    """Reads photos when their gates are open, and keeps the names of what was read."""

    def __init__(self) -> None:
        self.read: list[str] = []
        self.gates: dict[str, threading.Event] = {}

    def __call__(self, path: Path, *, allow_large: bool = False) -> Photo:
        self.read.append(path.name)
        gate = self.gates.get(path.name)
        assert gate is None or gate.wait(PATIENCE_MS / 1000)
        return open_photo(path, allow_large=allow_large)


class Listener:
    """A loader and all that it told."""

    def __init__(self, loader: PhotoLoader, reader: Reader, qtbot: QtBot) -> None:
        self.loader, self.reader, self._qtbot = loader, reader, qtbot
        self.told: list[str] = []
        loader.loaded.connect(lambda photo: self.told.append(photo.path.name))
        loader.failed.connect(lambda path, problem: self.told.append(f"{path.name}: {problem}"))
        loader.loaded_ahead.connect(lambda photo: self.told.append(f"ahead {photo.path.name}"))

    def wait_for(self, count: int) -> list[str]:
        self._qtbot.waitUntil(lambda: len(self.told) >= count, timeout=PATIENCE_MS)
        return self.told


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"{letter}.png" for letter in "abc"]
    for path in made:
        Image.new("RGB", (6, 4)).save(path)
    return made


@pytest.fixture
def listener(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    parent, reader = QObject(), Reader()
    monkeypatch.setattr(photo_loader, "open_photo", reader)
    loader = PhotoLoader(parent)
    yield Listener(loader, reader, qtbot)
    loader.close()
    for gate in reader.gates.values():
        gate.set()


def test_only_the_last_of_many_arrives_and_the_skipped_are_not_read(listener: Listener, paths: list[Path]) -> None:
    gate = listener.reader.gates["a.png"] = threading.Event()
    for path in paths:
        listener.loader.want(path)
    gate.set()
    assert listener.wait_for(1) == ["c.png"]
    assert set(listener.reader.read) <= {"a.png", "c.png"}
    assert listener.loader.wanted is None


def test_what_is_given_up_never_arrives(listener: Listener, paths: list[Path]) -> None:
    gate = listener.reader.gates["a.png"] = threading.Event()
    listener.loader.want(paths[0])
    listener.loader.drop()
    gate.set()
    listener.loader.want(paths[1])
    assert listener.wait_for(1) == ["b.png"]


def test_photo_read_ahead_is_there_at_once(listener: Listener, paths: list[Path]) -> None:
    listener.loader.look_ahead(paths[1])
    listener.wait_for(1)
    listener.loader.want(paths[1])
    assert listener.told == ["ahead b.png", "b.png"]
    assert listener.reader.read == ["b.png"]


def test_photo_that_is_just_being_read_ahead_is_not_read_twice(listener: Listener, paths: list[Path]) -> None:
    gate = listener.reader.gates["b.png"] = threading.Event()
    listener.loader.look_ahead(paths[1])
    listener.loader.want(paths[1])
    gate.set()
    assert listener.wait_for(1) == ["b.png"]
    assert listener.reader.read == ["b.png"]


def test_photo_that_changed_since_it_was_read_ahead_is_read_again(listener: Listener, paths: list[Path]) -> None:
    listener.loader.look_ahead(paths[1])
    listener.wait_for(1)
    Image.new("RGB", (60, 40), (9, 9, 9)).save(paths[1])
    listener.loader.want(paths[1])
    assert listener.wait_for(2) == ["ahead b.png", "b.png"]
    assert listener.reader.read == ["b.png", "b.png"]


def test_only_one_photo_is_kept_ahead(listener: Listener, paths: list[Path]) -> None:
    listener.loader.look_ahead(paths[1])
    listener.wait_for(1)
    listener.loader.look_ahead(paths[2])
    listener.wait_for(2)
    listener.loader.want(paths[1])
    assert listener.wait_for(3)[-1] == "b.png"
    assert listener.reader.read == ["b.png", "c.png", "b.png"]


def test_trouble_ahead_is_told_only_to_who_wants_the_photo(listener: Listener, paths: list[Path]) -> None:
    paths[1].write_bytes(b"no image")
    listener.loader.look_ahead(paths[1])
    listener.loader.look_ahead(paths[2])
    assert listener.wait_for(1) == ["ahead c.png"]
    listener.loader.want(paths[1])
    assert "b.png: “b.png” is no image" in listener.wait_for(2)[1]

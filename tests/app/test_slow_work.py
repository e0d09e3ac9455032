"""What takes long leaves the window alive, says how far it is, and can be cancelled."""

import threading
from pathlib import Path

import pytest
from PySide6.QtWidgets import QProgressDialog, QPushButton

from isegformer_app.controllers import importing, session_keeping
from isegformer_app.controllers.album import Album
from isegformer_app.controllers.importing import Arrival, Landed
from isegformer_app.controllers.progress import Progress
from isegformer_app.files.session import Session, Watch, load_session
from isegformer_app.ui import import_desk

from .conftest import Hands, Start, answering
from .exporting import report_of
from .test_imports import coco, import_file, objects_of, told
from .test_recovery import die, finish_object, save_to, start_again

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

MANY = 10_000


class Halt:
    """Slow work that has begun, and may go on or is to be cancelled."""

    def __init__(self) -> None:
        self.begun, self.gate = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []

    def wait(self, progress: Progress | Watch, *name: str) -> None:
        self.threads.append(threading.current_thread())
        self.begun.set()
        assert self.gate.wait(60)
        for count in range(MANY):
            progress(count, MANY, *name)

    def cancel(self, hands: Hands) -> None:
        button = self.bar(hands).findChild(QPushButton)
        assert button is not None
        button.click()
        self.gate.set()
        hands.wait_until(lambda: not bars(hands))

    def bar(self, hands: Hands) -> QProgressDialog:
        hands.wait_until(lambda: self.begun.is_set() and any(bar.isVisible() for bar in bars(hands)))
        (found,) = bars(hands)
        return found


def bars(hands: Hands) -> list[QProgressDialog]:
    return hands.window.findChildren(QProgressDialog)


@pytest.fixture
def slow_reading(monkeypatch: pytest.MonkeyPatch) -> Halt:
    """Sessions that are read slowly."""
    halt = Halt()

    def load(source: Path, progress: Watch) -> Session:
        halt.wait(progress)
        return load_session(source, progress)

    monkeypatch.setattr(session_keeping, "load_session", load)
    return halt


def test_a_session_is_read_beside_the_window(
    start: Start, folder: Path, tmp_path: Path, slow_reading: Halt, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, target = start(folder), tmp_path / "work.isegformer"
    finish_object(hands, 20, 20)
    assert save_to(hands, target, monkeypatch)
    hands.window.session.open(target)
    assert "Reading" in slow_reading.bar(hands).labelText()
    assert len(hands.window.files.album.paths) == 3
    slow_reading.gate.set()
    hands.wait_for_photo("photo1.png")
    assert len(hands.photo.annotation.objects) == 1
    assert threading.main_thread() not in slow_reading.threads


def test_a_session_that_is_not_awaited_changes_nothing(
    start: Start, folder: Path, cat_photo: Path, tmp_path: Path, slow_reading: Halt, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, target = start(folder), tmp_path / "work.isegformer"
    assert save_to(hands, target, monkeypatch)
    other = start(cat_photo)
    finish_object(other, 100, 100)
    other.window.session.open(target)
    slow_reading.cancel(other)
    other.wait_for_photo("cat.png")
    assert other.window.session.path is None
    assert len(other.photo.annotation.objects) == 1
    assert not other.window.message_bar.text


def test_left_work_is_left_to_the_next_start_where_its_session_is_not_awaited(
    start: Start, folder: Path, tmp_path: Path, slow_reading: Halt, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, target = start(folder), tmp_path / "work.isegformer"
    assert save_to(hands, target, monkeypatch)
    finish_object(hands, 20, 20)
    die(hands)
    with answering("Restore"):
        other = start()
        slow_reading.cancel(other)
    assert other.window.segmenting.photo is None
    again, asked = start_again(start, "Restore")
    assert "1 object" in asked[0]
    assert again.window.session.path == target
    assert len(again.photo.annotation.objects) == 1


def test_objects_of_a_coco_file_land_beside_the_window_as_far_as_they_are_wanted(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, halt = start(folder), Halt()

    def land_slowly(arrival: Arrival, album: Album, watch: importing.Watch, landed: Landed, progress: Progress) -> None:
        def slow(done: int, total: int, name: str) -> None:
            if done == 2:
                halt.wait(progress, name)
            progress(done, total, name)

        importing.land(arrival, album, watch, landed, slow)

    monkeypatch.setattr(import_desk, "land", land_slowly)
    import_file(hands, "import_coco", coco(folder, "photo1.png", "photo2.png", "photo3.png"), monkeypatch)
    halt.cancel(hands)
    told(hands, "4 objects imported on 2 photos.")
    assert threading.main_thread() not in halt.threads
    report = report_of(hands)
    assert "Cancelled" in report.lines.toPlainText()
    report.reject()
    assert objects_of(hands) == [("Rex", "dog"), ("object 2", "object")]
    assert len(hands.window.files.album.unsaved()) == 2
    hands.do("undo")
    assert objects_of(hands) == []

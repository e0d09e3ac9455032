"""Opening photos: by argument, dialog, drop and queue; and what cannot be opened."""

import sys
import threading
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from isegformer_app import __main__ as entry
from isegformer_app.controllers.export_plan import Format
from isegformer_app.controllers.opening import open_photo
from isegformer_app.controllers.photo import Photo
from isegformer_app.inference import FakeEngine

from .conftest import Hands, Start
from .exporting import dialog_of, export


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    made.mkdir()
    for number in (1, 2, 10):
        Image.new("RGB", (60, 40), (number * 20, 0, 0)).save(made / f"photo{number}.png")
    return made


def name(hands: Hands) -> str:
    return hands.photo.path.name


def drop(hands: Hands, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    none = Qt.KeyboardModifier.NoModifier
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none)
    hands.window.dropEvent(event)


def turn(hands: Hands, key: Qt.Key) -> None:
    hands.press(key)
    hands.wait_for_photo()


def test_real_main_opens_the_photo_and_leaves(
    qapp: QApplication, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the entry point to the event loop; torch is not needed to see the window."""
    seen: list[str] = []

    def run() -> int:
        for window in QApplication.topLevelWidgets():
            if window.isVisible() and window.windowTitle():
                seen.append(window.windowTitle())
                window.close()
        return 0

    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr("isegformer_app.app._make_engine", lambda model, device, threads: FakeEngine())
    monkeypatch.setattr(QApplication, "exec", staticmethod(run))
    assert entry.main([str(cat_photo)]) == 0
    assert len(seen) == 1


@pytest.mark.parametrize(("arguments", "words"), [(["--colour"], "no option"), (["nothing-here.png"], "is not there")])
def test_bad_arguments_end_with_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main(arguments) == 2
    told = capsys.readouterr().err
    assert words in told
    assert len(told.splitlines()) == 1


def test_empty_start_offers_the_sample(start: Start) -> None:
    hands = start()
    assert hands.window.stack.currentWidget() is hands.window.empty_state
    hands.window.empty_state.sample_button.click()
    hands.wait_for_photo()
    assert name(hands) == "cat.png"
    assert hands.window.stack.currentWidget() is hands.window.planes
    assert "cat.png" in hands.window.windowTitle()


def test_dialog_and_drop_open_photos(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hands = start()
    chosen = [str(folder / "photo1.png")]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_args, **_options: (chosen, ""))
    hands.do("open")
    hands.wait_for_photo()
    assert name(hands) == "photo1.png"
    drop(hands, folder / "photo10.png")
    hands.wait_for_photo()
    assert name(hands) == "photo10.png"


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("all.json", "File > Import COCO JSON"),
        ("B3.PTH", "Model > Model from file"),
        ("own.safetensors", "Model > Model"),
    ],
)
def test_what_other_menus_open_is_told_when_it_is_dropped(start: Start, folder: Path, file: str, words: str) -> None:
    (folder / file).write_text("{}")
    hands = start()
    drop(hands, folder / file, folder / "photo2.png")
    hands.wait_for_photo()
    assert name(hands) == "photo2.png"
    assert f"“{file}” is no photo; {words}" in hands.window.message_bar.text
    assert len(hands.window.files.album.paths) == 1


def test_of_a_session_and_photos_nothing_is_dropped_silently(start: Start, folder: Path) -> None:
    hands = start(folder)
    for others in ([folder / "photo1.png"], [folder / "b.isegformer"]):
        drop(hands, folder / "a.isegformer", *others)
        assert "open “a.isegformer” first, then the others" in hands.window.message_bar.text
        assert not hands.window.session.is_reading
    assert len(hands.window.files.album.paths) == 3


def test_folder_is_queued_in_natural_order(start: Start, folder: Path) -> None:
    hands = start(folder)
    seen = [name(hands)]
    for _ in range(2):
        turn(hands, Qt.Key.Key_D)
        seen.append(name(hands))
    assert seen == ["photo1.png", "photo2.png", "photo10.png"]
    turn(hands, Qt.Key.Key_D)
    assert "no photo after" in hands.window.message_bar.text
    turn(hands, Qt.Key.Key_A)
    assert name(hands) == "photo2.png"


def test_work_and_undo_survive_turning_the_page(start: Start, folder: Path) -> None:
    hands = start(folder)
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    area = hands.area(1)
    turn(hands, Qt.Key.Key_D)
    assert hands.photo.annotation.objects == ()
    turn(hands, Qt.Key.Key_A)
    assert hands.area(1) == area > 0
    hands.do("undo")
    assert hands.area(1) == 0


def test_next_unfinished_leaves_out_what_is_done(start: Start, folder: Path) -> None:
    hands = start(folder)
    turn(hands, Qt.Key.Key_D)
    hands.do("mark_done")
    turn(hands, Qt.Key.Key_A)
    hands.do("next_unfinished")
    hands.wait_for_photo()
    assert name(hands) == "photo10.png"


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n cut short"])
def test_bad_file_is_told_and_the_queue_goes_on(start: Start, folder: Path, content: bytes) -> None:
    (folder / "photo2.png").write_bytes(content)
    hands = start(folder)
    turn(hands, Qt.Key.Key_D)
    assert "photo2.png" in hands.window.message_bar.text
    turn(hands, Qt.Key.Key_D)
    assert name(hands) == "photo10.png"


def test_photo_deleted_while_queued_is_told(start: Start, folder: Path) -> None:
    hands = start(folder)
    (folder / "photo2.png").unlink()
    turn(hands, Qt.Key.Key_D)
    assert "is not there" in hands.window.message_bar.text
    assert name(hands) == "photo1.png"


def test_photo_deleted_while_open_is_worked_on_saved_and_exported(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(folder)
    photo = hands.photo.path
    photo.unlink()
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    assert hands.area(1) > 0
    target = tmp_path / "work.isegformer"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    hands.do("save")
    hands.wait_until(lambda: not hands.window.isWindowModified())
    headline, _ = export(hands, dialog_of(hands, Format.COCO, tmp_path))
    assert "1 object" in headline
    for step in ("next_photo", "previous_photo"):
        hands.do(step)
        hands.wait_for_photo()
    assert "is not there (any more)" in hands.window.message_bar.text
    assert name(hands) == "photo2.png"
    work = hands.window.files.album.work(photo)
    assert work is not None
    assert len(work.annotation.objects) == 1


def test_photo_that_changed_since_it_was_annotated_is_told_of(start: Start, folder: Path) -> None:
    hands = start(folder)
    photo = hands.photo.path
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    turn(hands, Qt.Key.Key_D)
    Image.new("RGB", (60, 40), (9, 9, 9)).save(photo)
    turn(hands, Qt.Key.Key_A)
    assert "The file was changed since it was annotated" in hands.window.message_bar.text
    assert hands.area(1) > 0
    turn(hands, Qt.Key.Key_D)
    Image.new("RGB", (40, 60)).save(photo)
    turn(hands, Qt.Key.Key_A)
    assert "has another size than when it was annotated" in hands.window.message_bar.text
    assert name(hands) == "photo2.png"
    assert str(photo) in map(str, hands.window.files.album.problems)


def test_session_brings_everything_back(
    start: Start, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "work.isegformer"
    hands = start(folder)
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    area = hands.area(1)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    hands.do("save")
    hands.wait_until(lambda: not hands.window.isWindowModified())
    other = start(target)
    assert name(other) == "photo1.png"
    assert other.area(1) == area
    assert len(other.window.files.album.paths) == 3
    other.window.objects.choose(1)
    other.do("reopen")
    assert other.clicks == [(20, 30, True)]


@pytest.mark.parametrize(
    ("answer", "closes"),
    [(QMessageBox.StandardButton.Cancel, False), (QMessageBox.StandardButton.Discard, True)],
)
def test_closing_asks_before_work_is_lost(
    cat: Hands, answer: QMessageBox.StandardButton, closes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def ask(*args: object) -> QMessageBox.StandardButton:
        asked.append(str(args[2]))
        return answer

    monkeypatch.setattr(QMessageBox, "warning", ask)
    cat.click(100, 100)
    cat.wait_for_mask()
    assert cat.window.close() is closes
    assert len(asked) == 1
    assert "cat.png" in asked[0]


def test_failed_save_keeps_the_window_open(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "gone" / "work.isegformer"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    monkeypatch.setattr(QMessageBox, "warning", lambda *_args, **_options: QMessageBox.StandardButton.Save)
    cat.click(100, 100)
    cat.wait_for_mask()
    assert not cat.window.close()
    assert cat.window.isWindowModified()
    assert "cannot be written" in cat.window.message_bar.text
    target.parent.mkdir()
    cat.do("save")
    cat.wait_until(lambda: cat.window.message_bar.text == "Saved to “work.isegformer”.")


def test_turning_the_page_fast_ends_at_the_right_photo(start: Start, folder: Path) -> None:
    hands = start(folder)
    hands.press(Qt.Key.Key_D)
    hands.press(Qt.Key.Key_D)
    hands.wait_for_photo("photo10.png")
    assert hands.window.files.album.current == hands.photo.path
    assert int(hands.photo.rgb(hands.photo.viewpoint.key)[0, 0, 0]) == 200


def test_next_photo_is_read_and_encoded_ahead(start: Start, folder: Path) -> None:
    hands = start(folder)
    hands.wait_until(lambda: any("photo2.png" in key for key in hands.engine.encoded))
    hands.press(Qt.Key.Key_D)
    assert name(hands) == "photo2.png"
    assert hands.photo.image_key(hands.photo.viewpoint.key) in hands.engine.encoded


def test_very_large_photo_is_asked_about(start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    asked: list[str] = []

    def ask(*args: object) -> QMessageBox.StandardButton:
        asked.append(str(args[2]))
        return answers.pop(0)

    monkeypatch.setattr(QMessageBox, "question", ask)
    monkeypatch.setattr("isegformer_app.files.photos.LARGE_MEMORY", 60 * 40 * 3 - 1)
    hands = start()
    hands.window.files.open_paths([folder / "photo1.png"])
    hands.wait_for_photo()
    assert hands.window.segmenting.photo is None
    hands.window.files.open_paths([folder / "photo1.png"])
    hands.wait_until(lambda: hands.window.segmenting.photo is not None)
    assert len(asked) == 2
    assert "60 x 40 pixels" in asked[0]


def test_slow_photo_is_announced_and_can_be_given_up(
    start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(folder / "photo1.png")
    gate = threading.Event()

    def slow(path: Path, *, allow_large: bool = False) -> Photo:
        gate.wait(60)
        return open_photo(path, allow_large=allow_large)

    monkeypatch.setattr("isegformer_app.ui.photo_loader.open_photo", slow)
    hands.window.files.open_paths([folder / "photo2.png"])
    hands.wait_until(lambda: "Opening “photo2.png”" in hands.window.message_bar.text)
    hands.window.message_bar.close_button.click()
    assert not hands.window.files.is_opening
    assert hands.window.files.album.current == hands.photo.path == folder / "photo1.png"
    gate.set()
    hands.window.files.open_paths([folder / "photo10.png"])
    hands.wait_for_photo("photo10.png")


def test_empty_folder_is_told(start: Start, tmp_path: Path) -> None:
    hands = start()
    empty = tmp_path / "empty"
    empty.mkdir()
    hands.window.files.open_paths([empty])
    hands.wait_until(lambda: "There are no photos and no volumes in" in hands.window.message_bar.text)


def test_what_was_said_comes_back_after_what_is_under_way(start: Start) -> None:
    bar = start().window.message_bar
    for say in (bar.show_notice, lambda words: bar.show_problem(words, can_retry=False)):
        say("Worth knowing.")
        bar.show_progress("Opening …")
        bar.show_progress("Opening another …")
        assert bar.text == "Opening another …"
        bar.end_progress()
        assert bar.text == "Worth knowing."
    bar.clear()
    bar.show_progress("Opening …")
    bar.end_progress()
    assert bar.text == ""

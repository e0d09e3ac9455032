"""What was not saved is there again after a crash, through the window as a user starts it."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from isegformer_app.settings import state_folder

from .conftest import Hands, Start, answering

ROOT = Path(__file__).parents[2]


def journals() -> list[Path]:
    return sorted((state_folder() / "journals").glob("*.journal"))


def finish_object(hands: Hands, row: int, col: int) -> int:
    """Finish one more object and return its area."""
    hands.click(row, col)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    return hands.area(hands.photo.annotation.objects[-1].id)


def die(hands: Hands) -> None:
    """Leave on the disk what a kill leaves there."""
    hands.window.session.break_off()


def start_again(start: Start, button: str, *paths: Path) -> tuple[Hands, list[str]]:
    """Start the window once more, and answer the question that it asks first."""
    with answering(button) as asked:
        hands = start(*paths)
        hands.wait_until(lambda: bool(asked) and QApplication.activeModalWidget() is None)
        hands.wait_for_photo()
    return hands, asked


def save_to(hands: Hands, target: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    is_saving = hands.window.session.save_as()
    hands.wait_until(lambda: hands.window.session.path == target)
    return is_saving


def test_unsaved_work_is_offered_and_restored(cat: Hands, start: Start) -> None:
    area = finish_object(cat, 100, 100)
    die(cat)
    again, asked = start_again(start, "Restore")
    assert len(asked) == 1
    assert "1 object on “cat.png”" in asked[0]
    assert again.area(1) == area > 0
    assert again.window.isWindowModified()
    assert "Restored 1 object" in again.window.message_bar.text
    again.do("undo")
    assert again.area(1) == 0


def test_restored_work_is_kept_until_it_is_saved(
    cat: Hands, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = finish_object(cat, 100, 100)
    die(cat)
    again, _ = start_again(start, "Restore")
    second = finish_object(again, 200, 300)
    assert len(journals()) == 2
    die(again)
    third, asked = start_again(start, "Restore")
    assert "2 objects" in asked[0]
    assert (third.area(1), third.area(2)) == (first, second)
    assert save_to(third, tmp_path / "work.isegformer", monkeypatch)
    assert not third.window.isWindowModified()
    assert journals() == []


def test_restored_work_lies_upon_its_session(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "work.isegformer"
    photos = [tmp_path / f"photo{number}.png" for number in range(2)]
    for photo in photos:
        photo.write_bytes((ROOT / "resources" / "samples" / "cat.png").read_bytes())
    hands = start(*photos)
    area = finish_object(hands, 100, 100)
    assert save_to(hands, target, monkeypatch)
    hands.press(Qt.Key.Key_D)
    hands.wait_for_photo()
    finish_object(hands, 200, 200)
    die(hands)
    again, asked = start_again(start, "Restore", target)
    assert "work.isegformer" in asked[0]
    assert again.window.session.path == target
    assert again.photo.path == photos[1]
    assert len(again.photo.annotation.objects) == 1
    again.press(Qt.Key.Key_A)
    again.wait_for_photo()
    assert again.area(1) == area
    assert again.window.files.album.unsaved() == [photos[1]]


def test_refused_work_is_gone(cat: Hands, start: Start) -> None:
    finish_object(cat, 100, 100)
    die(cat)
    again, _ = start_again(start, "Discard")
    assert again.window.segmenting.photo is None
    assert journals() == []


def test_later_means_the_next_start(cat: Hands, start: Start) -> None:
    finish_object(cat, 100, 100)
    die(cat)
    start_again(start, "Later")
    again, _ = start_again(start, "Restore")
    assert len(again.photo.annotation.objects) == 1


def test_a_living_window_is_not_restored_elsewhere(cat: Hands, start: Start, cat_photo: Path) -> None:
    finish_object(cat, 100, 100)
    other = start(cat_photo)
    assert other.photo.annotation.objects == ()
    assert len(journals()) == 1


def test_closing_in_order_leaves_nothing(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QMessageBox, "warning", lambda *_args, **_options: QMessageBox.StandardButton.Discard)
    finish_object(cat, 100, 100)
    assert len(journals()) == 1
    assert cat.window.close()
    assert journals() == []


def test_damaged_journal_is_told_once_and_set_aside(start: Start, cat_photo: Path) -> None:
    folder = Path(os.environ["ISEGFORMER_HOME"]) / "state" / "journals"
    folder.mkdir(parents=True)
    (folder / "0123.journal").write_bytes(b"nothing of ours\n")
    hands = start()
    hands.wait_until(lambda: "is damaged" in hands.window.message_bar.text)
    assert journals() == []
    assert (folder / "0123.damaged").exists()

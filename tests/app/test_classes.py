"""One list of classes for the whole queue, through the window, the session file and a crash."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog

from .conftest import Hands, Start
from .test_recovery import die, start_again


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    made = [tmp_path / f"photo{number}.png" for number in (1, 2)]
    for path in made:
        Image.new("RGB", (60, 40)).save(path)
    return made


def turn(hands: Hands, key: Qt.Key) -> None:
    hands.press(key)
    hands.wait_for_photo()


def type_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_options: (name, True))


def offered(hands: Hands) -> list[str]:
    choice = hands.window.classes_bar.choice
    return [choice.itemText(place).split("  ")[-1] for place in range(choice.count())]


def finish(hands: Hands) -> None:
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)


def test_new_name_of_a_class_reaches_photos_already_visited(
    start: Start, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(*photos)
    finish(hands)
    turn(hands, Qt.Key.Key_D)
    type_name(monkeypatch, "cat")
    hands.window.objects.rename_class()
    turn(hands, Qt.Key.Key_A)
    assert offered(hands) == ["cat"]
    assert hands.photo.annotation.objects[0].name == "cat 1"


def test_class_that_another_photo_needs_is_not_deleted(
    start: Start, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(*photos)
    type_name(monkeypatch, "dog")
    hands.window.objects.add_class()
    finish(hands)
    turn(hands, Qt.Key.Key_D)
    hands.window.objects.pick_class(2)
    hands.window.objects.delete_class()
    assert "“dog” still has objects on “photo1.png”" in hands.window.message_bar.text
    assert offered(hands) == ["object", "dog"]


def test_session_keeps_the_classes_of_the_queue(
    start: Start, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "work.isegformer"
    hands = start(*photos)
    type_name(monkeypatch, "dog")
    hands.window.objects.add_class()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(target), ""))
    hands.do("save")
    hands.wait_until(lambda: not hands.window.isWindowModified())
    again = start(target)
    turn(again, Qt.Key.Key_D)
    assert offered(again) == ["object", "dog"]


def test_classes_survive_a_crash_with_what_uses_them(
    start: Start, photos: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(*photos)
    finish(hands)
    turn(hands, Qt.Key.Key_D)
    type_name(monkeypatch, "dog")
    hands.window.objects.add_class()
    turn(hands, Qt.Key.Key_A)
    hands.window.objects.choose(1)
    hands.window.objects.pick_class(2)
    hands.do("undo")
    hands.do("redo")
    die(hands)
    again, _ = start_again(start, "Restore")
    assert again.photo.path == photos[1]
    assert offered(again) == ["object", "dog"]
    again.do("previous_photo")
    again.wait_for_photo("photo1.png")
    assert again.photo.annotation.objects[0].class_id == 2
    again.do("undo")
    assert again.photo.annotation.objects[0].class_id == 1
    assert offered(again) == ["object", "dog"]

"""The menu of what was opened last."""

from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from isegformer_app.settings import MAX_RECENT, Settings
from tests.app.conftest import Hands, Start
from tests.app.volumes import write_volume


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "photos"
    folder.mkdir()
    paths = [folder / f"photo{number:02} & more.png" for number in range(MAX_RECENT + 2)]
    for path in paths:
        Image.new("RGB", (60, 40)).save(path)
    return paths


def shown(hands: Hands) -> list[str]:
    return [action.toolTip() for action in hands.window.recent.actions_shown]


def test_the_newest_is_first_and_ten_are_kept(start: Start, photos: list[Path]) -> None:
    hands = start()
    assert not hands.window.recent.actions_shown
    for path in (*photos, photos[5]):
        hands.window.files.open_paths([path])
        hands.wait_for_photo()
    assert shown(hands) == [str(photos[5]), *map(str, (each for each in reversed(photos) if each != photos[5]))][:10]
    assert "photo05 && more.png" in hands.window.recent.actions_shown[0].text()
    hands.window.close()
    assert shown(start())[0] == str(photos[5])


def test_turning_the_page_is_no_opening(start: Start, photos: list[Path]) -> None:
    hands = start(photos[0].parent)
    hands.do("next_photo")
    hands.wait_for_photo()
    assert shown(hands) == [str(photos[0].parent)]


def test_a_recent_photo_is_opened_by_menu_and_key(start: Start, photos: list[Path]) -> None:
    hands = start(photos[0])
    hands.window.files.open_paths([photos[1]])
    hands.wait_for_photo()
    hands.window.recent.actions_shown[1].trigger()
    hands.wait_for_photo()
    assert hands.photo.path == photos[0]
    QTest.keyClick(hands.window.canvas, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    hands.wait_for_photo()
    hands.wait_until(lambda: hands.photo.path == photos[1])


def test_sessions_are_among_them(
    start: Start, photos: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = tmp_path / "work.isegformer"
    hands = start(photos[0])
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(session), ""))
    hands.do("save")
    hands.wait_until(lambda: shown(hands) == [str(session), str(photos[0])])
    hands.window.files.open_paths([photos[1]])
    hands.wait_for_photo()
    hands.window.files.album.mark_saved()
    hands.window.recent.actions_shown[1].trigger()
    hands.wait_for_photo()
    hands.wait_until(lambda: hands.window.files.album.paths == [photos[0]])
    assert shown(hands)[0] == str(session)


def test_what_is_gone_is_told_and_taken_off(start: Start, photos: list[Path]) -> None:
    hands = start(photos[0])
    hands.window.files.open_paths([photos[1]])
    hands.wait_for_photo()
    photos[0].unlink()
    hands.window.recent.actions_shown[1].trigger()
    hands.wait_for_photo()
    assert "is not there any more" in hands.window.message_bar.text
    assert shown(hands) == [str(photos[1])]
    assert hands.photo.path == photos[1]


def test_what_cannot_be_opened_stays_out(start: Start, photos: list[Path], tmp_path: Path) -> None:
    hands = start(photos[0])
    empty, damaged = tmp_path / "empty", tmp_path / "damaged.png"
    empty.mkdir()
    damaged.write_bytes(b"no picture")
    session = tmp_path / "damaged.isegformer"
    session.write_bytes(b"no session")
    for path in (damaged, empty, tmp_path / "gone.png", session):
        hands.window.files.open_paths([path])
        hands.wait_for_photo()
        assert hands.window.message_bar.text
        hands.window.message_bar.clear()
    assert shown(hands) == [str(photos[0])]
    worse = tmp_path / "worse.png"
    worse.touch()
    hands.window.files.open_paths([worse, photos[1]])
    hands.wait_for_photo()
    hands.do("next_photo")
    hands.wait_for_photo()
    assert shown(hands) == [str(photos[1]), str(photos[0])]


def test_the_list_can_be_cleared(start: Start, photos: list[Path]) -> None:
    hands = start(photos[0])
    hands.do("clear_recent")
    assert shown(hands) == []
    hands.window.close()
    assert Settings.load().recent == []


def test_a_volume_that_cannot_be_read_stays_out(start: Start, photos: list[Path], tmp_path: Path) -> None:
    """Its head is whole, so that it is found; its voxels are not."""
    whole, cut = write_volume(tmp_path / "whole.nii"), tmp_path / "cut.nii"
    cut.write_bytes(whole.read_bytes()[:-100])
    hands = start(photos[0])
    for path in (cut, whole):
        hands.window.files.open_paths([path])
        hands.wait_for_photo()
    assert shown(hands) == [str(whole), str(photos[0])]

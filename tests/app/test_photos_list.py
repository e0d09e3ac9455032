"""The list of photos: thumbnails, statuses, filters, and folders of any size."""

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from isegformer_app.controllers.album import Album
from isegformer_app.document import Status
from isegformer_app.files.thumbnails import read_thumbnail
from isegformer_app.inference import FakeEngine
from isegformer_app.ui import thumbnails
from isegformer_app.ui.photos_panel import PhotosPanel
from isegformer_app.ui.thumbnails import Thumbnails

from .conftest import PATIENCE_MS, Hands, Start

COLOURS = ((200, 0, 0), (0, 200, 0), (0, 0, 200), (200, 200, 0))


@pytest.fixture
def hands(start: Start, tmp_path: Path) -> Hands:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, colour in enumerate(COLOURS):
        Image.new("RGB", (60, 40), colour).save(folder / f"photo{number}.png")
    return start(folder)


def shown(hands: Hands) -> list[str]:
    model = hands.window.photos_panel.model
    return [model.path(row).name for row in range(model.rowCount())]


def show_only(hands: Hands, words: str) -> None:
    panel = hands.window.photos_panel
    panel.filter.setCurrentIndex(panel.filter.findText(words))


def turn(hands: Hands, action: str) -> str:
    hands.do(action)
    hands.wait_for_photo()
    return hands.photo.path.name


def test_a_photo_that_cannot_be_opened_is_marked_until_it_can(hands: Hands) -> None:
    path = hands.window.files.album.paths[1]
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    model = hands.window.photos_panel.model
    changed: list[int] = []
    hands.do("next_photo")
    hands.wait_for_photo("photo0.png")
    index = model.index(1)
    assert "photo1.png” is damaged or cut short" in str(model.data(index, Qt.ItemDataRole.ToolTipRole))
    marked = icon_of(hands, 1)
    assert marked != icon_of(hands, 3)
    hands.do("next_photo")
    hands.wait_for_photo("photo2.png")
    assert icon_of(hands, 1) == marked
    path.write_bytes(whole)
    model.dataChanged.connect(lambda first, _last: changed.append(first.row()))
    hands.do("previous_photo")
    hands.wait_for_photo("photo1.png")
    assert 1 in changed
    assert icon_of(hands, 1) != marked
    assert str(model.data(index, Qt.ItemDataRole.ToolTipRole)).endswith("to do")


def test_long_names_are_shortened_in_the_middle_and_told_whole(hands: Hands) -> None:
    panel = hands.window.photos_panel
    assert panel.view.textElideMode() is Qt.TextElideMode.ElideMiddle
    assert not panel.view.horizontalScrollBar().isVisible()
    first = hands.window.files.album.paths[0]
    assert str(panel.model.data(panel.model.index(0), Qt.ItemDataRole.ToolTipRole)).startswith(str(first))


def icon_of(hands: Hands, row: int) -> bytes:
    """Pixels of the picture in a row, once there is one."""
    model = hands.window.photos_panel.model
    made = model.data(model.index(row), Qt.ItemDataRole.DecorationRole)
    assert isinstance(made, QIcon)
    return bytes(made.pixmap(56, 42).toImage().constBits())


def test_flag_and_done_are_toggled_and_undone(hands: Hands) -> None:
    album, path = hands.window.files.album, hands.photo.path
    for action, status in (("flag", Status.FLAGGED), ("mark_done", Status.DONE)):
        hands.do(action)
        assert album.status(path) is status
        assert hands.window.actions_by_name[action].isChecked()
    assert not hands.window.actions_by_name["flag"].isChecked()
    hands.do("undo")
    assert album.status(path) is Status.FLAGGED
    hands.do("flag")
    assert album.status(path) is Status.TO_DO


@pytest.mark.parametrize("then", ["nothing", "click", "undo"])
def test_page_is_turned_as_soon_as_the_last_mask_is_there(start: Start, folder: Path, then: str) -> None:
    """A hurried hand is not made to press the key again; who works on stays."""
    gate = threading.Event()
    hands = start(folder, engine=FakeEngine(script=[gate]))
    hands.click(20, 30)
    hands.press(Qt.Key.Key_Space)
    hands.do("next_photo")
    assert "“photo2.png” comes as soon as the last mask is there." in hands.window.message_bar.text
    if then == "click":
        hands.click(5, 5)
    elif then == "undo":
        hands.do("undo")
    gate.set()
    segmenting = hands.window.segmenting
    hands.wait_until(lambda: not (segmenting.is_waiting or segmenting.is_finishing))
    hands.qtbot.wait(50)
    hands.wait_for_photo("photo2.png" if then == "nothing" else "photo1.png")
    work = hands.window.files.album.work(folder / "photo1.png")
    assert work is not None
    assert len(work.annotation.objects) == {"nothing": 1, "click": 2, "undo": 0}[then]


def test_filter_shows_a_status_and_the_keys_keep_to_it(hands: Hands) -> None:
    turn(hands, "next_photo")
    hands.do("flag")
    turn(hands, "next_photo")
    assert turn(hands, "next_photo") == "photo3.png"
    hands.do("flag")
    show_only(hands, "Flagged")
    assert shown(hands) == ["photo1.png", "photo3.png"]
    assert "2 shown" in hands.window.photos_panel.count.text()
    assert turn(hands, "previous_photo") == "photo1.png"
    hands.do("previous_photo")
    assert "no photo before" in hands.window.message_bar.text
    show_only(hands, "All photos")
    assert turn(hands, "previous_photo") == "photo0.png"
    assert len(shown(hands)) == len(COLOURS)


def test_photo_on_the_desk_stays_in_the_list_until_the_page_is_turned(hands: Hands) -> None:
    show_only(hands, "To do")
    hands.do("mark_done")
    assert shown(hands)[0] == "photo0.png"
    turn(hands, "next_photo")
    assert shown(hands) == ["photo1.png", "photo2.png", "photo3.png"]
    assert "1 done" in hands.window.photos_panel.count.text()


def test_objects_are_taken_along_to_the_next_photo(hands: Hands) -> None:
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.do("copy_to_next")
    hands.wait_for_photo("photo1.png")
    assert hands.area(1) > 0
    assert hands.window.files.album.status(hands.photo.path) is Status.IN_PROGRESS
    hands.do("undo")
    assert hands.photo.annotation.objects == ()
    hands.do("copy_to_next")
    assert "no objects to copy" in hands.window.message_bar.text
    assert turn(hands, "previous_photo") == "photo0.png"
    assert hands.area(1) > 0


def test_objects_do_not_fit_a_photo_of_another_size(start: Start, tmp_path: Path) -> None:
    paths = [tmp_path / "wide.png", tmp_path / "high.png"]
    for path, size in zip(paths, ((60, 40), (40, 60)), strict=True):
        Image.new("RGB", size).save(path)
    hands = start(*paths)
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.do("copy_to_next")
    hands.wait_for_photo("high.png")
    assert "not copied" in hands.window.message_bar.text
    assert hands.photo.annotation.objects == ()


@pytest.mark.parametrize("is_kept", [True, False])
def test_zoom_is_kept_between_photos_on_request(hands: Hands, is_kept: bool) -> None:
    if is_kept:
        hands.do("keep_zoom")
    fitted = hands.window.canvas.geometry_of_view
    hands.do("zoom_in")
    zoomed = hands.window.canvas.geometry_of_view
    assert zoomed != fitted
    turn(hands, "next_photo")
    assert hands.window.canvas.geometry_of_view == (zoomed if is_kept else fitted)


def test_names_are_searched(hands: Hands) -> None:
    hands.window.photos_panel.name.setText("PHOTO2")
    assert shown(hands) == ["photo0.png", "photo2.png"]
    assert turn(hands, "next_photo") == "photo2.png"


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_keyboard_goes_back_to_the_photo_after_a_name_was_typed(hands: Hands, key: Qt.Key) -> None:
    hands.click(20, 30)
    field = hands.window.photos_panel.name
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClicks(field, "photo")
    QTest.keyClick(field, key)
    assert hands.clicks == [(20, 30, True)]
    assert field.text() == "photo"
    hands.wait_for_mask()
    QTest.keyClick(hands.window.focusWidget(), Qt.Key.Key_D)
    hands.wait_for_photo("photo1.png")


def test_clicked_row_is_opened(hands: Hands) -> None:
    panel = hands.window.photos_panel
    panel.view.clicked.emit(panel.model.index(2))
    hands.wait_for_photo("photo2.png")
    assert panel.view.currentIndex().row() == 2


def test_rows_get_their_pictures(hands: Hands) -> None:
    panel = hands.window.photos_panel
    hands.wait_until(lambda: panel.thumbnails.find(panel.model.path(1)) is not None)
    icon = panel.model.data(panel.model.index(1), Qt.ItemDataRole.DecorationRole)
    assert isinstance(icon, QIcon)
    picture = icon.pixmap(panel.view.iconSize())
    middle = picture.toImage().pixelColor(picture.width() // 2, picture.height() // 2)
    assert (middle.red(), middle.green(), middle.blue()) == COLOURS[1]


def test_hundred_thousand_photos_ask_only_for_what_is_in_sight(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    monkeypatch.setattr(thumbnails, "read_thumbnail", lambda path, side: asked.append(path))
    album = Album()
    album.add(tmp_path / f"photo{number}.jpg" for number in range(100_000))
    album.turn_to(album.paths[70_000])
    panel = PhotosPanel(album, lambda _: None)
    qtbot.addWidget(panel)
    panel.resize(220, 600)
    panel.refresh()
    panel.show()
    qtbot.waitUntil(lambda: len(asked) > 0, timeout=PATIENCE_MS)
    panel.close_down()
    assert panel.model.rowCount() == 100_000
    assert panel.model.row(album.current) == 70_000
    assert len(asked) < 100


@pytest.fixture
def reader(qtbot: QtBot) -> Iterator[Thumbnails]:
    panel = PhotosPanel(Album(), lambda _: None)
    qtbot.addWidget(panel)
    yield panel.thumbnails
    panel.close_down()


def test_few_thumbnails_are_kept(
    reader: Thumbnails, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "KEPT", 2)
    monkeypatch.setattr(thumbnails, "read_thumbnail", lambda path, side: np.zeros((2, 3, 3), np.uint8))
    for number in range(4):
        with qtbot.waitSignal(reader.arrived, timeout=PATIENCE_MS):
            assert reader.find(tmp_path / str(number)) is None
    assert list(reader._kept) == [tmp_path / "2", tmp_path / "3"]


@pytest.mark.parametrize(
    ("name", "mode", "size", "expected"),
    [
        ("wide.jpg", "RGB", (400, 100), (32, 128, 3)),
        ("grey.png", "L", (100, 200), (128, 64, 3)),
        ("deep.tif", "I;16", (300, 300), (128, 128, 3)),
        ("small.png", "RGBA", (10, 20), (20, 10, 3)),
    ],
)
def test_thumbnail_of_any_photo(
    tmp_path: Path, name: str, mode: str, size: tuple[int, int], expected: tuple[int, ...]
) -> None:
    Image.new(mode, size).save(tmp_path / name)
    thumbnail = read_thumbnail(tmp_path / name, 128)
    assert thumbnail is not None
    assert thumbnail.shape == expected


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n cut short"])
def test_no_thumbnail_of_what_is_no_photo(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    assert read_thumbnail(tmp_path / "bad.png", 128) is None
    assert read_thumbnail(tmp_path / "gone.png", 128) is None

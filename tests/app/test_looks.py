"""What is seen besides the photo: markers, crosshair, spinner, theme, status bar, tool tips, small screens."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QDialog, QMenu, QRadioButton, QToolBar, QToolButton

from isegformer_app.document.object_edits import NewClass, RenameObject
from isegformer_app.inference import FakeEngine
from isegformer_app.ui import theme
from isegformer_app.ui.markers import NEGATIVE, POSITIVE, RADIUS
from isegformer_app.ui.sizes import begin_with
from isegformer_app.ui.slice_bar import SliceBar

from .conftest import Hands, Start
from .volumes import write_volume

SMALL_SCREEN = (1280, 720)
SPINNER = RADIUS + 6


def seen(hands: Hands) -> NDArray[np.uint8]:
    """The canvas as it is on the screen, (H, W, 3)."""
    image = hands.window.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def pixels_of(hands: Hands, colour: tuple[int, int, int]) -> int:
    return int((np.abs(seen(hands).astype(int) - colour).max(axis=-1) < 12).sum())


def test_markers_are_as_large_at_every_zoom(cat: Hands) -> None:
    cat.click(150, 225)
    cat.right_click(140, 215)
    cat.wait_for_mask()
    QTest.mouseMove(cat.surface, cat.at(20, 20))
    colours = [(each.red(), each.green(), each.blue()) for each in (POSITIVE, NEGATIVE)]
    before = [pixels_of(cat, colour) for colour in colours]
    assert min(before) > RADIUS**2
    cat.do("actual_size")
    # Where a pixel is cut by the border moves with the zoom; were they part of the photo, it would be a third.
    assert [pixels_of(cat, colour) for colour in colours] == pytest.approx(before, rel=0.35)


def test_crosshair_follows_the_cursor_and_can_be_hidden(cat: Hands) -> None:
    QTest.mouseMove(cat.surface, cat.at(60, 60))
    QTest.mouseMove(cat.surface, cat.at(200, 300))
    place = cat.at(200, 300)
    shown = seen(cat)
    cat.do("crosshair")
    hidden = seen(cat)
    changed = (shown != hidden).any(axis=-1)
    height, width = changed.shape
    assert changed[place.y() - 2 : place.y() + 3].any(axis=0).sum() > 0.9 * width
    assert changed[:, place.x() - 2 : place.x() + 3].any(axis=1).sum() > 0.9 * height
    assert not changed[: place.y() - 4, : place.x() - 4].any()
    # The pixel itself stays free to be seen.
    assert not changed[place.y(), place.x()]


def test_a_spinner_turns_round_the_click_until_the_answer_is_there(start: Start, cat_photo: Path) -> None:
    gate = threading.Event()
    cat = start(cat_photo, engine=FakeEngine(radius=3, script=[gate]))
    cat.click(150, 225)
    QTest.mouseMove(cat.surface, cat.at(20, 20))
    place = cat.at(150, 225)
    box = np.s_[place.y() - 16 : place.y() + 17, place.x() - 16 : place.x() + 17]
    rows, cols = np.mgrid[-16:17, -16:17]
    ring = np.abs(np.hypot(rows, cols) - SPINNER) < 3
    waiting = seen(cat)[box]
    cat.wait_until(lambda: bool((seen(cat)[box] != waiting).any(axis=-1)[ring].any()))
    gate.set()
    cat.wait_for_mask()
    answered = seen(cat)[box]
    assert (answered != waiting).any(axis=-1)[ring].mean() > 0.3
    QTest.qWait(200)
    np.testing.assert_array_equal(seen(cat)[box], answered)


def test_the_theme_follows_the_system_while_it_is_asked_to(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def background() -> int:
        return QGuiApplication.palette().color(QPalette.ColorRole.Window).lightness()

    cat.do("theme_system")
    scheme = ["dark"]
    monkeypatch.setattr(theme, "resolve", lambda wanted: scheme[0] if wanted == "system" else wanted)
    changed = QGuiApplication.styleHints().colorSchemeChanged
    changed.emit(Qt.ColorScheme.Dark)
    assert background() < 100
    scheme[0] = "light"
    changed.emit(Qt.ColorScheme.Light)
    assert background() > 200
    cat.do("theme_dark")
    changed.emit(Qt.ColorScheme.Light)
    assert background() < 100
    cat.do("theme_light")


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_S])
def test_a_key_that_is_held_is_let_go_with_the_window(cat: Hands, key: Qt.Key) -> None:
    """A dialog hears of the release, or another program; the next click must be a click again."""
    cat.click(100, 150)
    cat.wait_for_mask()
    before = seen(cat)
    QTest.keyPress(cat.window.canvas, key)
    assert cat.window.canvas.is_panning_with_left == (key == Qt.Key.Key_Space)
    QApplication.sendEvent(cat.window, QEvent(QEvent.Type.WindowDeactivate))
    np.testing.assert_array_equal(seen(cat), before)
    cat.click(100, 250)
    assert cat.clicks == [(100, 150, True), (100, 250, True)]


def test_message_on_show_is_dressed_with_the_window(cat: Hands) -> None:
    def lightness() -> float:
        drawn = cat.window.message_bar.close_button.icon().pixmap(24, 24).toImage()
        places = [(x, y) for x in range(drawn.width()) for y in range(drawn.height())]
        return max(drawn.pixelColor(x, y).lightness() for x, y in places if drawn.pixelColor(x, y).alpha() == 255)

    cat.do("theme_light")
    cat.window.problem("The disk is full.", False)
    assert lightness() < 100
    cat.do("theme_dark")
    assert lightness() > 150
    cat.do("theme_light")


def test_what_is_said_before_the_first_photo_is_there_is_seen_upon_it(start: Start, cat_photo: Path) -> None:
    hands = start()
    hands.window.files.open_paths([cat_photo])
    bar = hands.window.message_bar
    # Opening takes back what was said about the photo before.
    hands.window.problem("The disk is full.", False)
    hands.wait_for_photo("cat.png")
    seen_there = hands.window.stack.childAt(bar.geometry().center())
    assert seen_there is not None
    assert bar.isAncestorOf(seen_there)


def test_names_in_messages_are_shown_as_they_are(cat: Hands) -> None:
    """Nothing is taken for HTML: these tags would not be seen."""
    grabbed = []
    for name in ("cat", "<u></u>cat"):
        cat.window.notice(f"There is no “{name}”.")
        QTest.qWait(20)
        grabbed.append(cat.window.message_bar.grab().toImage())
    assert grabbed[0] != grabbed[1]


def test_every_button_tells_its_name_and_key(cat: Hands) -> None:
    bar = cat.window.findChild(QToolBar, "tools")
    assert isinstance(bar, QToolBar)
    actions = [action for action in bar.actions() if not action.isSeparator()]
    assert len(actions) > 10
    for action in actions:
        keys = action.shortcut().toString(action.shortcut().SequenceFormat.NativeText)
        assert keys
        assert f"({keys})" in action.toolTip()
        assert not action.icon().isNull()
    buttons = cat.window.objects_panel.findChildren(QToolButton)
    assert all(each.toolTip() and not each.icon().isNull() for each in buttons)


def test_every_entry_of_a_menu_has_a_letter_of_its_own(cat: Hands) -> None:
    """A letter that two entries share opens neither."""
    menus = [cat.window.menuBar(), *(each for each in cat.window.findChildren(QMenu) if each.title())]
    for menu in menus:
        words = [action.text() for action in menu.actions() if action.text()]
        letters = [re.search("&([^&])", each) for each in words]
        found = [each[1].lower() for each in letters if each is not None]
        assert sorted(set(found)) == sorted(found), words
        assert len(found) == len(words), words


def test_status_bar_tells_position_value_and_label(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    QTest.mouseMove(cat.surface, cat.at(99, 150))
    QTest.mouseMove(cat.surface, cat.at(100, 150))
    bar = cat.window.status_bar
    assert bar.position.text() == "x 150, y 100"
    assert bar.value.text().startswith("RGB ")
    assert bar.label.text() == "object 1 (object)"
    assert bar.engine.text() == "fake on CPU"
    assert bar.extent.text().startswith("451 ")


def test_status_bar_follows_what_changes_under_a_mouse_that_rests(start: Start, folder: Path) -> None:
    hands = start(folder)
    bar = hands.window.status_bar
    for row in (9, 10):
        QTest.mouseMove(hands.surface, hands.at(row, 20))
    assert bar.value.text() == "RGB 20, 0, 0"
    hands.click(10, 20)
    hands.wait_for_mask()
    assert bar.label.text() == "object 1 (object)"
    hands.press(Qt.Key.Key_D)
    hands.wait_for_photo("photo2.png")
    assert (bar.value.text(), bar.label.text()) == ("RGB 40, 0, 0", "")
    hands.press(Qt.Key.Key_A)
    hands.wait_for_photo("photo1.png")
    assert bar.label.text() == "object 1 (object)"
    hands.do("undo")
    hands.do("undo")
    assert bar.label.text() == ""


def test_everything_fits_on_a_small_screen(start: Start, folder: Path, tmp_path: Path) -> None:
    """With the list of photos, and with all that a volume brings."""
    hands = start(folder, write_volume(tmp_path / "scan.nii.gz"))
    hands.wait_for_photo()
    for _ in range(3):
        hands.do("next_photo")
        hands.wait_for_photo()
    assert hands.photo.image is not None
    hands.do("three_planes")
    least = hands.window.minimumSizeHint()
    assert (least.width(), least.height()) <= SMALL_SCREEN
    assert least.height() <= SMALL_SCREEN[1]
    hands.window.resize(*SMALL_SCREEN)
    assert (hands.window.width(), hands.window.height()) == SMALL_SCREEN


def test_photos_fit_on_a_laptop_that_doubles_every_pixel(start: Start, folder: Path) -> None:
    """1920 x 1200 at 200 % are 960 x 600, with the frame of the window."""
    hands = start(folder)
    hands.wait_for_photo()
    hands.window.segmenting.apply(NewClass("a class whose name is much longer than there is room for"))
    hands.click(20, 30)
    hands.wait_for_mask()
    hands.window.segmenting.apply(RenameObject(1, "an object whose name is much longer than there is room for"))
    hands.press(Qt.Key.Key_Space)
    QTest.mouseMove(hands.surface, hands.at(20, 30))
    bar = hands.window.status_bar
    assert bar.label.text().startswith("an object whose name is much longer")
    hands.window.resize(900, 560)
    assert (hands.window.width(), hands.window.height()) == (900, 560)
    QTest.qWait(50)
    # What is short is whole, and what is long ends in dots.
    for field in (bar.extent, bar.zoom, bar.latency):
        assert field.width() >= field.fontMetrics().horizontalAdvance(field.text())
    assert bar.label.width() < bar.label.fontMetrics().horizontalAdvance(bar.label.text())
    assert bar.engine.geometry().right() <= bar.width()


def test_windows_begin_no_larger_than_the_screen(cat: Hands) -> None:
    available = cat.window.screen().availableSize()
    assert cat.window.height() == min(780, round(0.94 * available.height()))
    box = QDialog()
    begin_with(box, 500, 10_000)
    assert (box.width(), box.height()) == (500, round(0.94 * available.height()))


def test_grey_windows_are_for_volumes_only(cat: Hands) -> None:
    (menu,) = (each for each in cat.window.findChildren(QMenu) if each.title() == "Grey &window")
    assert not menu.isEnabled()


@pytest.mark.parametrize("kind", [QRadioButton, QCheckBox])
@pytest.mark.parametrize("name", ["light", "dark"])
def test_boxes_that_are_not_ticked_are_seen(cat: Hands, kind: type[QRadioButton | QCheckBox], name: str) -> None:
    cat.do(f"theme_{name}")
    box = kind("words")
    image = box.grab().toImage()
    ground = image.pixelColor(image.width() - 1, 0).lightness()
    ring = max(abs(image.pixelColor(col, image.height() // 2).lightness() - ground) for col in range(16))
    assert ring > 60
    cat.do("theme_light")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_the_bar_of_slices_is_seen_and_does_not_glare(cat: Hands, name: str) -> None:
    cat.do(f"theme_{name}")
    bar = SliceBar()
    bar.resize(bar.sizeHint())
    image = bar.grab().toImage()
    ground, track = (image.pixelColor(col, image.height() // 4).lightness() for col in (0, image.width() // 2))
    assert 20 < abs(track - ground) < 90
    cat.do("theme_light")

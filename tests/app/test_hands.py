"""Keys, hand editing, the list of objects, and the sliders, through the window."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QInputDialog, QLineEdit, QWidget

from isegformer_app.document.object_edits import NewClass
from isegformer_app.ui.actions import ACTIONS
from isegformer_app.ui.cheat_sheet import CheatSheet
from isegformer_app.ui.keymaps import KEYMAPS

from .conftest import Hands, Start

Left, Right, Middle = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NoKeys = Qt.KeyboardModifier.NoModifier


def drag(hands: Hands, start: tuple[int, int], end: tuple[int, int], button: Qt.MouseButton = Left) -> None:
    canvas = hands.surface
    QTest.mousePress(canvas, button, NoKeys, hands.at(*start))
    QTest.mouseMove(canvas, hands.at(*start) + QPoint(1, 1))
    QTest.mouseMove(canvas, hands.at(*end))
    QTest.mouseRelease(canvas, button, NoKeys, hands.at(*end))


def wheel(hands: Hands, point: QPoint, notches: int, keys: Qt.KeyboardModifier = NoKeys) -> None:
    wheel_over(hands.surface, point, notches, keys)


def wheel_over(widget: QWidget, point: QPoint, notches: int, keys: Qt.KeyboardModifier = NoKeys) -> None:
    place = QPointF(point)
    turned = QPoint(0, 120 * notches)
    none = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(place, widget.mapToGlobal(place), QPoint(), turned, Qt.MouseButton.NoButton, keys, none, False)
    QApplication.sendEvent(widget, event)


def finished(hands: Hands, row: int, col: int) -> None:
    hands.click(row, col)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)


# Hand editing -------------------------------------------------------------------------------------------------------


def test_brush_makes_an_object_and_the_right_button_erases(cat: Hands) -> None:
    cat.press(Qt.Key.Key_B)
    drag(cat, (100, 100), (100, 200))
    painted = cat.area(1)
    assert painted > 1500
    drag(cat, (100, 100), (100, 140), Right)
    assert 0 < cat.area(1) < painted
    cat.do("undo")
    assert cat.area(1) == painted


def test_brush_corrects_the_open_object_in_one_step(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    answered = cat.preview_area
    cat.press(Qt.Key.Key_E)
    drag(cat, (100, 150), (100, 170))
    assert 0 < cat.area(1) < answered
    cat.do("undo")
    assert cat.clicks == [(100, 150, True)]
    assert cat.preview_area == answered


def test_clicks_go_on_from_painted_pixels(cat: Hands) -> None:
    cat.press(Qt.Key.Key_B)
    drag(cat, (100, 100), (100, 200))
    painted = cat.area(1)
    cat.press(Qt.Key.Key_Q)
    cat.click(200, 200)
    cat.wait_for_mask()
    assert cat.engine.predicted[-1].previous is not None
    assert cat.preview_area > painted


def test_lasso_adds_and_cuts(cat: Hands) -> None:
    cat.press(Qt.Key.Key_L)
    canvas = cat.surface

    def ring(button: Qt.MouseButton, corners: list[tuple[int, int]]) -> None:
        QTest.mousePress(canvas, button, NoKeys, cat.at(*corners[0]))
        for corner in corners[1:]:
            QTest.mouseMove(canvas, cat.at(*corner))
        QTest.mouseRelease(canvas, button, NoKeys, cat.at(*corners[-1]))

    ring(Left, [(50, 50), (50, 150), (150, 150), (150, 50)])
    whole = cat.area(1)
    assert whole == pytest.approx(100 * 100, rel=0.05)
    ring(Right, [(50, 50), (50, 100), (150, 100), (150, 50)])
    assert cat.area(1) == pytest.approx(whole / 2, rel=0.05)


def test_polygon_closes_on_enter_and_backspace_takes_a_corner_back(cat: Hands) -> None:
    cat.press(Qt.Key.Key_P)
    for corner in ((50, 50), (50, 150), (20, 400), (150, 150)):
        cat.click(*corner)
        if corner == (20, 400):
            cat.press(Qt.Key.Key_Backspace)
    cat.click(150, 50)
    cat.press(Qt.Key.Key_Return)
    assert cat.area(1) == pytest.approx(100 * 100, rel=0.05)


def test_tidying_changes_the_active_object(cat: Hands) -> None:
    cat.press(Qt.Key.Key_B)
    cat.window.view.set_brush(5)
    for start, end in (((50, 50), (50, 100)), ((50, 100), (100, 100)), ((100, 100), (100, 50)), ((100, 50), (50, 50))):
        drag(cat, start, end)
    drag(cat, (200, 300), (200, 310))
    cat.do("fill_holes")
    key = cat.photo.viewpoint.key
    assert cat.photo.annotation.mask(1, key)[75, 75]
    cat.do("keep_largest")
    assert not cat.photo.annotation.mask(1, key)[200, 305]
    before = cat.area(1)
    cat.do("smooth")
    assert cat.area(1) == pytest.approx(before, rel=0.1)
    cat.do("smooth")
    assert len(cat.photo.annotation.objects) == 1


# Looking ------------------------------------------------------------------------------------------------------------


def test_wheel_zooms_at_the_cursor(cat: Hands) -> None:
    point = cat.at(100, 150)
    before = cat.window.canvas.geometry_of_view
    assert before is not None
    wheel(cat, point, 3)
    after = cat.window.canvas.geometry_of_view
    assert after is not None
    assert after.scale > before.scale
    assert after.pixel_at(point.x(), point.y()) == before.pixel_at(point.x(), point.y())


def test_middle_button_and_space_move_the_photo_and_click_nothing(cat: Hands) -> None:
    wheel(cat, cat.at(150, 225), 5)
    before = cat.window.canvas.geometry_of_view
    assert before is not None
    drag(cat, (150, 225), (140, 215), Middle)
    moved = cat.window.canvas.geometry_of_view
    assert moved is not None
    assert moved.row > before.row
    canvas = cat.window.canvas
    QTest.keyPress(canvas, Qt.Key.Key_Space)
    drag(cat, (150, 225), (140, 215))
    QTest.keyRelease(canvas, Qt.Key.Key_Space)
    again = cat.window.canvas.geometry_of_view
    assert again is not None
    assert again.row > moved.row
    assert cat.photo.annotation.objects == ()
    assert not canvas.is_panning_with_left


def test_right_drag_moves_the_photo_and_clicks_nothing(cat: Hands) -> None:
    wheel(cat, cat.at(150, 225), 5)
    before = cat.window.canvas.geometry_of_view
    assert before is not None
    hand = cat.at(150, 225)
    drag(cat, (150, 225), (140, 215), Right)
    moved = cat.window.canvas.geometry_of_view
    assert moved is not None
    assert moved.pixel_at(hand.x(), hand.y()) == (160, 235)
    assert cat.photo.annotation.objects == ()
    cat.right_click(150, 225)
    assert cat.clicks == [(150, 225, False)]


def test_second_of_two_quick_drags_moves_the_photo_too(cat: Hands) -> None:
    wheel(cat, cat.at(150, 225), 5)
    for button in (Middle, Right):
        drag(cat, (150, 225), (140, 215), button)
        before = cat.window.canvas.geometry_of_view
        assert before is not None
        place = cat.at(150, 225)
        # What the window system sends for the second press; QTest would let go of the button again.
        at, kind = QPointF(place), QEvent.Type.MouseButtonDblClick
        QApplication.sendEvent(cat.surface, QMouseEvent(kind, at, cat.surface.mapToGlobal(at), button, button, NoKeys))
        QTest.mouseMove(cat.surface, place + QPoint(20, 0))
        QTest.mouseRelease(cat.surface, button, NoKeys, place + QPoint(20, 0))
        after = cat.window.canvas.geometry_of_view
        assert after is not None
        assert after.col < before.col


def test_right_drag_with_the_brush_still_erases(cat: Hands) -> None:
    cat.press(Qt.Key.Key_B)
    before = cat.window.canvas.geometry_of_view
    drag(cat, (100, 100), (100, 200))
    painted = cat.area(1)
    drag(cat, (100, 100), (100, 140), Right)
    assert 0 < cat.area(1) < painted
    assert cat.window.canvas.geometry_of_view == before


def test_ring_of_the_brush_leaves_with_the_cursor(cat: Hands) -> None:
    canvas = cat.window.canvas
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    cat.press(Qt.Key.Key_B)
    clear = canvas.grab().toImage()
    QTest.mouseMove(cat.surface, cat.at(99, 150))
    QTest.mouseMove(cat.surface, cat.at(100, 150))
    assert canvas.grab().toImage() != clear
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    assert canvas.grab().toImage() == clear


def test_ring_of_the_brush_is_there_with_the_brush(cat: Hands) -> None:
    """The mouse shows no arrow then: without the ring nobody would know where it is."""
    cat.do("crosshair")
    canvas = cat.window.canvas
    for row in (99, 100):
        QTest.mouseMove(cat.surface, cat.at(row, 150))
    clear = canvas.grab().toImage()
    for key in (Qt.Key.Key_B, Qt.Key.Key_E, Qt.Key.Key_E):
        cat.press(key)
        assert canvas.grab().toImage() != clear
    cat.press(Qt.Key.Key_Q)
    assert canvas.grab().toImage() == clear


def test_files_dragged_over_the_canvas_reach_the_window(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    files = QMimeData()
    files.setUrls([QUrl.fromLocalFile(str(cat.photo.path))])
    drag = QDragEnterEvent(QPoint(50, 50), Qt.DropAction.CopyAction, files, Left, NoKeys)
    drag.ignore()
    warmed = threading.Event()
    monkeypatch.setattr("isegformer_app.ui.file_desk.warm_up", warmed.set)
    QApplication.sendEvent(cat.surface, drag)
    assert drag.isAccepted()
    assert warmed.wait(60)


def test_fit_and_actual_size(cat: Hands) -> None:
    canvas = cat.window.canvas
    wheel(cat, cat.at(150, 225), 5)
    cat.do("actual_size")
    view = canvas.geometry_of_view
    assert view is not None
    assert view.scale * canvas.devicePixelRatioF() == pytest.approx(1)
    assert cat.window.status_bar.zoom.text() == "100 %"
    cat.press(Qt.Key.Key_F)
    assert canvas.geometry_of_view == view.fitted()
    cat.press(Qt.Key.Key_F)
    assert canvas.geometry_of_view == view


def test_alt_wheel_turns_the_opacity(cat: Hands) -> None:
    before = cat.window.settings.opacity
    wheel(cat, cat.at(100, 100), -1, Qt.KeyboardModifier.AltModifier)
    assert cat.window.settings.opacity == pytest.approx(before - 0.1)
    assert cat.window.adjust_panel.opacity.value() == round(100 * before) - 10


def test_overlay_is_painted_and_peeking_hides_it(cat: Hands) -> None:
    finished(cat, 100, 150)
    canvas, point = cat.window.canvas, cat.at(100, 150)

    def colour() -> tuple[int, int, int]:
        seen = canvas.grab().toImage().pixelColor(point)
        return seen.red(), seen.green(), seen.blue()

    cat.window.settings.opacity = 1.0
    cat.window.view.recolour()
    assert colour() == cat.photo.annotation.objects[0].colour
    QTest.keyPress(canvas, Qt.Key.Key_S)
    assert colour() != cat.photo.annotation.objects[0].colour
    QTest.keyRelease(canvas, Qt.Key.Key_S)
    cat.window.view.set_overlay_shown(True)
    assert colour() == cat.photo.annotation.objects[0].colour


def test_the_wheel_beside_the_canvas_chooses_nothing(cat: Hands) -> None:
    """Neither another class for the object nor another rule for overlaps, by a hand that meant to zoom."""
    cat.window.segmenting.apply(NewClass("dog"))
    finished(cat, 100, 150)
    boxes = [each for each in cat.window.findChildren(QComboBox) if each.count() > 1]
    assert len(boxes) > 4
    before = cat.photo.annotation.objects, [each.currentText() for each in boxes]
    for box in boxes:
        for notches in (-1, 1):
            wheel_over(box, QPoint(5, 5), notches)
            assert (cat.photo.annotation.objects, [each.currentText() for each in boxes]) == before


# Objects and classes ------------------------------------------------------------------------------------------------


def test_list_renames_hides_locks_and_orders(cat: Hands) -> None:
    finished(cat, 100, 100)
    finished(cat, 200, 300)
    panel, tree = cat.window.objects_panel, cat.window.objects_panel.tree
    first = tree.topLevelItem(0)
    assert first is not None
    tree.setCurrentItem(first)
    assert cat.window.segmenting.active is not None
    first.setText(1, "left eye")
    assert cat.photo.annotation.objects[0].name == "left eye"
    cat.press(Qt.Key.Key_H)
    assert not cat.photo.annotation.objects[0].is_visible
    cat.press(Qt.Key.Key_K)
    assert cat.photo.annotation.objects[0].is_locked
    cat.press(Qt.Key.Key_Delete)
    assert "locked" in cat.window.message_bar.text
    cat.do("move_down")
    assert [each.id for each in cat.photo.annotation.objects] == [2, 1]
    assert panel.tree.topLevelItemCount() == 2


def test_empty_name_is_refused_and_the_old_one_shown(cat: Hands) -> None:
    finished(cat, 100, 100)
    item = cat.window.objects_panel.tree.topLevelItem(0)
    assert item is not None
    item.setText(1, "  ")
    assert item.text(1) == "object 1"
    assert "at least one letter" in cat.window.message_bar.text


def test_classes_are_made_picked_by_digit_and_given(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *_args, **_options: ("ear", True))
    cat.window.objects.add_class()
    finished(cat, 100, 100)
    assert cat.photo.annotation.objects[0].name == "ear 1"
    cat.press(Qt.Key.Key_1)
    finished(cat, 200, 300)
    assert cat.photo.annotation.objects[1].name == "object 2"
    cat.window.objects.choose(2)
    cat.press(Qt.Key.Key_2)
    assert cat.photo.annotation.objects[1].name == "ear 2"


def test_letters_are_inert_while_somebody_types(cat: Hands) -> None:
    field = QLineEdit(cat.window)
    field.show()
    cat.window.activateWindow()
    field.setFocus()
    cat.qtbot.waitUntil(lambda: QApplication.focusWidget() is field)
    QTest.keyClicks(field, "bed n")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.text() == "bed n"
    assert cat.window.canvas.tool is cat.window.canvas.points
    override = QKeyEvent(QEvent.Type.ShortcutOverride, Qt.Key.Key_Return, NoKeys)
    override.ignore()
    QApplication.sendEvent(field, override)
    assert override.isAccepted()


# The table of actions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", KEYMAPS)
def test_no_key_means_two_things(preset: str) -> None:
    keys = [key for spec in ACTIONS for key in KEYMAPS[preset].get(spec.name, spec.keys)]
    taken = [*keys, "Space", "S", *(str(number) for number in range(1, 10))]
    assert sorted(set(taken)) == sorted(taken)


def test_every_action_is_in_a_menu(cat: Hands) -> None:
    def entries(bar_or_menu: object) -> set[str]:
        found: set[str] = set()
        for action in bar_or_menu.actions():  # type: ignore[attr-defined]
            found |= entries(action.menu()) if action.menu() else {action.objectName()}
        return found

    assert {spec.name for spec in ACTIONS} <= entries(cat.window.menuBar())


def test_cheat_sheet_is_searchable(cat: Hands) -> None:
    sheet = CheatSheet(cat.window.actions_by_name, cat.window)
    sheet.search.setText("undo")
    shown = []
    for index in range(sheet.list.topLevelItemCount()):
        group = sheet.list.topLevelItem(index)
        assert group is not None
        lines = [group.child(place) for place in range(group.childCount())]
        shown += [line.text(0) for line in lines if line is not None and not line.isHidden()]
    assert shown == ["Undo"]
    sheet.deleteLater()


@pytest.mark.parametrize("theme", ["light", "dark", "system"])
def test_themes_and_settings_are_kept(start: Start, cat_photo: Path, theme: str) -> None:
    hands = start(cat_photo)
    hands.do(f"theme_{theme}")
    hands.window.adjust_panel.threshold.setValue(60)
    hands.window.close()
    again = start(cat_photo)
    assert again.window.settings.theme == theme
    assert again.window.segmenting.threshold == pytest.approx(0.6)

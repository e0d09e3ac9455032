"""Markers of clicks: dragged, flipped and removed, and the mask follows."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from .conftest import Hands

Left = Qt.MouseButton.LeftButton


def test_dragging_a_marker_moves_the_click(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    canvas = cat.surface
    QTest.mousePress(canvas, Left, pos=cat.at(100, 150))
    QTest.mouseMove(canvas, cat.at(150, 200))
    QTest.mouseRelease(canvas, Left, pos=cat.at(200, 250))
    cat.wait_for_mask()
    assert cat.clicks == [(200, 250, True)]
    assert cat.window.labels.plane is not None
    assert cat.window.labels.plane[200, 250] == 1
    assert cat.window.labels.plane[100, 150] == 0


def test_ctrl_click_flips_and_alt_click_removes(cat: Hands) -> None:
    cat.click(100, 150)
    cat.click(100, 250)
    canvas = cat.surface
    QTest.mouseClick(canvas, Left, Qt.KeyboardModifier.ControlModifier, cat.at(100, 250))
    assert cat.clicks == [(100, 150, True), (100, 250, False)]
    QTest.mouseClick(canvas, Left, Qt.KeyboardModifier.AltModifier, cat.at(100, 150))
    assert cat.clicks == [(100, 250, False)]


def test_delete_takes_the_hovered_click_else_the_object(cat: Hands) -> None:
    cat.click(100, 150)
    cat.click(100, 250)
    QTest.mouseMove(cat.surface, cat.at(99, 150))
    QTest.mouseMove(cat.surface, cat.at(100, 150))
    cat.press(Qt.Key.Key_Delete)
    assert cat.clicks == [(100, 250, True)]
    QTest.mouseMove(cat.surface, cat.at(20, 20))
    cat.press(Qt.Key.Key_Delete)
    assert cat.photo.annotation.objects == ()


def test_a_marker_that_was_just_put_down_is_under_the_cursor(cat: Hands) -> None:
    cat.click(100, 150)
    QTest.mouseMove(cat.surface, cat.at(99, 250))
    QTest.mouseMove(cat.surface, cat.at(100, 250))
    cat.click(100, 250)
    cat.press(Qt.Key.Key_I)
    assert cat.clicks == [(100, 150, True), (100, 250, False)]
    QTest.mousePress(cat.surface, Left, pos=cat.at(100, 250))
    QTest.mouseMove(cat.surface, cat.at(150, 200))
    QTest.mouseMove(cat.surface, cat.at(200, 250))
    QTest.mouseRelease(cat.surface, Left, pos=cat.at(200, 250))
    assert cat.clicks == [(100, 150, True), (200, 250, False)]
    cat.press(Qt.Key.Key_Delete)
    assert cat.clicks == [(100, 150, True)]


def test_a_marker_is_under_the_cursor_of_the_tool_for_points_only(cat: Hands) -> None:
    cat.click(100, 150)
    for row in (99, 100):
        QTest.mouseMove(cat.surface, cat.at(row, 150))
    cat.do("brush")
    QTest.mouseMove(cat.surface, cat.at(20, 20))
    cat.press(Qt.Key.Key_I)
    assert cat.clicks == [(100, 150, True)]
    QTest.mouseMove(cat.surface, cat.at(100, 150))
    cat.do("points")
    cat.press(Qt.Key.Key_I)
    assert cat.clicks == [(100, 150, False)]


def test_finished_object_is_reopened_with_its_clicks(cat: Hands) -> None:
    cat.click(100, 150)
    cat.click(100, 200)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    area = cat.area(1)
    cat.do("reopen")
    assert cat.clicks == [(100, 150, True), (100, 200, True)]
    cat.right_click(100, 210)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    assert 0 < cat.area(1) < area

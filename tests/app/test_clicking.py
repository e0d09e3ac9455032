"""From a click to an accepted mask, through the window and the real worker."""

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from isegformer_app.document import OverlapRule
from isegformer_app.inference import EngineError, FakeEngine

from .conftest import Hands, Start

Left = Qt.MouseButton.LeftButton


def test_left_click_answers_with_a_mask(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    assert cat.clicks == [(100, 150, True)]
    assert cat.window.labels.plane is not None
    assert cat.window.labels.plane[100, 150] == 1
    assert cat.window.labels.plane[100, 180] == 0
    assert "ms" in cat.window.status_bar.latency.text()


def test_right_click_takes_away(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    whole = cat.preview_area
    cat.right_click(100, 160)
    cat.wait_for_mask()
    assert cat.preview_area < whole
    assert [is_positive for _, _, is_positive in cat.clicks] == [True, False]


def test_shift_and_flipped_sign_mean_the_opposite(cat: Hands) -> None:
    cat.click(100, 150, shift=True)
    cat.press(Qt.Key.Key_T)
    cat.click(110, 150)
    cat.click(120, 150, shift=True)
    cat.right_click(130, 150)
    assert [is_positive for _, _, is_positive in cat.clicks] == [False, False, True, True]


def test_press_that_wanders_off_is_no_click(cat: Hands) -> None:
    canvas, start = cat.surface, cat.at(100, 150)
    QTest.mousePress(canvas, Left, pos=start)
    QTest.mouseRelease(canvas, Left, pos=start + QPoint(4, 0))
    assert cat.clicks == []
    QTest.mousePress(canvas, Left, pos=start)
    QTest.mouseRelease(canvas, Left, pos=start + QPoint(3, 0))
    assert cat.clicks == [(100, 150, True)]


def test_two_quick_clicks_are_two_clicks(cat: Hands) -> None:
    canvas = cat.surface
    cat.click(100, 150)
    QTest.mouseDClick(canvas, Left, pos=cat.at(100, 152))
    QTest.mouseRelease(canvas, Left, pos=cat.at(100, 152))
    assert len(cat.clicks) == 2


def test_undo_and_redo_of_clicks_answer_without_asking_again(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    first = cat.preview_area
    cat.click(100, 200)
    cat.wait_for_mask()
    both, asked = cat.preview_area, len(cat.engine.predicted)
    cat.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert cat.preview_area == first
    cat.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert cat.preview_area == both
    assert len(cat.engine.predicted) == asked


def test_undo_takes_everything_back_and_redo_brings_it(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    area = cat.area(1)
    assert area > 0
    for _ in range(2):
        cat.do("undo")
    assert cat.photo.annotation.objects == ()
    assert not cat.window.actions_by_name["undo"].isEnabled()
    for _ in range(2):
        cat.do("redo")
    assert cat.area(1) == area
    assert not cat.window.actions_by_name["redo"].isEnabled()


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_N])
def test_finishing_starts_the_next_object(cat: Hands, key: Qt.Key) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.press(key)
    assert cat.window.segmenting.active is None
    cat.click(200, 300)
    cat.wait_for_mask()
    cat.press(key)
    assert [each.name for each in cat.photo.annotation.objects] == ["object 1", "object 2"]
    assert cat.area(1) > 0
    assert cat.area(2) > 0
    assert cat.window.objects_panel.tree.topLevelItemCount() == 2


def test_finishing_before_the_answer_keeps_the_object(start: Start, cat_photo: Path) -> None:
    gate = threading.Event()
    cat = start(cat_photo, engine=FakeEngine(script=[gate]))
    cat.click(100, 100)
    cat.press(Qt.Key.Key_Space)
    assert cat.area(1) == 0
    gate.set()
    cat.wait_until(lambda: cat.area(1) > 0)
    assert not cat.photo.annotation.objects[0].prompt(cat.photo.viewpoint.key).is_open


def test_keeping_existing_objects_is_the_rule(cat: Hands) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    area = cat.area(1)
    cat.click(100, 130)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    assert cat.area(1) == area
    assert 0 < cat.area(2) < area


def test_stale_answer_is_dropped(start: Start, cat_photo: Path) -> None:
    """Three clicks during one slow answer: nothing older than the newest prompt is ever drawn."""
    gate = threading.Event()
    cat = start(cat_photo, engine=FakeEngine(script=[gate]))
    cat.click(100, 100)
    cat.engine.started.acquire()
    cat.click(100, 300)
    cat.click(200, 300)
    cat.do("undo")
    cat.do("undo")
    cat.do("undo")
    assert cat.photo.annotation.objects == ()
    gate.set()
    cat.click(50, 50)
    cat.wait_for_mask()
    assert cat.window.labels.plane is not None
    assert cat.window.labels.plane[50, 50] != 0
    assert cat.window.labels.plane[100, 100] == 0


def test_newest_of_many_clicks_wins(start: Start, cat_photo: Path) -> None:
    gate = threading.Event()
    cat = start(cat_photo, engine=FakeEngine(script=[gate]))
    cat.click(100, 100)
    cat.engine.started.acquire()
    for col in range(120, 300, 20):
        cat.click(150, col)
    gate.set()
    cat.wait_for_mask()
    assert len(cat.clicks) == 10
    assert len(cat.engine.predicted) == 2
    assert len(cat.engine.predicted[-1].clicks) == 10


def test_error_reaches_the_message_bar_and_can_be_retried(start: Start, cat_photo: Path) -> None:
    cat = start(cat_photo, engine=FakeEngine(script=[EngineError("The memory is full; close something.")]))
    bar = cat.window.message_bar
    cat.click(100, 150)
    cat.wait_until(lambda: bar.text == "The memory is full; close something.")
    assert len(cat.clicks) == 1
    assert cat.window.segmenting.preview is None
    QTest.mouseClick(bar.retry_button, Left)
    cat.wait_for_mask()
    assert bar.text == ""


@pytest.mark.parametrize("is_finished", [True, False])
def test_photo_whose_mask_fails_can_be_left(start: Start, folder: Path, is_finished: bool) -> None:
    """The clicks stay, to be asked again; nothing waits for a mask that does not come."""
    hands = start(folder, engine=FakeEngine(script=[EngineError("The memory is full.")]))
    hands.click(20, 30)
    if is_finished:
        hands.press(Qt.Key.Key_Space)
    hands.wait_until(lambda: "The memory is full." in hands.window.message_bar.text)
    hands.do("next_photo")
    hands.wait_for_photo("photo2.png")
    hands.do("previous_photo")
    hands.wait_for_photo("photo1.png")
    hands.window.segmenting.select(1)
    assert hands.clicks == [(20, 30, True)]
    hands.wait_for_mask()
    assert hands.preview_area > 0


def test_next_click_also_asks_again_after_an_error(start: Start, cat_photo: Path) -> None:
    cat = start(cat_photo, engine=FakeEngine(script=[EngineError("No.")]))
    cat.click(100, 150)
    cat.wait_until(lambda: cat.window.message_bar.text == "No.")
    cat.click(100, 200)
    cat.wait_for_mask()
    assert cat.window.message_bar.text == ""


def test_clicks_made_while_the_network_loads_are_answered(start: Start, cat_photo: Path) -> None:
    gate = threading.Event()
    cat = start(cat_photo, engine=FakeEngine(load_script=[gate]))
    cat.click(100, 150)
    cat.click(100, 200)
    assert cat.window.segmenting.is_waiting
    gate.set()
    cat.wait_for_mask()
    assert len(cat.engine.predicted[-1].clicks) == 2


def test_escape_drops_the_clicks_and_can_be_undone(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Escape)
    assert cat.photo.annotation.objects == ()
    cat.do("undo")
    assert len(cat.clicks) == 1


def test_backspace_removes_the_last_click(cat: Hands) -> None:
    cat.click(100, 150)
    cat.click(100, 200)
    cat.press(Qt.Key.Key_Backspace)
    assert cat.clicks == [(100, 150, True)]


def test_threshold_acts_on_the_open_object_without_asking(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    asked, area = len(cat.engine.predicted), cat.preview_area
    cat.window.adjust_panel.threshold.setValue(95)
    assert cat.preview_area == 0
    cat.window.adjust_panel.threshold.setValue(49)
    assert cat.preview_area == area
    assert len(cat.engine.predicted) == asked


def test_mask_that_is_wholly_covered_is_told_and_shown_by_another_rule(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    cat.click(100, 150)
    cat.wait_for_mask()
    assert "Overwrite others" in cat.window.message_bar.text
    cat.window.view.set_rule(OverlapRule.OVERWRITE)
    assert cat.window.labels.plane is not None
    assert cat.window.labels.plane[100, 150] == 2


def test_stroke_that_is_wholly_covered_is_told_and_makes_no_object(cat: Hands) -> None:
    cat.click(100, 150)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space)
    cat.window.view.set_brush(2)
    cat.do("brush")

    def stroke(row: int, col: int) -> None:
        QTest.mousePress(cat.surface, Left, pos=cat.at(row, col))
        QTest.mouseRelease(cat.surface, Left, pos=cat.at(row, col))

    stroke(100, 150)
    assert [each.id for each in cat.photo.annotation.objects] == [1]
    assert "wholly on other objects" in cat.window.message_bar.text
    cat.window.segmenting.rule = OverlapRule.ALLOW
    stroke(100, 150)
    assert cat.area(2) > 0
    # Upon itself nothing is told; upon others alone it is.
    cat.window.segmenting.rule = OverlapRule.KEEP
    cat.window.message_bar.clear()
    stroke(100, 150)
    assert cat.window.message_bar.text == ""
    stroke(110, 150)
    assert "wholly on other objects" in cat.window.message_bar.text


def test_part_is_accepted_and_the_same_object_goes_on(cat: Hands) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.press(Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    part = cat.area(1)
    assert part > 0
    assert cat.clicks == []
    cat.click(200, 300)
    cat.wait_for_mask()
    assert cat.engine.predicted[-1].previous is not None
    cat.press(Qt.Key.Key_Space)
    assert [each.id for each in cat.photo.annotation.objects] == [1]
    assert cat.area(1) > part
    for _ in range(3):
        cat.do("undo")
    assert cat.area(1) == 0
    assert cat.clicks == [(100, 100, True)]


def test_accepting_a_part_without_a_mask_says_what_to_do(cat: Hands) -> None:
    cat.press(Qt.Key.Key_Space, Qt.KeyboardModifier.ShiftModifier)
    assert "click on the object first" in cat.window.message_bar.text
    assert cat.photo.annotation.objects == ()

"""An object is carried to the next slice: what is proposed, accepted, dropped, refused."""

import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from isegformer_app.document import Origin, SliceKey
from isegformer_app.inference import FakeEngine

from .carrying import SHIFT, Mask, filled, go_to, mask, moved, origin, press, probability, wait_for_end, with_object
from .conftest import Hands, Start
from .volumes import click, turn, write_volume


@pytest.fixture
def hands(start: Start, tmp_path: Path) -> Hands:
    return with_object(start, tmp_path)


def test_g_proposes_on_the_next_slice_and_space_accepts(hands: Hands) -> None:
    press(hands, Qt.Key.Key_G)
    assert hands.photo.viewpoint.key.index == 11
    assert filled(hands) == [10]
    preview = hands.window.segmenting.preview
    assert preview is not None
    np.testing.assert_array_equal(preview.full((40, 30)), np.roll(mask(hands, 10), 1, axis=1))
    hands.press(Qt.Key.Key_Space)
    assert filled(hands) == [10, 11]
    assert origin(hands, 11) is Origin.HAND
    hands.do("undo")
    hands.do("undo")
    assert filled(hands) == [10]
    assert not hands.photo.annotation.objects[0].prompt(SliceKey(0, 11)).is_open


@pytest.mark.parametrize("again", [Qt.KeyboardModifier.NoModifier, SHIFT])
def test_g_pressed_again_before_the_answer_changes_nothing(hands: Hands, again: Qt.KeyboardModifier) -> None:
    answer = threading.Event()

    def late(before: Mask, index: int) -> NDArray[np.float32]:
        assert answer.wait(20)
        return moved(before, index)

    hands.engine.carried = late
    hands.press(Qt.Key.Key_G)
    hands.press(Qt.Key.Key_G, again)
    assert hands.window.message_bar.text.startswith("Carrying object 1 to slice 12")
    answer.set()
    wait_for_end(hands)
    assert hands.photo.viewpoint.key.index == 11
    assert hands.window.segmenting.preview is not None


def test_a_proposal_is_corrected_with_clicks(hands: Hands) -> None:
    press(hands, Qt.Key.Key_G)
    click(hands, 0, 30, 20)
    hands.wait_until(lambda: hands.window.segmenting.preview is not None)
    hands.press(Qt.Key.Key_Space)
    assert mask(hands, 11)[30, 20]
    assert mask(hands, 11)[20, 13]
    assert len(hands.photo.annotation.objects) == 1


def test_a_dropped_proposal_leaves_nothing_behind(hands: Hands) -> None:
    press(hands, Qt.Key.Key_G)
    hands.press(Qt.Key.Key_Escape)
    assert filled(hands) == [10]
    assert SliceKey(0, 11) not in hands.photo.annotation.objects[0].prompts
    click(hands, 0, 5, 5)
    assert len(hands.photo.annotation.objects) == 2


def test_g_goes_on_in_the_direction_last_gone_and_shift_g_turns(hands: Hands) -> None:
    turn(hands.window.planes.active, -1)
    turn(hands.window.planes.active, 1)
    turn(hands.window.planes.active, -1)
    turn(hands.window.planes.active, 1)
    press(hands, Qt.Key.Key_G, SHIFT)
    assert hands.photo.viewpoint.key.index == 9
    press(hands, Qt.Key.Key_G)
    press(hands, Qt.Key.Key_G)
    assert hands.photo.viewpoint.key.index == 7
    assert filled(hands) == [8, 9, 10]
    assert origin(hands, 8) is Origin.CARRIED
    known = [each.image_key.split("|")[-3] for each in hands.engine.predicted[-1].known]
    assert known == ["10", "9", "8"]


def test_g_does_not_touch_a_slice_that_has_the_object(hands: Hands) -> None:
    go_to(hands, 11)
    hands.window.segmenting.select_quietly(1)
    click(hands, 0, 30, 20)
    hands.press(Qt.Key.Key_Space)
    before = mask(hands, 11)
    go_to(hands, 9)
    go_to(hands, 10)
    press(hands, Qt.Key.Key_G)
    assert hands.photo.viewpoint.key.index == 11
    np.testing.assert_array_equal(mask(hands, 11), before)
    assert "already" in hands.window.message_bar.text


def test_what_cannot_be_carried_is_told(hands: Hands) -> None:
    go_to(hands, 3)
    press(hands, Qt.Key.Key_G)
    assert "Choose an object" in hands.window.message_bar.text
    hands.window.segmenting.select_quietly(1)
    press(hands, Qt.Key.Key_G)
    assert "has no pixels on this slice" in hands.window.message_bar.text
    assert hands.photo.viewpoint.key.index == 3


def test_a_mask_under_way_is_waited_for(start: Start, tmp_path: Path) -> None:
    gate = threading.Event()
    hands = start(write_volume(tmp_path / "volume.nii"), engine=FakeEngine(radius=4, script=[gate]))
    hands.wait_for_photo()
    hands.do("axial")
    hands.click(20, 12)
    hands.press(Qt.Key.Key_G)
    assert "Wait for the mask" in hands.window.message_bar.text
    gate.set()
    hands.wait_for_mask()
    press(hands, Qt.Key.Key_G)
    assert hands.preview_area > 0
    assert len(filled(hands)) == 1


def test_a_doubtful_proposal_is_told_and_marked_until_it_is_accepted(hands: Hands) -> None:
    hands.engine.carried = lambda mask, _: probability(~mask)
    press(hands, Qt.Key.Key_G)
    assert "much larger" in hands.window.message_bar.text
    bar = hands.window.planes.panes[0].bar
    assert bar.doubtful == (11,)
    assert "12" in bar.toolTip()
    assert hands.window.planes.panes[0]._marks.title.endswith("12 / 20   look at object 1")
    press(hands, Qt.Key.Key_G)
    assert "Look at object 1 here first" in hands.window.message_bar.text
    assert hands.photo.viewpoint.key.index == 11
    go_to(hands, 14)
    assert filled(hands) == [10]
    hands.do("next_doubtful")
    assert hands.photo.viewpoint.key.index == 11
    hands.press(Qt.Key.Key_Space)
    assert filled(hands) == [10, 11]
    assert not bar.doubtful

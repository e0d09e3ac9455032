"""An object is carried through many slices: kept, left alone, stopped at, ended, undone and saved."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from isegformer_app.document import Origin
from isegformer_app.inference import FakeEngine

from .carrying import (
    Mask,
    carry_through,
    filled,
    go_to,
    mask,
    moved,
    origin,
    probability,
    wait_for_end,
    with_object,
)
from .conftest import Hands, Start
from .test_recovery import save_to
from .volumes import click, write_volume


@pytest.fixture
def hands(start: Start, tmp_path: Path) -> Hands:
    return with_object(start, tmp_path)


def test_a_chain_goes_both_ways_and_is_one_step(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_through(hands, 7, 13, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == list(range(7, 14))
    np.testing.assert_array_equal(mask(hands, 13), np.roll(mask(hands, 10), 3, axis=1))
    np.testing.assert_array_equal(mask(hands, 7), np.roll(mask(hands, 10), 3, axis=1))
    assert "slices 8 to 10, 12 to 14" in hands.window.message_bar.text
    assert hands.photo.annotation.history.undo_title == "Carry through slices"
    hands.do("undo")
    assert filled(hands) == [10]
    hands.do("redo")
    assert filled(hands) == list(range(7, 14))


def test_it_stops_where_the_mask_is_in_doubt(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.engine.carried = lambda mask, index: probability(~mask) if index == 13 else moved(mask, index)
    carry_through(hands, 10, 19, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == [10, 11, 12]
    assert "stopped at slice 14: the mask is much larger than before" in hands.window.message_bar.text
    assert hands.photo.viewpoint.key.index == 13
    assert hands.preview_area > 500
    assert hands.window.planes.panes[0].bar.doubtful == (13,)
    hands.press(Qt.Key.Key_Escape)
    assert not hands.window.planes.panes[0].bar.doubtful
    assert filled(hands) == [10, 11, 12]


def test_a_weak_mask_is_written_and_marked_until_it_is_accepted(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def weak(mask: Mask, index: int) -> NDArray[np.float32]:
        found = moved(mask, index)
        found[0, :27] = 0.4 if index == 12 else 0.02
        return found

    hands.engine.carried = weak
    carry_through(hands, 10, 14, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == [10, 11, 12, 13, 14]
    bar = hands.window.planes.panes[0].bar
    assert bar.doubtful == (12,)
    assert "Look at slice 13, marked amber" in hands.window.message_bar.text
    before = mask(hands, 12)
    hands.do("next_doubtful")
    assert hands.photo.viewpoint.key.index == 12
    hands.press(Qt.Key.Key_Space)
    assert not bar.doubtful
    np.testing.assert_array_equal(mask(hands, 12), before)
    assert origin(hands, 12) is Origin.HAND


def test_it_stops_where_the_object_ends(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.engine.carried = lambda mask, index: probability(mask & (index < 13))
    carry_through(hands, 10, 19, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == [10, 11, 12]
    assert "stopped at slice 14: the object was not found there" in hands.window.message_bar.text
    assert not hands.window.planes.panes[0].bar.doubtful
    assert not hands.window.segmenting.prompt.is_open


def test_key_slices_stay_and_are_set_out_from(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    go_to(hands, 14)
    hands.window.segmenting.select_quietly(1)
    click(hands, 0, 30, 20)
    hands.press(Qt.Key.Key_Space)
    by_hand = mask(hands, 14)
    go_to(hands, 10)
    carry_through(hands, 9, 16, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == list(range(9, 17))
    np.testing.assert_array_equal(mask(hands, 14), by_hand)
    np.testing.assert_array_equal(mask(hands, 12), np.roll(mask(hands, 10), 2, axis=1))
    np.testing.assert_array_equal(mask(hands, 13), np.roll(by_hand, 1, axis=1))
    np.testing.assert_array_equal(mask(hands, 16), np.roll(by_hand, 2, axis=1))


def test_what_was_carried_is_carried_anew(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_through(hands, 10, 13, monkeypatch)
    wait_for_end(hands)
    hands.engine.carried = lambda mask, _: probability(np.roll(mask, -1, axis=1))
    go_to(hands, 10)
    carry_through(hands, 10, 13, monkeypatch)
    wait_for_end(hands)
    np.testing.assert_array_equal(mask(hands, 13), np.roll(mask(hands, 10), -3, axis=1))


def test_other_objects_keep_their_pixels(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    go_to(hands, 12)
    click(hands, 0, 20, 16)
    hands.press(Qt.Key.Key_Space)
    other = mask(hands, 12, 2)
    go_to(hands, 10)
    carry_through(hands, 10, 14, monkeypatch)
    wait_for_end(hands)
    np.testing.assert_array_equal(mask(hands, 12, 2), other)
    assert mask(hands, 12).any()
    assert not (mask(hands, 12) & other).any()


def held_at(step: int) -> tuple[FakeEngine, threading.Event]:
    """An engine that waits before its prediction of that number."""
    gate = threading.Event()
    engine = FakeEngine(radius=4, script=[None] * step + [gate])
    engine.carried = moved
    return engine, gate


def begun(start: Start, path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Hands, threading.Event]:
    """A chain from slice 10 on that waits for its third slice."""
    engine, gate = held_at(3)
    hands = start(write_volume(path), engine=engine)
    hands.wait_for_photo()
    hands.do("axial")
    go_to(hands, 10)
    click(hands, 0, 20, 12)
    hands.press(Qt.Key.Key_Space)
    carry_through(hands, 10, 19, monkeypatch)
    hands.wait_until(lambda: len(engine.predicted) == 4)
    hands.wait_until(lambda: hands.photo.viewpoint.key.index == 12)
    return hands, gate


def escape(hands: Hands) -> None:
    hands.press(Qt.Key.Key_Escape)


def click_beside(hands: Hands) -> None:
    hands.click(5, 5)


def close_message(hands: Hands) -> None:
    hands.window.message_bar.close_button.click()


@pytest.mark.parametrize("end", [escape, click_beside, close_message])
def test_a_click_or_escape_ends_it_and_what_was_made_is_kept(
    end: Callable[[Hands], None], start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, gate = begun(start, tmp_path / "volume.nii", monkeypatch)
    assert "slice 14 (3 of 9" in hands.window.message_bar.text
    assert hands.window.planes.panes[0].labels.plane is not None
    assert (hands.window.planes.panes[0].labels.plane == 1).any()
    assert filled(hands) == [10]
    end(hands)
    assert not hands.window.carry.carrying.is_under_way
    gate.set()
    assert filled(hands) == [10, 11, 12]
    assert hands.photo.viewpoint.key.index == 12
    if end is click_beside:
        hands.wait_for_mask()
        assert hands.clicks == [(5, 5, True)]
        hands.do("undo")
    hands.do("undo")
    assert filled(hands) == [10]


def test_looking_at_another_slice_does_not_end_it(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands, gate = begun(start, tmp_path / "volume.nii", monkeypatch)
    go_to(hands, 2)
    gate.set()
    wait_for_end(hands)
    assert hands.photo.viewpoint.key.index == 2
    assert filled(hands) == list(range(10, 20))


def test_a_failure_keeps_what_was_made(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(mask: Mask, index: int) -> NDArray[np.float32]:
        if index == 13:
            raise ValueError("trouble")
        return moved(mask, index)

    hands.engine.carried = fail
    carry_through(hands, 10, 19, monkeypatch)
    wait_for_end(hands)
    assert filled(hands) == [10, 11, 12]
    assert "unexpected error" in hands.window.message_bar.text


def test_doubts_and_carried_slices_are_saved(
    hands: Hands, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.engine.carried = lambda mask, index: probability(~mask) if index == 13 else moved(mask, index)
    carry_through(hands, 10, 19, monkeypatch)
    wait_for_end(hands)
    target = tmp_path / "work.isegformer"
    assert save_to(hands, target, monkeypatch)
    hands.wait_until(lambda: not hands.window.isWindowModified())
    assert hands.window.close()
    again = start(target, engine=FakeEngine(radius=4))
    again.wait_for_photo()
    assert again.window.planes.panes[0].bar.doubtful == (13,)
    assert [origin(again, index) for index in (10, 11, 12)] == [Origin.HAND, Origin.CARRIED, Origin.CARRIED]
    again.do("next_doubtful")
    assert again.preview_area > 500

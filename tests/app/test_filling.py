"""Slices between two that were made by hand are filled by shape alone."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from .carrying import CTRL, SHIFT, filled, go_to, mask, with_object
from .conftest import Hands, Start
from .volumes import click


@pytest.fixture
def hands(start: Start, tmp_path: Path) -> Hands:
    return with_object(start, tmp_path)


def test_slices_between_are_filled_by_shape(hands: Hands) -> None:
    go_to(hands, 14)
    hands.window.segmenting.select_quietly(1)
    click(hands, 0, 24, 16)
    hands.press(Qt.Key.Key_Space)
    ends = mask(hands, 10), mask(hands, 14)
    go_to(hands, 12)
    hands.window.segmenting.select_quietly(1)
    asked = len(hands.engine.predicted)
    hands.press(Qt.Key.Key_G, CTRL | SHIFT)
    hands.wait_until(lambda: filled(hands) == [10, 11, 12, 13, 14])
    assert len(hands.engine.predicted) == asked
    np.testing.assert_allclose(np.argwhere(mask(hands, 12)).mean(axis=0), (22, 14), atol=0.6)
    np.testing.assert_array_equal(mask(hands, 10), ends[0])
    np.testing.assert_array_equal(mask(hands, 14), ends[1])
    hands.do("undo")
    assert filled(hands) == [10, 14]


def test_nothing_to_fill_is_told(hands: Hands) -> None:
    hands.press(Qt.Key.Key_G, CTRL | SHIFT)
    assert "both before and after" in hands.window.message_bar.text

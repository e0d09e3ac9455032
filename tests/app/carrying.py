"""A volume with an object to be carried, for the tests of the window, and what hands do with it."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from isegformer_app.document import Origin, SliceKey
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.carry_dialog import CarryDialog

from .conftest import Hands, Start
from .volumes import click, write_volume

SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
Mask = NDArray[np.bool_]


def probability(mask: Mask) -> NDArray[np.float32]:
    return np.where(mask, np.float32(0.9), np.float32(0.02))


def moved(mask: Mask, _: int) -> NDArray[np.float32]:
    """What the engine of these tests finds on the next slice: the same, a column further on."""
    return probability(np.roll(mask, 1, axis=1))


def with_object(start: Start, tmp_path: Path) -> Hands:
    """Open a volume of 20 slices and finish an object of some pixels on slice 10 (counted from 0)."""
    engine = FakeEngine(radius=4)
    engine.carried = moved
    hands = start(write_volume(tmp_path / "volume.nii"), engine=engine)
    hands.wait_for_photo()
    hands.do("axial")
    go_to(hands, 10)
    click(hands, 0, 20, 12)
    hands.press(Qt.Key.Key_Space)
    hands.window.message_bar.clear()
    return hands


def go_to(hands: Hands, index: int) -> None:
    hands.window.volumes.slicing.go_to(0, index)


def press(hands: Hands, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press, and wait until what that began is over."""
    hands.press(key, modifier)
    hands.wait_until(lambda: not hands.window.carry.carrying.is_under_way)


def carry_through(hands: Hands, first: int, last: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill in the dialog of Ctrl+G, slices counted from 0."""

    def exec_(dialog: CarryDialog) -> int:
        dialog.first.setValue(first + 1)
        dialog.last.setValue(last + 1)
        return int(QDialog.DialogCode.Accepted)

    monkeypatch.setattr(CarryDialog, "exec", exec_)
    hands.press(Qt.Key.Key_G, CTRL)


def filled(hands: Hands, number: int = 1) -> list[int]:
    voxels = hands.photo.annotation.label_map.voxels(number)
    return np.flatnonzero(voxels.any(axis=(1, 2))).tolist()


def mask(hands: Hands, index: int, number: int = 1) -> Mask:
    return hands.photo.annotation.mask(number, SliceKey(0, index))


def origin(hands: Hands, index: int) -> Origin:
    return hands.photo.annotation.objects[0].prompt(SliceKey(0, index)).origin


def wait_for_end(hands: Hands) -> None:
    hands.wait_until(lambda: not hands.window.carry.carrying.is_under_way)

"""Which network answers: the Model menu, through the window."""

from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QInputDialog

from isegformer_app.settings import Settings

from .conftest import Hands, Start


@pytest.mark.parametrize("button", [QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel])
def test_the_number_of_threads_reaches_the_engine_and_is_kept(
    start: Start, cat_photo: Path, made: list[tuple[object, ...]], button: QDialogButtonBox.StandardButton
) -> None:
    hands = start(cat_photo)
    hands.click(100, 100)
    hands.wait_for_mask()

    def choose() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.setIntValue(1)
        buttons = dialog.findChild(QDialogButtonBox)
        assert buttons is not None
        buttons.button(button).click()

    QTimer.singleShot(0, choose)
    hands.do("threads")
    is_chosen = button is QDialogButtonBox.StandardButton.Ok
    hands.wait_until(lambda: made == [(None, "auto", None), (None, "auto", 1)][: 1 + is_chosen])
    hands.wait_for_mask()
    hands.window.files.album.mark_saved()
    hands.window.close()
    assert Settings.load().threads == int(is_chosen)


def test_another_model_leaves_the_work_alone(cat: Hands) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.do("finish")
    area = cat.area(1)
    cat.click(200, 300)
    cat.wait_for_mask()
    asked = len(cat.engine.predicted)
    cat.do("device_cpu")
    cat.wait_until(lambda: len(cat.engine.predicted) == asked + 1)
    cat.wait_for_mask()
    assert cat.area(1) == area
    assert cat.clicks == [(200, 300, True)]

"""Training from the menu: what is checked, saved and kept, in spite of what happens between choosing and starting."""

import errno
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from pyqtgraph import PlotWidget
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QMessageBox

from isegformer_app.controllers.training import Curves, Run, Wanted, keep_model
from isegformer_app.files.errors import CannotWrite
from isegformer_app.ui.train_dialog import TrainDialog
from tests.app.conftest import Hands

BEFORE = {"objects": 4, "noc@85": 5.0, "noc@90": 8.0, "failures@90": 1, "miou@1": 0.5, "miou@3": 0.7, "miou@5": 0.8}
RESULT = {"is_better": True, "before": BEFORE, "after": BEFORE | {"noc@90": 7.97}, "held_out": ["a/1", "a/2"]}


def dialog_of(hands: Hands) -> TrainDialog:
    hands.do("train")
    dialog = hands.window.training.dialog
    assert dialog is not None
    return dialog


def checked(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> tuple[TrainDialog, list[list[str]]]:
    """A dialog whose data was checked by a command that did nothing, and the commands that are started."""
    started: list[list[str]] = []

    def nothing(self: Wanted, run: Path, *, resume: bool = False, check_only: bool = False) -> list[str]:
        started.append(["check" if check_only else "train", str(self.minutes)])
        (run / "result.json").write_text(json.dumps(RESULT))
        return ["sleep", "0" if check_only else "60"]

    monkeypatch.setattr(Wanted, "command", nothing)
    dialog = dialog_of(hands)
    dialog.choice.add(Path("annotations"))
    hands.wait_until(dialog.choice.start_button.isEnabled)
    return dialog, started


def test_what_was_changed_last_is_checked_before_it_is_trained(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the button leaves the keyboard in the field, which tells of its change only when it loses it."""
    dialog, started = checked(cat, monkeypatch)
    dialog.choice.minutes.setFocus()
    dialog.choice.minutes.selectAll()
    QTest.keyClicks(dialog.choice.minutes, "0.7")
    dialog.choice.start_button.click()
    assert dialog.pages.currentWidget() is dialog.choice
    cat.wait_until(dialog.choice.start_button.isEnabled)
    dialog.choice.start_button.click()
    assert started == [["check", "5.0"], ["check", "0.7"], ["train", "0.7"]]
    assert dialog.run is not None
    assert dialog.run.is_alive
    dialog.run.end()


def test_a_field_that_was_only_visited_has_nothing_checked_anew(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog, started = checked(cat, monkeypatch)
    dialog.choice.minutes.setFocus()
    QTest.keyClick(dialog.choice.minutes, Qt.Key.Key_Tab)
    assert dialog.choice.start_button.isEnabled()
    assert started == [["check", "5.0"]]


def test_after_a_stop_a_training_can_be_started_again(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog, started = checked(cat, monkeypatch)
    dialog.choice.start_button.click()
    run = dialog.run
    assert run is not None
    run.end()
    (run.folder / "result.json").unlink()
    cat.wait_until(dialog.trouble.isVisible)
    cat.wait_until(dialog.choice.start_button.isEnabled)
    dialog.choice.start_button.click()
    assert [words for words, _ in started] == ["check", "train", "check", "train"]
    assert dialog.run is not None
    dialog.run.end()


@pytest.mark.parametrize("answer", ["Save", "No", "Cancel"])
def test_unsaved_work_is_saved_before_it_is_trained_on(
    cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    target = tmp_path / "work.isegformer"
    asked: list[str] = []
    monkeypatch.setattr("isegformer_app.ui.session_desk.QFileDialog.getSaveFileName", lambda *_: (str(target), ""))

    def reply(_window: object, _title: str, text: str, *_buttons: object) -> QMessageBox.StandardButton:
        asked.append(text)
        return QMessageBox.StandardButton[answer]

    monkeypatch.setattr(QMessageBox, "warning", reply)
    monkeypatch.setattr(Wanted, "command", lambda *_, **_wishes: ["true"])
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.do("finish")
    cat.do("train")
    assert "a training reads what is saved alone" in asked[0]
    dialog = cat.window.training.dialog
    assert (dialog is None) == (answer == "Cancel")
    assert target.exists() == (answer == "Save")
    if dialog is not None:
        assert dialog.choice.data_list.count() == (answer == "Save")
    cat.window.files.album.mark_saved()


def test_a_full_disk_leaves_no_half_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trainings and the models may lie on different disks."""

    def other_disk(*_: object, **_options: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    def half(source: object, target: str | Path, **_options: object) -> None:
        Path(target).write_bytes(b"wei")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "rename", other_disk)
    monkeypatch.setattr(shutil, "copyfile", half)
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    models = tmp_path / "models"
    with pytest.raises(CannotWrite, match="full"):
        keep_model(Run(tmp_path, Wanted((tmp_path,))), models, "mine")
    assert not list(models.iterdir())


def test_a_gain_too_small_to_be_told_is_not_told_as_none(cat: Hands) -> None:
    verdict = dialog_of(cat).verdict
    verdict.show_result(RESULT, "mine")
    assert verdict.headline.text() == "The new model is better on the held-out images."


def test_every_button_and_field_of_the_choice_has_a_key_of_its_own(cat: Hands) -> None:
    choice = dialog_of(cat).choice
    texts = [each.text() for each in choice.findChildren(QAbstractButton)]
    texts += [each.text() for each in choice.findChildren(QLabel)]
    keys = [found[1].lower() for text in texts for found in re.finditer(r"&(\w)", text)]
    assert len(keys) >= 8
    assert sorted(set(keys)) == sorted(keys)


def test_a_first_point_is_plotted_among_samples_and_values_that_there_are(cat: Hands) -> None:
    watch = dialog_of(cat).watch
    watch.show_curves(Curves(loss=[(0, 0.4)], held_out=[(0, 0.96)]))
    loss, held_out = (each.getViewBox() for each in watch.findChildren(PlotWidget))
    for plot in (loss, held_out):
        plot.updateAutoRange()
        (left, right), (bottom, _) = plot.viewRange()
        assert (left, bottom >= 0) == (0, True)
        assert right >= 10
    assert held_out.viewRange()[1][1] <= 1

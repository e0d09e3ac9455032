"""Model > Evaluate on the project at hand, and a case of an evaluation clicked again."""

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from isegformer_app import app
from isegformer_app.inference import FakeEngine
from isegformer_app.inference.cases import Case, read_case
from isegformer_app.ui.evaluate_dialog import EvaluateDialog
from model.cli import main as run_command
from model.data.session_sets import open_session

from .conftest import PATIENCE_MS, Hands
from .exporting import mask, two_objects

QUICK = ("--model", "grabcut", "--max-clicks", "2")


def asked(hands: Hands) -> EvaluateDialog:
    hands.window.evaluation.extra = QUICK
    hands.do("evaluate")
    dialog = hands.window.evaluation.dialog
    assert dialog is not None
    return dialog


@pytest.mark.slow
def test_finished_objects_are_measured_by_a_child_and_shown(cat: Hands) -> None:
    two_objects(cat)
    truths = [mask(cat, number) for number in (1, 2)]
    dialog = asked(cat)
    assert cat.window.isEnabled()
    cat.wait_until(lambda: dialog.outcome.count() == 4)
    assert "over 2 objects" in dialog.headline.text()
    assert [dialog.outcome.tabText(place) for place in range(4)] == ["Numbers", "Clicks", "Histogram", "Worst cases"]
    table, copy = dialog.outcome.findChild(QTableWidget), dialog.outcome.findChild(QPushButton)
    assert isinstance(table, QTableWidget)
    assert isinstance(copy, QPushButton)
    told = {table.item(row, 0).text(): table.item(row, 1).text() for row in range(table.rowCount())}  # type: ignore[union-attr]
    copy.click()
    assert QApplication.clipboard().text() == (dialog.run.folder / "table.md").read_text()
    folder = dialog.run.folder
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["objects"] == 2
    assert told["Clicks to an IoU of .90, 20 at most"] == f"{summary['noc@90']:.2f}"
    assert told["IoU after 1 click, %"] == f"{100 * summary['miou@1']:.1f}"
    with (folder / "objects.csv").open(newline="") as file:
        assert [int(row["area"]) for row in csv.DictReader(file)] == [int(truth.sum()) for truth in truths]
    dialog.reject()
    assert cat.window.evaluation.dialog is None


def test_what_the_child_reads_is_what_the_window_wrote(cat: Hands, tmp_path: Path) -> None:
    two_objects(cat)
    cat.click(250, 60)
    cat.wait_for_mask()
    dialog = asked(cat)
    session = dialog.run.folder / "project.isegformer"
    cat.wait_until(session.is_file)
    cat.wait_until(lambda: dialog.run.is_alive)
    (image,) = open_session(session, only_finished=True).images
    objects = image.read_objects()
    # The open object was finished first, as for an export.
    assert list(objects.areas()) == [1, 2, 3]
    for number in (1, 2, 3):
        assert (objects.mask(number) == mask(cat, number)).all()
    dialog.reject()
    assert not dialog.run.is_alive
    assert cat.window.evaluation.dialog is None


def test_without_objects_there_is_nothing_to_measure(cat: Hands) -> None:
    cat.do("evaluate")
    assert cat.window.evaluation.dialog is None
    assert "no finished object" in cat.window.message_bar.text


@pytest.mark.slow
def test_a_child_that_fails_says_why(cat: Hands) -> None:
    two_objects(cat)
    cat.window.evaluation.extra = ("--model", "nothing-of-this-name")
    cat.do("evaluate")
    cat.wait_until(lambda: cat.window.evaluation.dialog is None)
    assert "nothing-of-this-name" in cat.window.message_bar.text


def test_a_case_is_opened_with_its_clicks_one_by_one(
    qapp: QApplication, qtbot: QtBot, cat_photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path / "home"))
    clicks = ((100, 150, True), (120, 160, True), (30, 40, False))
    made: list[str | None] = []

    def make(model: str | None, device: str, threads: int | None) -> FakeEngine:
        made.append(model)
        return FakeEngine()

    case = Case("a/cat/1", cat_photo, clicks, "mine.safetensors", "")
    with app.opened([str(cat_photo)], make, case) as window:
        hands = Hands(window, FakeEngine(), qtbot)
        qtbot.waitUntil(lambda: len(hands.clicks) == 3, timeout=PATIENCE_MS)
        assert tuple(hands.clicks) == clicks
        hands.wait_for_mask()
        assert made[0] == "mine.safetensors"
        assert "a/cat/1" in window.message_bar.text
        hands.press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert tuple(hands.clicks) == clicks[:2]
        window.files.album.mark_saved()
        window.close()


def test_a_case_comes_from_the_folder_of_an_evaluation(
    cat_photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import numpy as np
    from PIL import Image

    with Image.open(cat_photo) as picture:
        truth = np.zeros((picture.height, picture.width), np.uint8)
    truth[50:250, 100:350] = 255
    for part, array in (("images", np.asarray(Image.open(cat_photo))), ("masks", truth)):
        (tmp_path / "d" / part).mkdir(parents=True)
        Image.fromarray(array).save(tmp_path / "d" / part / "cat.png")
    words = ["evaluate", "--dataset", "folder", "--root", str(tmp_path / "d"), "--model", "grabcut"]
    assert run_command([*words, "--max-clicks", "3", "--output", str(tmp_path / "run")]) == 0
    case = read_case(tmp_path / "run", "cat/1")
    assert case.photo == (tmp_path / "d" / "images" / "cat.png").resolve()
    assert len(case.clicks) == 3
    assert (case.model, case.measured) == ("", "grabcut")
    capsys.readouterr()
    for arguments, says in (([str(tmp_path / "run"), "dog/1"], "dog/1"), ([str(tmp_path)], "SET/STEM/OBJECT")):
        assert app.open_case(arguments) == 2
        assert says in capsys.readouterr().err

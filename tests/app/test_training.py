"""Training from the menu: the dialog, a tiny run by the real command, pause, stop, going on, keep and discard."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pyqtgraph import PlotWidget

from isegformer_app.controllers.training import (
    Curves,
    Phase,
    Run,
    Wanted,
    keep_model,
    kept_model_path,
    left_over_run,
    plain_words,
)
from isegformer_app.settings import data_folder, state_folder
from isegformer_app.ui.train_dialog import TrainDialog
from isegformer_app.ui.train_watch import in_words
from tests.app.conftest import Hands

TINY = ("--samples", "12", "--batch-size", "2", "--looks", "2", "--held-out-objects", "2", "--crop-tokens", "12")
TINY_SHARES = ("--crop-shares", "1.0", "--most-views", "4", "--threads", "1")
BEFORE = {"objects": 4, "noc@85": 5.0, "noc@90": 8.0, "failures@90": 1, "miou@1": 0.5, "miou@3": 0.7, "miou@5": 0.8}
AFTER = BEFORE | {"noc@85": 3.0, "noc@90": 4.5, "failures@90": 0}
RESULT = {"is_better": True, "before": BEFORE, "after": AFTER, "held_out": ["a/1", "a/2"]}


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """Four pictures of 96 x 128 with a bright block each."""
    folder = tmp_path / "blocks"
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for number in range(4):
        mask = np.zeros((96, 128), np.uint8)
        mask[20:60, 10 + 8 * number : 60 + 8 * number] = 255
        image = rng.integers(0, 90, (96, 128, 3)).astype(np.uint8)
        image[mask > 0] += 120
        cv2.imwrite(str(folder / "images" / f"{number}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{number}.png"), mask)
    return folder


def dialog_of(hands: Hands) -> TrainDialog:
    hands.do("train")
    dialog = hands.window.training.dialog
    assert dialog is not None
    return dialog


def cell(dialog: TrainDialog, row: int, column: int) -> str:
    item = dialog.verdict.table.item(row, column)
    assert item is not None
    return item.text()


def wait(hands: Hands, condition: Callable[[], bool]) -> None:
    hands.qtbot.waitUntil(condition, timeout=600_000)


@pytest.mark.slow
def test_a_tiny_training_through_the_window(cat: Hands, masks: Path) -> None:
    dialog = dialog_of(cat)
    assert not dialog.choice.start_button.isEnabled()
    dialog.choice.extra = (*TINY, *TINY_SHARES)
    dialog.choice.add(masks)
    wait(cat, dialog.choice.start_button.isEnabled)
    assert "4 images with 4 objects can be used" in dialog.choice.report.toPlainText()
    assert "minutes on this machine" in dialog.choice.report.toPlainText()
    dialog.choice.start_button.click()
    dialog.watch.stop_button.click()
    wait(cat, lambda: dialog.pages.currentWidget() is dialog.choice)
    assert "stopped" in dialog.trouble.text()
    # Stopped before anything was measured: it begins anew, and this time it is let go on to its end.
    wait(cat, dialog.choice.start_button.isEnabled)
    dialog.choice.start_button.click()
    run = dialog.run
    assert run is not None
    wait(cat, lambda: dialog.pages.currentWidget() is dialog.verdict)
    assert run.result["before"]["objects"] == 1
    assert cell(dialog, 0, 0) == f"{run.result['before']['noc@85']:.2f}"
    assert run.curves.held_out
    assert run.pictures()
    dialog.verdict.discard_button.click()
    assert not run.folder.exists()
    assert not list((data_folder() / "models").glob("*"))


@pytest.mark.slow
def test_bad_data_is_told_in_the_dialog(cat: Hands, tmp_path: Path) -> None:
    empty = tmp_path / "nothing here"
    empty.mkdir()
    dialog = dialog_of(cat)
    dialog.choice.add(empty)
    wait(cat, lambda: dialog.choice.trouble.isVisible())
    assert "holds no data to train on" in dialog.choice.trouble.text()
    assert not dialog.choice.start_button.isEnabled()


def finished_run(name: str = "2026-01-02-030405") -> Run:
    folder = state_folder() / "trainings" / name
    folder.mkdir(parents=True)
    run = Run(folder, Wanted((folder,)))
    run.wanted.save(folder)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "result.json").write_text(json.dumps(RESULT))
    return run


def test_a_model_that_is_kept_answers_and_is_in_the_menu(cat: Hands) -> None:
    dialog = dialog_of(cat)
    run = dialog.run = finished_run()
    dialog._poll()
    assert dialog.pages.currentWidget() is dialog.verdict
    assert "3.5 clicks fewer" in dialog.verdict.headline.text()
    assert cell(dialog, 1, 1) == "4.50"
    dialog.verdict.name_edit.setText("my cells")
    dialog.verdict.keep_button.click()
    (kept,) = (data_folder() / "models").glob("*")
    assert (kept.name, kept.read_bytes()) == ("my-cells.safetensors", b"weights")
    assert cat.window.settings.model == str(kept)
    assert not run.folder.exists()
    cat.window.models_menu.refresh()
    assert cat.window.models_menu.actions_shown[-1].text().startswith("my-cells ")


def test_a_model_that_is_not_better_cannot_be_kept(cat: Hands) -> None:
    dialog = dialog_of(cat)
    run = dialog.run = finished_run()
    (run.folder / "result.json").write_text(json.dumps(RESULT | {"is_better": False}))
    dialog._poll()
    assert dialog.verdict.keep_button.isHidden()
    assert "base model stays" in dialog.verdict.headline.text()


def test_a_training_that_was_not_ended_is_offered_after_a_restart(cat: Hands) -> None:
    run = finished_run()
    (run.folder / "result.json").unlink()
    for name in ("progress.json", "before.json"):
        (run.folder / name).write_text("{}")
    dialog = dialog_of(cat)
    assert "2026-01-02" in dialog.choice.left_over.text()
    assert not dialog.choice.continue_button.isHidden()
    left = left_over_run(state_folder() / "trainings")
    assert left is not None
    assert left.phase is Phase.STOPPED
    assert left.wanted.command(left.folder, resume=True)[-2:] == ["--resume", "auto"]


def test_a_training_that_ended_while_the_window_was_closed_is_judged_later(cat: Hands) -> None:
    run = finished_run()
    for name in ("progress.json", "before.json"):
        (run.folder / name).write_text("{}")
    lines = [{"samples": samples, "held_out": value} for samples, value in ((0, 0.5), (40, 0.9), (80, 0.7))]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run.folder / "samples").mkdir()
    for samples in (0, 40, 80):
        cv2.imwrite(str(run.folder / "samples" / f"1-{samples:06d}.png"), np.zeros((8, 8, 3), np.uint8))
    before, after = ([path.name for path in paths] for paths in run.pictures_at_the_end())
    assert (before, after) == (["1-000000.png"], ["1-000040.png"])
    dialog = dialog_of(cat)
    assert dialog.choice.left_over.text() == "The training of 2026-01-02 has ended."
    dialog.choice.continue_button.click()
    cat.wait_until(lambda: dialog.pages.currentWidget() is dialog.verdict)
    assert cell(dialog, 1, 1) == "4.50"
    dialog.verdict.discard_button.click()
    assert left_over_run(state_folder() / "trainings") is None


def test_a_run_whose_child_just_died_can_be_gone_on_with_at_once(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last sign of life is a moment old, but nobody works on it any more."""
    monkeypatch.setattr("isegformer_app.controllers.training.sys.executable", "/bin/false")
    dialog = dialog_of(cat)
    run = dialog.run = finished_run()
    (run.folder / "result.json").unlink()
    (run.folder / "before.json").write_text("{}")
    (run.folder / "progress.json").write_text(json.dumps({"stage": "train", "time": time.time()}))
    assert run.is_alive
    run.start(resume=True)
    dialog._timer.start()
    cat.wait_until(dialog.trouble.isVisible)
    assert dialog.choice.left_over.text() == "The training of 2026-01-02 is not finished."
    assert dialog.choice.continue_button.text() == "&Go on with it"


def test_a_child_that_dies_is_told_and_the_window_lives_on(
    cat: Hands, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("isegformer_app.controllers.training.sys.executable", "/bin/false")
    dialog = dialog_of(cat)
    dialog.choice.add(masks)
    wait(cat, lambda: dialog.choice.trouble.isVisible())
    assert "ended unexpectedly" in dialog.choice.trouble.text()
    cat.click(100, 100)
    cat.wait_for_mask()


def test_the_window_leaves_a_training_in_order(cat: Hands) -> None:
    dialog = dialog_of(cat)
    run = dialog.run = finished_run()
    (run.folder / "result.json").unlink()
    run.folder.joinpath("progress.json").write_text(json.dumps({"stage": "train", "time": 9e9}))
    assert not run.is_alive
    run.folder.joinpath("progress.json").write_text(json.dumps({"stage": "train", "time": time.time()}))
    assert run.is_alive
    dialog.close_down()
    assert (run.folder / "wish.txt").read_text() == "stop"


def test_last_words_become_plain_words() -> None:
    own = "torch says\nisegformer: The data holds no image with objects.\n"
    assert plain_words(own, 2) == "The data holds no image with objects."
    assert "memory" in plain_words("Traceback\nMemoryError", 1)
    assert "memory" in plain_words("", -9)
    assert "signal 15" in plain_words("encode: 5%", -15)
    assert plain_words("Traceback\nValueError: odd", 1).endswith("ValueError: odd")
    assert "said nothing" in plain_words("", 1)


def test_curves_follow_a_file_that_grows(tmp_path: Path) -> None:
    curves = Curves()
    assert not curves.follow(tmp_path)
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text('{"samples": 10, "loss": 0.5}\n{"samples": 20, "held')
    assert curves.follow(tmp_path)
    with metrics.open("a") as file:
        file.write('_out": 0.75}\n')
    curves.follow(tmp_path)
    assert (curves.loss, curves.held_out) == ([(10, 0.5)], [(20, 0.75)])


def test_a_kept_model_never_replaces_another(tmp_path: Path) -> None:
    names = []
    for number in range(2):
        folder = tmp_path / f"run{number}"
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(bytes([number]))
        names.append(keep_model(Run(folder, Wanted((folder,))), tmp_path / "models", "a/b").name)
    assert names == ["a-b.safetensors", "a-b-2.safetensors"]


@pytest.mark.parametrize(("name", "file"), [("Zähne 1", "Z-hne-1"), ("..", "model"), ("x" * 300, "x" * 80)])
def test_names_of_kept_models_suit_every_disk(tmp_path: Path, name: str, file: str) -> None:
    assert kept_model_path(tmp_path, name) == tmp_path / f"{file}.safetensors"


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (200, "3 min"), (4900, "1 h 22 min")])
def test_times_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_a_single_point_of_a_curve_is_seen(cat: Hands) -> None:
    watch = dialog_of(cat).watch
    plot = watch.findChildren(PlotWidget)[0]
    plot.resize(300, 200)

    def colourful() -> bool:
        image = plot.grab().toImage()
        places = ((row, col) for row in range(image.height()) for col in range(image.width()))
        return any(image.pixelColor(col, row).saturation() > 200 for row, col in places)

    curves = Curves()
    watch.show_curves(curves)
    assert not colourful()
    curves.loss.append((28, 0.4))
    watch.show_curves(curves)
    assert colourful()


def test_only_what_is_chosen_can_be_removed(cat: Hands, masks: Path) -> None:
    choice = dialog_of(cat).choice
    assert not choice.remove.isEnabled()
    choice.add(masks)
    choice.data_list.setCurrentRow(0)
    choice.remove.click()
    assert choice.data_list.count() == 0
    assert not choice.remove.isEnabled()

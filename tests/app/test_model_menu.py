"""Which network answers: the Model menu, through the window."""

import threading
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QMenu,
    QProgressDialog,
    QPushButton,
)

from isegformer_app.inference import import_among_own
from isegformer_app.settings import Settings, data_folder
from isegformer_app.ui import model_desk
from model.checkpoints import load_checkpoint, save_checkpoint
from model.networks import create_network
from model.store import DEFAULT_MODEL
from tests.model.checkpoints.published import as_isegformer, save_published

from .conftest import PATIENCE_MS, Hands, Start

SEGFORMER = "isegm.model.is_segformer_model.SegformerModel"


def opened_menu(hands: Hands) -> list[QAction]:
    """What stands in the Model menu once it is opened."""
    menu = next(each for each in hands.window.menuBar().findChildren(QMenu) if each.title() == "&Model")
    menu.aboutToShow.emit()
    return menu.actions()


def own_model(name: str, licence: str) -> Path:
    path = data_folder() / "models" / f"{name}.safetensors"
    network = create_network("segformer-b0")
    save_checkpoint(path, network, "segformer-b0", {}, name=name, card={"licence": licence})
    return path


def foreign_file(path: Path, *, is_whole: bool = True) -> Path:
    state = as_isegformer(create_network("segformer-b0").state_dict())
    kept = {name: each for name, each in state.items() if is_whole or not name.startswith("head.convs.2")}
    return save_published(path, kept, SEGFORMER)


def choose(hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose a file in the dialog that the menu opens."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(path), ""))
    hands.do("model_file")


def models_kept() -> list[str]:
    return sorted(path.name for path in (data_folder() / "models").glob("*"))


def test_every_model_is_in_the_menu_with_size_speed_and_licence(cat: Hands, made: list[tuple[object, ...]]) -> None:
    path = own_model("my & cells", "CC0, as it says")
    (path.parent / "broken.safetensors").write_bytes(b"nothing")
    bundled, broken, own, end = opened_menu(cat)[:4]
    assert end.isSeparator()
    assert bundled.text().startswith(f"{DEFAULT_MODEL} (")
    assert bundled.text().endswith(" MB, fast, bundled)")
    assert "Licence: MIT for the decoder, Apache-2.0 for the encoder" in bundled.toolTip()
    assert own.text() == f"my && cells ({path.stat().st_size / 1e6:.1f} MB, fast)"
    assert "Licence: CC0, as it says" in own.toolTip()
    assert not broken.isEnabled()
    assert "is not a safetensors file" in broken.toolTip()
    assert [each.isChecked() for each in (bundled, broken, own)] == [True, False, False]
    own.trigger()
    assert cat.window.settings.model == str(path)
    bundled, _, own = opened_menu(cat)[:3]
    assert [each.isChecked() for each in (bundled, own)] == [False, True]
    bundled.trigger()
    assert cat.window.settings.model == ""
    cat.wait_until(lambda: made[-1] == (None, "auto", None))


def test_a_model_of_another_project_is_imported_and_answers(
    cat: Hands, tmp_path: Path, made: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    cat.click(100, 100)
    cat.wait_for_mask()
    choose(cat, foreign_file(tmp_path / "their best (054).pth"), monkeypatch)
    assert cat.window.settings.model == ""
    kept = data_folder() / "models" / "their-best-054.safetensors"
    cat.wait_until(lambda: made[-1] == (str(kept), "auto", None))
    assert cat.window.settings.model == str(kept)
    assert load_checkpoint(kept).card["source"]["file"] == "their best (054).pth"
    assert "“their-best-054” is in the Model menu now" in cat.window.message_bar.text
    imported = opened_menu(cat)[1]
    assert imported.text().startswith("their-best-054 (")
    assert imported.isChecked()
    assert "Licence: MIT" in imported.toolTip()
    assert cat.clicks == [(100, 100, True)]


@pytest.mark.parametrize("name", ["half.pth", "words.pt"])
def test_a_file_that_cannot_be_imported_is_refused_in_the_importers_words(
    cat: Hands, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    if name == "half.pth":
        foreign_file(path, is_whole=False)
    else:
        path.write_text("no weights at all")
    choose(cat, path, monkeypatch)
    cat.wait_until(lambda: str(path) in cat.window.message_bar.text)
    said = cat.window.message_bar.text
    assert "it lacks 2 weights" in said or name != "half.pth"
    assert "unexpected" not in said
    assert said.endswith(".")
    assert cat.window.settings.model == ""
    assert models_kept() == []


def test_an_import_can_be_cancelled(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_cancelled, finish = threading.Event(), import_among_own

    def finish_too_late(file: Path, name: str) -> Path:
        assert is_cancelled.wait(PATIENCE_MS / 1000)
        return finish(file, name)

    monkeypatch.setattr(model_desk, "import_among_own", finish_too_late)
    choose(cat, foreign_file(tmp_path / "theirs.pth"), monkeypatch)
    bar = cat.window.findChild(QProgressDialog)
    assert bar is not None
    assert bar.isVisible()
    button = bar.findChild(QPushButton)
    assert button is not None
    button.click()
    is_cancelled.set()
    cat.wait_until(lambda: cat.window.findChild(QProgressDialog) is None)
    assert cat.window.settings.model == ""
    assert models_kept() == []
    assert opened_menu(cat)[1].isSeparator()


def test_a_model_of_this_program_is_used_where_it_stands(
    cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own_model("mine", "MIT").rename(tmp_path / "mine.safetensors")
    choose(cat, path, monkeypatch)
    assert cat.window.settings.model == str(path)
    assert models_kept() == []


def test_a_file_that_is_no_model_takes_no_ones_place(
    cat: Hands, tmp_path: Path, made: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cat.window.model.use_model(str(own_model("mine", "MIT")))
    before = cat.window.settings.model
    path = tmp_path / "photo.safetensors"
    path.write_bytes(b"\x89PNG and so on")
    choose(cat, path, monkeypatch)
    assert "photo.safetensors is not a safetensors file" in cat.window.message_bar.text
    assert cat.window.settings.model == before
    cat.click(100, 100)
    cat.wait_for_mask()
    assert made[-1] == (before, "auto", None)


@pytest.mark.parametrize("button", [QDialogButtonBox.StandardButton.Ok, QDialogButtonBox.StandardButton.Cancel])
def test_the_number_of_threads_reaches_the_engine_and_is_kept(
    start: Start, cat_photo: Path, made: list[tuple[object, ...]], button: QDialogButtonBox.StandardButton
) -> None:
    hands = start(cat_photo)
    hands.click(100, 100)
    hands.wait_for_mask()

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QInputDialog)
        dialog.setIntValue(1)
        buttons = dialog.findChild(QDialogButtonBox)
        assert buttons is not None
        buttons.button(button).click()

    QTimer.singleShot(0, answer)
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

"""Model > Models…, through the window: what is listed, used, removed and downloaded."""

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from isegformer_app.settings import data_folder
from isegformer_app.ui.models_dialog import ModelsDialog
from model.checkpoints import fetching, load_checkpoint, save_checkpoint
from model.networks import create_network
from model.store import DEFAULT_MODEL, published
from model.store.download import Wanted
from model.store.published import PublishedModel
from tests.model.checkpoints.published import as_isegformer, save_published
from tests.model.store.liar import Manner, serving

from .conftest import Hands

WHOLE_CHUNKS = 92 * 65_536
"""Of what comes before a server stalls, this much is kept: 6.0 MB."""
SEGFORMER = "isegm.model.is_segformer_model.SegformerModel"


def own_model(name: str) -> Path:
    path = data_folder() / "models" / f"{name}.safetensors"
    card = {"licence": "CC0", "source": {"what": "a tiny thing"}, "metrics": {"on": "cells", "NoC@90": 4.5}}
    save_checkpoint(path, create_network("segformer-b0"), "segformer-b0", {}, name=name, card=card)
    return path


def opened(hands: Hands) -> ModelsDialog:
    hands.do("models")
    assert hands.window.models.dialog.isVisible()
    return hands.window.models.dialog


def line(dialog: ModelsDialog, name: str) -> list[str]:
    (item,) = dialog.list.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    return [item.text(column) for column in range(item.columnCount())]


def answer(button: str, asked: list[str]) -> Callable[[], None]:
    """Press a button of the next question, and keep all that it said."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(f"{box.text()} {box.informativeText()}")
        next(each for each in box.buttons() if each.text().replace("&", "") == button).click()

    return press


def pressing(button: str) -> list[str]:
    asked: list[str] = []
    QTimer.singleShot(0, answer(button, asked))
    return asked


# On this computer -------------------------------------------------------------------------------------------------


def test_models_are_told_and_exchanged(cat: Hands, made: list[tuple[object, ...]]) -> None:
    path = own_model("cells")
    (path.parent / "broken.safetensors").write_bytes(b"nothing")
    dialog = opened(cat)
    assert dialog.chosen is not None
    assert dialog.chosen.name == DEFAULT_MODEL
    assert line(dialog, DEFAULT_MODEL)[1] == "in use"
    assert re.search(r"NoC@90 \d", dialog.details.toPlainText())
    assert "Apache-2.0 for the encoder" in dialog.details.toPlainText()
    assert not dialog.remove_button.isEnabled()
    assert not dialog.use_button.isEnabled()
    dialog.choose("broken")
    assert line(dialog, "broken")[1] == "cannot be used"
    assert "is not a safetensors file" in dialog.details.toPlainText()
    assert not dialog.use_button.isEnabled()
    dialog.choose("cells")
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    assert line(dialog, "cells") == ["cells", "", size, "fast", "CC0", "a tiny thing"]
    assert "NoC@90 4.5 (cells)" in dialog.details.toPlainText()
    assert dialog.use_button.isEnabled()
    dialog.use_button.click()
    cat.wait_until(lambda: made[-1:] == [(str(path), "auto", None)])
    assert not dialog.use_button.isEnabled()
    assert cat.window.settings.model == str(path)
    assert (line(dialog, "cells")[1], line(dialog, DEFAULT_MODEL)[1]) == ("in use", "bundled")
    cat.window.model.use_model("")
    assert (line(dialog, "cells")[1], line(dialog, DEFAULT_MODEL)[1]) == ("", "in use")


def test_the_dialog_goes_with_its_window(cat: Hands) -> None:
    dialog = opened(cat)
    cat.window.close()
    assert not dialog.isVisible()


def test_a_double_click_uses_a_model(cat: Hands) -> None:
    path = own_model("cells")
    dialog = opened(cat)
    (item,) = dialog.list.findItems("cells", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    spot = dialog.list.visualItemRect(item).center()
    QTest.mouseClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(dialog.list.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert cat.window.settings.model == str(path)
    assert line(dialog, "cells")[1] == "in use"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_file_elsewhere_that_answers_is_listed_and_cannot_be_removed(
    cat: Hands, tmp_path: Path, is_there: bool
) -> None:
    path = own_model("cells").rename(tmp_path / "elsewhere.safetensors")
    cat.window.model.use_model(str(path))
    if not is_there:
        path.unlink()
    dialog = opened(cat)
    assert dialog.chosen is not None
    assert str(path) in dialog.details.toPlainText()
    assert line(dialog, "elsewhere")[1] == ("in use" if is_there else "cannot be used")
    assert ("no such file is there" in dialog.details.toPlainText()) is not is_there
    assert not dialog.remove_button.isEnabled()


def test_the_chooser_of_files_gives_the_keyboard_back_to_the_list(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    """Esc, meant for the list, would else drop the object in hand."""
    parents: list[object] = []

    def choose_nothing(parent: object, *_: object) -> tuple[str, str]:
        parents.append(parent)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", choose_nothing)
    dialog = opened(cat)
    dialog.file_button.click()
    cat.do("model_file")
    assert parents == [dialog, cat.window]


def test_a_model_is_removed_only_after_a_question(cat: Hands) -> None:
    path = own_model("cells")
    dialog = opened(cat)
    dialog.choose("cells")
    asked = pressing("Cancel")
    dialog.remove_button.click()
    assert "Remove “cells”?" in asked[0]
    assert str(path) in asked[0]
    assert "answers the clicks" not in asked[0]
    assert path.exists()
    pressing("Remove")
    dialog.remove_button.click()
    assert not path.exists()
    assert not dialog.list.findItems("cells", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)


def test_removing_the_model_in_use_says_so_and_the_bundled_one_answers(
    cat: Hands, made: list[tuple[object, ...]]
) -> None:
    path = own_model("cells")
    cat.window.model.use_model(str(path))
    dialog = opened(cat)
    asked = pressing("Remove")
    dialog.remove_button.click()
    assert "answers the clicks now; the bundled model will answer instead" in asked[0]
    assert not path.exists()
    assert cat.window.settings.model == ""
    cat.wait_until(lambda: made[-1:] == [(None, "auto", None)])


def test_a_file_that_cannot_be_removed_is_said(cat: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    path = own_model("cells")

    def refuse(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    dialog = opened(cat)
    dialog.choose("cells")
    monkeypatch.setattr(Path, "unlink", refuse)
    pressing("Remove")
    dialog.remove_button.click()
    assert f"The model {path} could not be removed: Permission denied." in dialog.trouble.text()
    assert line(dialog, "cells")


# Published --------------------------------------------------------------------------------------------------------


@pytest.fixture
def manner(tmp_path: Path) -> Manner:
    """A server with a click model of another project."""
    torch.manual_seed(0)
    state = as_isegformer(create_network("segformer-b0").state_dict())
    return Manner(save_published(tmp_path / "054.pth", state, SEGFORMER).read_bytes())


@pytest.fixture
def url(manner: Manner, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address, the only one that is published."""
    with serving(manner) as address:
        row = PublishedModel(
            "theirs", "A model & more", address, 14_900_000, None, "segformer-b0", "https://example.org/p", "MIT, truly"
        )
        monkeypatch.setattr(published, "published_models", lambda: (row,))
        monkeypatch.setattr(fetching, "Wanted", partial(Wanted, timeout=1.0))
        yield address


def begin(hands: Hands) -> ModelsDialog:
    """Ask for the published model and accept its licence."""
    dialog = opened(hands)
    dialog.choose("theirs")
    pressing("Accept and download")
    dialog.download_button.click()
    return dialog


def kept() -> list[str]:
    return sorted(path.name for path in (data_folder() / "models").glob("*.safetensors"))


def came() -> int:
    parts = list((data_folder() / "models" / ".downloads").glob("*.part"))
    return parts[0].stat().st_size if parts else 0


def test_nothing_is_asked_of_the_server_before_the_licence_is_accepted(cat: Hands, manner: Manner, url: str) -> None:
    dialog = opened(cat)
    assert line(dialog, "theirs") == ["theirs", "", "14.9 MB", "fast", "MIT, truly", "A model & more"]
    dialog.choose("theirs")
    assert not dialog.use_button.isEnabled()
    asked = pressing("Cancel")
    dialog.download_button.click()
    for words in ("MIT, truly", url, "https://example.org/p", "about 14.9 MB", "nobody publishes one"):
        assert words in asked[0]
    assert manner.asked == []
    assert kept() == []
    assert dialog.download_button.isEnabled()


def test_a_model_is_downloaded_imported_and_can_be_used(cat: Hands, manner: Manner, url: str) -> None:
    manner.cuts = [5_000_000]
    dialog = begin(cat)
    assert dialog.cancel_button.isVisible()
    assert not dialog.download_button.isEnabled()
    cat.click(100, 100)
    cat.wait_for_mask()
    cat.wait_until(lambda: kept() == ["theirs.safetensors"] and not dialog.bar.isVisible())
    assert manner.asked == ["", "bytes=5000000-"]
    assert dialog.chosen is not None
    assert dialog.chosen.name == "theirs"
    assert "“theirs” is in the Model menu now" in cat.window.message_bar.text
    assert cat.window.settings.model == ""
    path = data_folder() / "models" / "theirs.safetensors"
    card = load_checkpoint(path).card
    assert (card["licence"], card["source"]["address"]) == ("MIT, truly", url)
    assert came() == 0
    dialog.use_button.click()
    assert cat.window.settings.model == str(path)


def test_a_download_that_is_cancelled_is_gone_on_with(cat: Hands, manner: Manner, url: str) -> None:
    manner.stalls = [WHOLE_CHUNKS, 0, 0, 0]
    dialog = begin(cat)
    cat.wait_until(lambda: "Downloading “theirs”: 6.0 of" in dialog.doing.text())
    dialog.cancel_button.click()
    assert "Cancelling" in dialog.doing.text()
    cat.wait_until(lambda: not dialog.bar.isVisible())
    assert dialog.trouble.isHidden()
    assert kept() == []
    assert came() == WHOLE_CHUNKS
    assert line(dialog, "theirs")[1] == "6.0 MB came"
    assert dialog.download_button.text().replace("&", "") == "Go on downloading…"
    manner.stalls = []
    manner.asked.clear()
    pressing("Accept and download")
    dialog.download_button.click()
    cat.wait_until(lambda: kept() == ["theirs.safetensors"] and not dialog.bar.isVisible())
    assert manner.asked == [f"bytes={WHOLE_CHUNKS}-"]


@pytest.mark.parametrize(
    ("lie", "words"),
    [
        ("cut", "broke off"),
        ("status", "the file may have moved"),
        ("page", "answers with a web page"),
        ("size", "where its authors state 14.9 MB"),
        ("file", "gives is no model and was not kept: The file"),
    ],
)
def test_what_goes_wrong_is_said_with_the_projects_page(
    lie: str, words: str, cat: Hands, manner: Manner, url: str
) -> None:
    if lie == "cut":
        manner.cuts = [1000] + [0] * 9
    elif lie == "status":
        manner.statuses = [404]
    elif lie == "page":
        manner.kind = "text/html"
    elif lie == "size":
        manner.content = manner.content[:1000]
    else:
        manner.content = bytes(len(manner.content))
    dialog = begin(cat)
    cat.wait_until(lambda: dialog.trouble.isVisible())
    assert words in dialog.trouble.text()
    assert "https://example.org/p" in dialog.trouble.text()
    assert "unexpected" not in dialog.trouble.text()
    assert kept() == []
    assert dialog.download_button.isEnabled()
    assert not dialog.bar.isVisible()


def test_a_download_goes_on_while_the_list_is_closed_and_its_failure_reaches_the_window(
    cat: Hands, manner: Manner, url: str
) -> None:
    manner.stalls = [WHOLE_CHUNKS]
    manner.statuses = []
    dialog = begin(cat)
    cat.wait_until(lambda: came() == WHOLE_CHUNKS)
    dialog.close_button.click()
    manner.statuses = [404]
    manner.released.set()
    cat.wait_until(lambda: "the file may have moved" in cat.window.message_bar.text)
    assert opened(cat).trouble.isHidden()


def test_the_window_closes_in_the_middle_of_a_download(cat: Hands, manner: Manner, url: str) -> None:
    manner.stalls = [WHOLE_CHUNKS]
    begin(cat)
    cat.wait_until(lambda: came() == WHOLE_CHUNKS)
    (thread,) = (each for each in threading.enumerate() if each.name == "long job")
    cat.window.close()
    manner.released.set()
    thread.join(10)
    assert not thread.is_alive()
    assert kept() == []
    assert came() == WHOLE_CHUNKS

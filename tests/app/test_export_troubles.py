"""Exports that cannot be, that fail half way, and that are not wanted any more."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from isegformer_app.controllers.export_plan import Format
from isegformer_app.files import exports
from isegformer_app.files.errors import CannotWrite
from tests.app.conftest import Hands, Start
from tests.app.exporting import dialog_of, export, finish_object, two_objects


def test_files_that_are_there_are_named_before_they_are_replaced(cat: Hands, out: Path) -> None:
    two_objects(cat)
    (out / "cat.json").write_text("old")
    dialog = dialog_of(cat, Format.LABELME, out)
    assert "1 of them exists and will be replaced" in dialog.summary.text()
    assert "replaces the present file" in dialog.preview.toPlainText()
    assert "replace" in dialog.export_button.text()
    export(cat, dialog)
    assert len(json.loads((out / "cat.json").read_text())["shapes"]) == 2


def test_a_photo_is_never_replaced(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "SegmentationClass"
    folder.mkdir()
    Image.new("RGB", (60, 40)).save(folder / "photo.png")
    hands = start(folder / "photo.png")
    finish_object(hands, 20, 30)
    dialog = dialog_of(hands, Format.VOC, tmp_path)
    assert "“photo.png” itself would be replaced" in dialog.summary.text()
    assert not dialog.export_button.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("name", ["", "a/b.json", ".."])
def test_a_name_that_is_none_is_refused(cat: Hands, out: Path, name: str) -> None:
    two_objects(cat)
    dialog = dialog_of(cat, Format.COCO, out)
    dialog.name_edit.setText(name)
    assert "name" in dialog.summary.text()
    assert not dialog.export_button.isEnabled()
    dialog.reject()


def test_a_folder_that_is_gone_is_told(cat: Hands, tmp_path: Path) -> None:
    two_objects(cat)
    dialog = dialog_of(cat, Format.PNG, tmp_path / "gone")
    assert "is not there" in dialog.summary.text()
    assert not dialog.export_button.isEnabled()
    dialog.reject()
    assert not (tmp_path / "gone").exists()


def test_nothing_to_export_is_told(cat: Hands) -> None:
    dialog = dialog_of(cat)
    assert "finish an object first" in dialog.summary.text()
    assert not dialog.export_button.isEnabled()
    dialog.reject()


def failing_at_the_second(monkeypatch: pytest.MonkeyPatch, name: str, failure: Exception) -> list[object]:
    """Let a writer of the exports work once and then fail."""
    calls: list[object] = []
    real = getattr(exports, name)

    def write(*args: object) -> object:
        calls.append(args)
        if len(calls) > 1:
            raise failure
        return real(*args)

    monkeypatch.setattr(exports, name, write)
    return calls


def test_a_failed_export_leaves_nothing_and_can_be_tried_again(
    start: Start, folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(folder)
    finish_object(hands, 20, 30)
    hands.do("next_photo")
    hands.wait_for_photo("photo2.png")
    finish_object(hands, 10, 10)
    (out / "photo1-labels.png").write_bytes(b"old")
    with monkeypatch.context() as patch:
        calls = failing_at_the_second(
            patch, "write_indexed_png", CannotWrite("“x” cannot be written: the disk is full.")
        )
        dialog = dialog_of(hands, Format.PNG, out)
        dialog.export_button.click()
        hands.wait_until(lambda: "disk is full" in dialog.summary.text())
    assert len(calls) == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"photo1-labels.png": b"old"}
    export(hands, dialog)
    assert len(list(out.iterdir())) == 2


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Stops the writing of Pascal VOC before the second photo: (it has stopped there, let it go on)."""
    reached, release = threading.Event(), threading.Event()
    real, calls = exports.write_voc, []

    def write(*args: object) -> object:
        calls.append(args)
        if len(calls) == 2:
            reached.set()
            release.wait()
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(exports, "write_voc", write)
    yield reached, release
    release.set()


def test_cancelling_ends_the_writing_and_leaves_nothing(
    start: Start, folder: Path, out: Path, gate: tuple[threading.Event, threading.Event]
) -> None:
    reached, release = gate
    hands = start(folder)
    for number in (1, 2, 3):
        hands.wait_for_photo(f"photo{number}.png")
        finish_object(hands, 20, 30)
        hands.do("next_photo")
    dialog = dialog_of(hands, Format.VOC, out)
    dialog.export_button.click()
    # The window goes on living while it is written.
    hands.wait_until(lambda: reached.is_set() and "photo2.png" in dialog.summary.text())
    assert dialog.progress_bar.maximum() == 3
    assert dialog.progress_bar.value() == 1
    assert not dialog.export_button.isEnabled()
    dialog.reject()
    assert dialog.isVisible()
    release.set()
    hands.wait_until(lambda: "nothing was written" in dialog.summary.text())
    assert list(out.iterdir()) == []
    assert dialog.export_button.isEnabled()
    dialog.reject()


def test_export_without_a_photo_says_so(start: Start) -> None:
    hands = start()
    hands.do("export")
    assert "Open a photo first" in hands.window.message_bar.text

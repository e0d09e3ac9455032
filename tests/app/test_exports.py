"""What the window writes, read back by somebody else."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from .conftest import Hands, Start


def choose(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(path), ""))


def two_objects(cat: Hands) -> None:
    for row, col in ((100, 100), (200, 300)):
        cat.click(row, col)
        cat.wait_for_mask()
        cat.press(Qt.Key.Key_Space)


def test_png_holds_the_ids(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_objects(cat)
    choose(monkeypatch, tmp_path / "labels.png")
    cat.do("export_png")
    written = np.asarray(Image.open(tmp_path / "labels.png"))
    assert written.shape == (300, 451)
    assert {int(each) for each in np.unique(written)} == {0, 1, 2}
    for number in (1, 2):
        np.testing.assert_array_equal(written == number, cat.photo.annotation.mask(number, cat.photo.viewpoint.key))
    assert "2 objects written" in cat.window.message_bar.text


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")  # pycocotools' own
def test_coco_decodes_to_the_masks(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pycocotools.coco import COCO

    two_objects(cat)
    choose(monkeypatch, tmp_path / "labels")
    cat.do("export_coco")
    target = tmp_path / "labels.json"
    assert json.loads(target.read_text(encoding="utf-8"))["categories"][0]["id"] == 1
    read = COCO(str(target))
    annotations = read.loadAnns(read.getAnnIds())
    assert len(annotations) == 2
    for number, each in enumerate(annotations, start=1):
        mask = cat.photo.annotation.mask(number, cat.photo.viewpoint.key)
        np.testing.assert_array_equal(read.annToMask(each).astype(bool), mask)
        assert each["area"] == mask.sum()


def test_open_object_is_finished_before_the_export(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    choose(monkeypatch, tmp_path / "labels.png")
    cat.do("export_png")
    assert np.asarray(Image.open(tmp_path / "labels.png"))[100, 100] == 1


def test_failed_export_is_told_and_leaves_nothing(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_objects(cat)
    choose(monkeypatch, tmp_path / "gone" / "labels.png")
    cat.do("export_png")
    assert "cannot be written" in cat.window.message_bar.text
    assert not (tmp_path / "gone").exists()


def test_cancelled_dialog_writes_nothing(cat: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_objects(cat)
    choose(monkeypatch, "")
    before = sorted(tmp_path.iterdir())
    cat.do("export_png")
    cat.do("export_coco")
    assert sorted(tmp_path.iterdir()) == before


def test_export_without_a_photo_says_so(start: Start) -> None:
    hands = start()
    hands.do("export_png")
    assert "Open a photo first" in hands.window.message_bar.text

"""What the window writes, read back by somebody else."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

from isegformer_app.controllers.export_plan import Format
from isegformer_app.document.object_edits import ClassifyObject, NewClass
from isegformer_app.settings import Settings
from tests.app.conftest import Hands, Start
from tests.app.exporting import dialog_of, export, finish_object, mask, pixels, report_of, two_objects

# pycocotools has not learnt numpy 2's copy keyword yet.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_png_holds_the_ids(cat: Hands, out: Path) -> None:
    two_objects(cat)
    headline, lines = export(cat, dialog_of(cat, Format.PNG, out))
    written = pixels(out / "cat-labels.png")
    assert written.shape == (300, 451)
    assert {int(each) for each in np.unique(written)} == {0, 1, 2}
    for number in (1, 2):
        np.testing.assert_array_equal(written == number, mask(cat, number))
    assert headline == "Saved. 1 file with 2 objects of 1 photo written and read back."
    assert "cat-labels.png" in lines
    assert "2 objects of 1 photo" in cat.window.message_bar.text


@pytest.mark.parametrize("is_there", [True, False])
def test_the_folder_is_shown_or_named(
    cat: Hands, out: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    shown: list[Path] = []
    named: list[str] = []

    def show(url: QUrl) -> bool:
        shown.append(Path(url.toLocalFile()))
        return is_there

    monkeypatch.setattr(QDesktopServices, "openUrl", show)
    monkeypatch.setattr(QMessageBox, "information", lambda _parent, _title, text: named.append(text))
    two_objects(cat)
    dialog_of(cat, Format.PNG, out).export_button.click()
    report = report_of(cat)
    next(each for each in report.findChildren(QPushButton) if each.text() == "Show &folder").click()
    assert shown == [out]
    assert [str(out) in each for each in named] == ([] if is_there else [True])
    report.reject()


def test_coco_decodes_to_the_masks(cat: Hands, out: Path) -> None:
    from pycocotools.coco import COCO

    two_objects(cat)
    dialog = dialog_of(cat, Format.COCO, out)
    assert dialog.name_edit.text() == "cat-coco.json"
    dialog.name_edit.setText("labels")
    export(cat, dialog)
    read = COCO(str(out / "labels.json"))
    annotations = read.loadAnns(read.getAnnIds())
    assert len(annotations) == 2
    for number, each in enumerate(annotations, start=1):
        np.testing.assert_array_equal(read.annToMask(each).astype(bool), mask(cat, number))
        assert each["area"] == mask(cat, number).sum()


def test_coco_polygons_say_how_far_they_may_be_off(cat: Hands, out: Path) -> None:
    two_objects(cat)
    dialog = dialog_of(cat, Format.COCO, out)
    assert dialog.tolerance_spin.isHidden()
    dialog.masks_box.setCurrentIndex(1)
    assert not dialog.tolerance_spin.isHidden()
    dialog.tolerance_spin.setValue(2.5)
    export(cat, dialog)
    content = json.loads((out / "cat-coco.json").read_text())
    assert all(isinstance(each["segmentation"], list) for each in content["annotations"])
    assert "within 2.5 pixels" in content["info"]["description"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Format.OBJECTS, {"cat-1-object 1.png", "cat-2-object 2.png"}),
        (Format.YOLO, {"labels/cat.txt", "data.yaml"}),
        (Format.VOC, {"SegmentationClass/cat.png", "SegmentationObject/cat.png", "labels.txt"}),
        (Format.LABELME, {"cat.json"}),
        (Format.EFFORT, {"cat-effort.csv"}),
    ],
)
def test_the_preview_names_the_files_that_are_written(cat: Hands, out: Path, kind: Format, names: set[str]) -> None:
    two_objects(cat)
    dialog = dialog_of(cat, kind, out)
    assert set(dialog.preview.toPlainText().splitlines()) == names
    assert f"{len(names)} file" in dialog.summary.text()
    export(cat, dialog)
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == names


def test_open_object_is_finished_before_the_export(cat: Hands, out: Path) -> None:
    cat.click(100, 100)
    cat.wait_for_mask()
    export(cat, dialog_of(cat, Format.PNG, out))
    assert pixels(out / "cat-labels.png")[100, 100] == 1


def test_all_photos_of_the_queue_and_those_left_out(start: Start, folder: Path, out: Path) -> None:
    hands = start(folder)
    finish_object(hands, 20, 30)
    first = mask(hands, 1)
    hands.do("next_photo")
    hands.wait_for_photo()
    finish_object(hands, 10, 10)
    second = mask(hands, 1)
    dialog = dialog_of(hands, Format.PNG, out)
    assert "2 of 3" in dialog.all_photos.text()
    assert dialog.all_photos.isChecked()
    assert "1 left out (no objects): photo3.png" in dialog.preview.toPlainText()
    headline, lines = export(hands, dialog)
    assert "2 files with 2 objects of 2 photos" in headline
    assert "photo3.png" in lines
    np.testing.assert_array_equal(pixels(out / "photo1-labels.png"), first)
    np.testing.assert_array_equal(pixels(out / "photo2-labels.png"), second)


def test_this_photo_alone(start: Start, folder: Path, out: Path) -> None:
    hands = start(folder)
    finish_object(hands, 20, 30)
    hands.do("next_photo")
    hands.wait_for_photo()
    finish_object(hands, 10, 10)
    dialog = dialog_of(hands, Format.LABELME, out)
    dialog.only_this.setChecked(True)
    export(hands, dialog)
    assert [path.name for path in out.iterdir()] == ["photo2.json"]


def test_ampersand_in_the_name_of_the_photo_is_shown(start: Start, folder: Path) -> None:
    photo = (folder / "photo1.png").rename(folder / "cat & dog.png")
    hands = start(photo)
    dialog = dialog_of(hands)
    # Two of them stand for one; one alone would underline the next letter.
    assert dialog.only_this.text() == "Only “cat && dog.png”"
    dialog.reject()


def test_a_class_has_one_number_on_all_photos(start: Start, folder: Path, out: Path) -> None:
    hands = start(folder)
    finish_object(hands, 20, 30)
    hands.do("next_photo")
    hands.wait_for_photo()
    finish_object(hands, 10, 10)
    hands.window.objects.choose(1)
    assert hands.window.segmenting.apply(NewClass("dog", (1, 2, 3)))
    assert hands.window.segmenting.apply(ClassifyObject(1, 2))
    dialog = dialog_of(hands, Format.PNG, out)
    dialog.numbers_box.setCurrentIndex(1)
    export(hands, dialog)
    assert set(np.unique(pixels(out / "photo1-classes.png"))) == {0, 1}
    assert set(np.unique(pixels(out / "photo2-classes.png"))) == {0, 2}
    with (out / "classes.csv").open(encoding="utf-8-sig", newline="") as handle:
        table = list(csv.DictReader(handle))
    assert [(each["number"], each["class"]) for each in table] == [("1", "object"), ("2", "dog")]
    export(hands, dialog_of(hands, Format.YOLO, out))
    assert (out / "labels" / "photo1.txt").read_text().split()[0] == "0"
    assert (out / "labels" / "photo2.txt").read_text().split()[0] == "1"


def test_photos_of_one_name_do_not_overwrite_each_other(start: Start, tmp_path: Path, out: Path) -> None:
    paths = [tmp_path / name / "photo.png" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        Image.new("RGB", (60, 40)).save(path)
    hands = start(*paths)
    finish_object(hands, 20, 30)
    hands.do("next_photo")
    hands.wait_for_photo()
    finish_object(hands, 10, 10)
    _, lines = export(hands, dialog_of(hands, Format.PNG, out))
    assert {path.name for path in out.iterdir()} == {"photo-labels.png", "b-photo-labels.png"}
    assert "is written as “b-photo”" in lines


def test_effort_counts_clicks_and_survives_the_session(
    start: Start, cat_photo: Path, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(cat_photo)
    hands.click(100, 100)
    hands.click(120, 130)
    hands.do("undo")
    hands.right_click(30, 30)
    hands.wait_for_mask()
    hands.press(Qt.Key.Key_Space)
    seconds = hands.photo.annotation.effort[1].seconds
    assert seconds > 0
    session = tmp_path / "work.isegformer"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (str(session), ""))
    hands.do("save")
    again = start(session)
    again.window.objects.choose(1)
    again.do("reopen")
    again.click(200, 200)
    again.wait_for_mask()
    again.press(Qt.Key.Key_Space)
    export(again, dialog_of(again, Format.EFFORT, out))
    with (out / "cat-effort.csv").open(encoding="utf-8-sig", newline="") as handle:
        (row,) = csv.DictReader(handle)
    assert (row["clicks"], row["clicks kept"]) == ("4", "3")
    assert float(row["seconds"]) >= round(seconds, 1)


def test_format_and_folder_are_remembered(cat: Hands, out: Path) -> None:
    two_objects(cat)
    export(cat, dialog_of(cat, Format.LABELME, out))
    dialog = dialog_of(cat)
    assert dialog.choice.format is Format.LABELME
    assert dialog.choice.folder == out
    dialog.reject()
    cat.window.files.album.mark_saved()
    cat.window.close()
    assert Settings.load().export_format == "labelme"
    assert Settings.load().export_folder == str(out)

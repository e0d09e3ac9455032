"""Volumes out of the window and labels back into it: exported, read by nibabel, and imported again."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from isegformer_app.controllers.export_plan import OF_VOLUMES, Format
from isegformer_app.document.object_edits import RecolourObject, RenameObject
from isegformer_app.inference import FakeEngine
from tests.app.exporting import dialog_of, export

from .conftest import Hands, Start, answering
from .volumes import SHAPE, click, write_volume

nib: Any = nibabel


@pytest.fixture
def volume(start: Start, tmp_path: Path) -> Hands:
    """The window with a volume, and one object on two of its slices."""
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    hands.window.actions_by_name["axial"].trigger()
    click(hands, 0, 20, 15)
    hands.press(Qt.Key.Key_PageDown)
    click(hands, 0, 10, 8)
    hands.press(Qt.Key.Key_Space)
    return hands


def voxels(hands: Hands, number: int) -> np.ndarray:
    return hands.photo.annotation.label_map.voxels(number)


def choose(hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args, **_options: (str(path), ""))
    hands.do("import_mask")


def test_labels_lie_on_the_image_and_come_back(volume: Hands, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headline, _ = export(volume, dialog_of(volume, Format.NIFTI, out))
    assert "read back" in headline
    image = nib.load(volume.photo.path)
    labels = nib.load(out / "volume-labels.nii.gz")
    assert labels.shape == image.shape
    np.testing.assert_array_equal(labels.affine, image.affine)
    mine = voxels(volume, 1)
    assert mine.sum() > 20
    np.testing.assert_array_equal(np.asarray(labels.dataobj) == 1, mine[::-1, ::-1, ::-1].transpose(2, 1, 0))
    choose(volume, out / "volume-labels.nii.gz", monkeypatch)
    volume.wait_until(lambda: "1 object imported" in volume.window.message_bar.text)
    np.testing.assert_array_equal(voxels(volume, 2), mine)
    volume.do("undo")
    assert len(volume.photo.annotation.objects) == 1


def test_labels_of_another_grid_are_resampled_only_when_asked(
    volume: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = nib.load(volume.photo.path)
    coarse = np.ones((5, 5, 5), np.uint8)
    path = tmp_path / "coarse.nii.gz"
    nib.save(nib.Nifti1Image(coarse, image.affine), path)
    with answering("Cancel") as asked:
        choose(volume, path, monkeypatch)
        volume.wait_until(lambda: bool(asked))
    assert "5 x 5 x 5 voxels large" in asked[0]
    assert len(volume.photo.annotation.objects) == 1
    with answering("&Resample"):
        choose(volume, path, monkeypatch)
        volume.wait_until(lambda: len(volume.photo.annotation.objects) == 2)
        volume.wait_until(lambda: volume.window.segmenting.photo is not None)
    assert voxels(volume, 2).sum() == 125
    bars = [pane.bar for pane in volume.window.planes.panes]
    both = voxels(volume, 1) | voxels(volume, 2)
    expected = [np.flatnonzero(both.any(axis=tuple({0, 1, 2} - {axis}))).tolist() for axis in range(3)]
    # The count begins anew, for the labels came while the volume was off the desk.
    volume.wait_until(lambda: [bar.marked for bar in bars] == expected)


def test_numbers_of_labels_come_back_as_they_were(
    start: Start, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    image = nib.load(hands.photo.path)
    numbers = np.zeros(image.shape, np.uint16)
    numbers[:5], numbers[5:9], numbers[20:] = 7, 52, 300
    nib.save(nib.Nifti1Image(numbers, image.affine), tmp_path / "labels.nii.gz")
    choose(hands, tmp_path / "labels.nii.gz", monkeypatch)
    hands.wait_until(lambda: "3 objects imported" in hands.window.message_bar.text)
    assert [each.name for each in hands.photo.annotation.objects] == ["object 7", "object 52", "object 300"]
    export(hands, dialog_of(hands, Format.NIFTI, out))
    np.testing.assert_array_equal(np.asarray(nib.load(out / "volume-labels.nii.gz").dataobj), numbers)
    # Where a number is taken, the name keeps it.
    choose(hands, tmp_path / "labels.nii.gz", monkeypatch)
    hands.wait_until(lambda: len(hands.photo.annotation.objects) == 6)
    again = [(each.id, each.name) for each in hands.photo.annotation.objects[3:]]
    assert again == [(301, "label 7"), (302, "label 52"), (303, "label 300")]


def test_names_and_colours_of_slicer_come_back(volume: Hands, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    volume.photo.annotation.apply(RenameObject(1, "Leber größer"))
    volume.photo.annotation.apply(RecolourObject(1, (12, 200, 77)))
    export(volume, dialog_of(volume, Format.SEG_NRRD, out))
    choose(volume, out / "volume.seg.nrrd", monkeypatch)
    volume.wait_until(lambda: len(volume.photo.annotation.objects) == 2)
    made = volume.photo.annotation.objects[1]
    assert (made.name, made.colour) == ("Leber größer", (12, 200, 77))


def test_the_highest_numbers_leave_room_for_other_objects(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    image = nib.load(hands.photo.path)
    nib.save(nib.Nifti1Image(np.full(image.shape, 65535, np.uint16), image.affine), tmp_path / "labels.nii.gz")
    choose(hands, tmp_path / "labels.nii.gz", monkeypatch)
    hands.wait_until(lambda: "1 object imported" in hands.window.message_bar.text)
    assert [(each.id, each.name) for each in hands.photo.annotation.objects] == [(1, "label 65535")]


def offered(hands: Hands) -> set[Format]:
    dialog = dialog_of(hands)
    kinds = {dialog.format_box.itemData(place) for place in range(dialog.format_box.count())}
    dialog.reject()
    return kinds


def test_every_format_is_offered_for_a_volume(volume: Hands) -> None:
    assert offered(volume) == set(Format)


def test_formats_of_volumes_are_not_offered_for_photos(cat: Hands) -> None:
    assert offered(cat) == set(Format) - OF_VOLUMES


def test_what_was_done_is_said_below_a_problem_that_stays(
    volume: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar = volume.window.message_bar
    assert bar.text.startswith("This is no medical device")
    image = nib.load(volume.photo.path)
    nib.save(nib.Nifti1Image(np.ones(image.shape, np.uint8), image.affine), tmp_path / "labels.nii.gz")
    choose(volume, tmp_path / "labels.nii.gz", monkeypatch)
    volume.wait_until(lambda: "1 object imported" in bar.text)
    assert bar.text.startswith("This is no medical device")
    bar.clear()
    choose(volume, tmp_path / "labels.nii.gz", monkeypatch)
    volume.wait_until(lambda: bar.text == "1 object imported; click to correct.")


def test_a_slice_takes_a_picture_of_a_mask(volume: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = np.zeros(SHAPE[1:], np.uint8)
    mask[2:5, 3:7] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    choose(volume, tmp_path / "mask.png", monkeypatch)
    volume.wait_until(lambda: "1 object imported" in volume.window.message_bar.text)
    key = volume.photo.viewpoint.key
    assert key.index == SHAPE[0] // 2 + 1
    np.testing.assert_array_equal(volume.photo.annotation.mask(2, key), mask > 0)
    assert voxels(volume, 2).sum() == 12


def test_an_export_speaks_of_volumes_and_slices(volume: Hands, out: Path) -> None:
    dialog = dialog_of(volume, target=out)
    assert dialog.choice.format is Format.NIFTI
    assert dialog.summary.text() == "1 file will be written, with 1 object of 1 volume."
    dialog.format_box.setCurrentIndex(dialog.format_box.findData(Format.COCO))
    assert dialog.summary.text() == "3 files will be written, with 2 objects of 2 slices."
    assert dialog.name_edit.text() == "volume-coco.json"
    dialog.format_box.setCurrentIndex(dialog.format_box.findData(Format.DICOM_SEG))
    assert dialog.summary.text() == "There is nothing that this format can hold; why is said below."
    assert "no DICOM series" in dialog.preview.toPlainText()
    dialog.format_box.setCurrentIndex(dialog.format_box.findData(Format.SEG_NRRD))
    export(volume, dialog)
    again = dialog_of(volume)
    assert again.choice.format is Format.SEG_NRRD
    again.reject()
    volume.do("undo")
    volume.do("undo")
    volume.do("undo")
    volume.do("undo")
    empty = dialog_of(volume)
    assert empty.summary.text() == "“volume.nii.gz” has nothing to export yet: finish an object first."
    empty.reject()

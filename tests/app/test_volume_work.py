"""Work on volumes is kept: through saving and a restart, a crash, and a photo in between."""

import threading
from pathlib import Path

import nibabel
import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt

from isegformer_app.controllers.export_plan import Format
from isegformer_app.document import MaskCrop, Origin, SliceKey
from isegformer_app.document.edits import ProposeMask
from isegformer_app.document.object_edits import NewObject
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.volume_chooser import VolumeChooser

from .conftest import Hands, Start
from .exporting import dialog_of, export
from .files.volumes.series import write_series
from .test_recovery import die, save_to, start_again
from .volumes import click, move, point, turn, write_volume

SERIES = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests" / "98892001"
"""A real CT that travels with pydicom: CT5N has five slices, CT2N two scouts of different directions."""


def open_series(start: Start) -> Hands:
    hands = start(SERIES / "CT5N", engine=FakeEngine(radius=3))
    hands.wait_for_photo()
    hands.window.message_bar.clear()
    return hands


def test_series_is_opened_clicked_saved_and_gone_on_with(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands = open_series(start)
    canvas = hands.window.planes.active
    assert hands.photo.viewpoint.key == SliceKey(0, 2)
    hands.press(Qt.Key.Key_5, Qt.KeyboardModifier.AltModifier)
    assert hands.photo.viewpoint.window == (-160, 240)
    turn(canvas, -2)
    for index in range(3):
        click(hands, 0, 5 + index, 6)
        turn(canvas, 1)
    click(hands, 0, 12, 12)
    hands.do("undo")
    hands.press(Qt.Key.Key_Space)
    voxels = hands.photo.annotation.label_map.voxels(1).copy()
    assert voxels.any(axis=(1, 2)).tolist() == [True, True, True, False, False]
    assert hands.window.planes.panes[0].bar.marked == [0, 1, 2]
    hands.do("previous_annotated")
    assert hands.photo.viewpoint.key.index == 2
    seen, normalisation = hands.photo.viewpoint.cursor, hands.photo.viewpoint.normalisation
    target = tmp_path / "work.isegformer"
    assert save_to(hands, target, monkeypatch)
    hands.wait_until(lambda: not hands.window.isWindowModified())
    title = hands.window.windowTitle()
    assert hands.window.close()

    again = start(target, engine=FakeEngine(radius=3))
    again.wait_for_photo()
    np.testing.assert_array_equal(again.photo.annotation.label_map.voxels(1), voxels)
    view = again.photo.viewpoint
    assert (view.window, view.normalisation, view.cursor) == ((-160, 240), normalisation, seen)
    assert again.window.windowTitle() == title
    again.window.objects.choose(1)
    assert again.clicks == [(7, 6, True)]
    again.wait_until(lambda: again.window.planes.panes[0].bar.marked == [0, 1, 2])
    _export_and_compare(again, tmp_path, voxels)


def _export_and_compare(hands: Hands, folder: Path, voxels: NDArray[np.bool_]) -> None:
    """Export as NIfTI and find every labelled voxel at the place in the patient that the series gives it."""
    headline, _ = export(hands, dialog_of(hands, Format.NIFTI, folder))
    assert "1" in headline
    (written,) = folder.glob("*.nii*")
    read = nibabel.load(written)
    labels = np.asarray(read.dataobj)  # type: ignore[attr-defined]
    assert labels.sum() == voxels.sum()
    there = np.argwhere(labels) @ np.asarray(read.affine)[:3, :3].T + np.asarray(read.affine)[:3, 3]  # type: ignore[attr-defined]
    here = hands.photo.volume.to_patient(np.argwhere(voxels).astype(np.float64))
    distances = np.linalg.norm(here[:, None] - there[None], axis=2)
    assert distances.min(axis=1).max() < 0.01
    assert distances.min(axis=0).max() < 0.01


def test_work_on_a_series_survives_a_crash(start: Start) -> None:
    hands = open_series(start)
    click(hands, 0, 5, 6)
    turn(hands.window.planes.active, 1)
    click(hands, 0, 8, 8)
    hands.window.volumes.windowing.show((-200.0, 300.0))
    hands.window.volumes.windowing.show_network("display window")
    click(hands, 0, 9, 9)
    die(hands)
    again, _ = start_again(start, "Restore")
    again.wait_for_photo()
    view = again.photo.viewpoint
    assert (view.window, view.key) == ((-200.0, 300.0), SliceKey(0, 3))
    assert view.normalisation is not None
    assert view.normalisation.name == "display window"
    annotation = again.photo.annotation
    assert again.photo.image is not None
    assert annotation.mask(1, SliceKey(0, 2))[5, 6]
    assert annotation.objects[0].prompt(SliceKey(0, 3)).clicks[0].row == 8


def test_folder_of_several_volumes_lets_one_choose(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[VolumeChooser] = []

    def exec_(chooser: VolumeChooser) -> int:
        asked.append(chooser)
        assert [each.text(0) for each in chooser._rows] == ["4 Scout (direction 1)", "4 Scout (direction 2)"]
        assert "2 directions" in chooser._notes.text()
        chooser.tree.clearSelection()
        chooser._rows[1].setSelected(True)
        chooser.accept()
        return int(VolumeChooser.DialogCode.Accepted)

    monkeypatch.setattr(VolumeChooser, "exec", exec_)
    hands = start()
    hands.window.files.open_paths([SERIES / "CT2N"])
    hands.wait_for_photo()
    assert len(asked) == 1
    assert [path.name.rpartition(" (")[0] for path in hands.window.files.album.paths] == ["4 Scout (direction 2)"]
    assert "2 directions" in hands.window.message_bar.text


def test_volumes_have_pictures_in_the_list(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write_volume(tmp_path / name) for name in ("a.nii.gz", "b.nii.gz")]
    hands = start(*paths, engine=FakeEngine(radius=4))
    find = hands.window.photos_panel.thumbnails.find
    hands.wait_until(lambda: all(find(path) is not None for path in paths))
    assert save_to(hands, tmp_path / "work.isegformer", monkeypatch)
    hands.wait_until(lambda: not hands.window.isWindowModified())
    assert hands.window.close()
    again = start(tmp_path / "work.isegformer")
    find_again = again.window.photos_panel.thumbnails.find
    again.wait_until(lambda: all(find_again(path) is not None for path in paths))


def test_volume_that_cannot_be_read_is_told_and_the_photo_stays(cat: Hands, tmp_path: Path) -> None:
    broken = write_volume(tmp_path / "broken.nii")
    broken.write_bytes(broken.read_bytes()[:400])
    cat.window.files.open_paths([broken])
    cat.wait_until(lambda: "broken.nii" in cat.window.message_bar.text)
    assert cat.photo.path.name == "cat.png"


def test_measures_are_those_of_the_finished_masks(start: Start, tmp_path: Path) -> None:
    hands = start(write_volume(tmp_path / "volume.nii"), engine=FakeEngine(radius=2))
    hands.wait_for_photo()
    hands.do("axial")
    click(hands, 0, 10, 10)
    hands.press(Qt.Key.Key_Space)
    hands.do("measures")
    panel, mask = hands.window.measures.panel, hands.photo.annotation.label_map.voxels(1)
    values = hands.photo.volume.array[mask]
    cells = [panel.item(0, column) for column in range(panel.columnCount())]
    words = [cell.text() for cell in cells if cell is not None]
    count = int(mask.sum())
    expected = [str(count), f"{count * 10 / 1000:.3f}", f"{count * 2:.1f}"]
    assert words == ["object 1", *expected, f"{values.mean():.1f}", f"{values.std():.1f}"]
    turn(hands.window.canvas, 1)
    area = panel.item(0, 3)
    assert area is not None
    assert area.text() == "0.0"


@pytest.mark.parametrize("upwards", [1.0, -1.0])
def test_slices_at_uneven_distances_count_by_their_places(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upwards: float
) -> None:
    affine = np.array([[0, 0, -1.0, 30], [0, -1.0, 0, 40], [2.0 * upwards, 0, 0, -50], [0, 0, 0, 1]])
    folder = write_series(tmp_path / "series", np.zeros((6, 40, 30), np.int16), affine)
    for place in (4, 3):
        (folder / f"{(place * 13) % 97:03d}-{place:03d}.dcm").unlink()
    monkeypatch.setattr(VolumeChooser, "exec", choose_last)
    hands = start()
    hands.window.files.open_paths([folder])
    hands.wait_for_photo()
    heights = sorted((-50 + 2 * upwards * place for place in (0, 1, 2, 5)), reverse=True)
    canvas = hands.window.canvas
    move(canvas, point(canvas, 10, 12))
    turn(canvas, -10)
    for height in heights:
        assert hands.window.status_bar.position.text().endswith(f"R 18.0 A 30.0 I {-height:.1f} mm")
        turn(canvas, 1)
    click(hands, 0, 10, 12)
    hands.press(Qt.Key.Key_Space)
    hands.do("measures")
    voxels, volume = (hands.window.measures.panel.item(0, column) for column in (1, 2))
    assert voxels is not None
    assert volume is not None
    thick = heights[-2] - heights[-1]
    assert float(volume.text()) == pytest.approx(int(voxels.text()) * thick / 1000, abs=1e-3)


def test_between_slices_at_uneven_distances_shapes_go_by_their_places(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    affine = np.array([[0, 0, -1.0, 30], [0, -1.0, 0, 40], [-2.0, 0, 0, -50], [0, 0, 0, 1]])
    folder = write_series(tmp_path / "series", np.zeros((6, 40, 30), np.int16), affine)
    for place in (4, 3, 2):
        (folder / f"{(place * 13) % 97:03d}-{place:03d}.dcm").unlink()
    monkeypatch.setattr(VolumeChooser, "exec", choose_last)
    hands = start(engine=FakeEngine(radius=4))
    hands.window.files.open_paths([folder])
    hands.wait_for_photo()
    hands.window.volumes.slicing.go_to(0, 0)
    click(hands, 0, 20, 5)
    hands.window.volumes.slicing.go_to(0, 2)
    click(hands, 0, 20, 25)
    hands.press(Qt.Key.Key_Space)
    hands.do("fill_between")
    hands.wait_until(lambda: bool(hands.photo.annotation.mask(1, SliceKey(0, 1)).any()))
    # The slice between lies a fifth of the way from the first.
    columns = np.argwhere(hands.photo.annotation.mask(1, SliceKey(0, 1)))[:, 1]
    assert columns.mean() == pytest.approx(5 + 20 / 5, abs=1)


def choose_last(chooser: VolumeChooser) -> int:
    chooser.tree.clearSelection()
    chooser._rows[-1].setSelected(True)
    chooser.accept()
    return int(VolumeChooser.DialogCode.Accepted)


def test_a_mask_of_one_slice_is_never_drawn_on_another(start: Start, tmp_path: Path) -> None:
    answer = threading.Event()
    hands = start(write_volume(tmp_path / "volume.nii"), engine=FakeEngine(radius=4, script=[answer]))
    hands.wait_for_photo()
    axial, mask = SliceKey(0, 5), np.zeros((40, 30), np.bool_)
    mask[25:38, 4:9] = True
    annotation, segmenting = hands.photo.annotation, hands.window.segmenting
    annotation.apply(NewObject(1, annotation.classes[0].id))
    annotation.apply(ProposeMask(1, axial, MaskCrop.of(mask), Origin.DOUBTFUL))
    segmenting.turn_to(axial)
    segmenting.select(1)
    # What is in doubt stays open when another slice is looked at; the click there waits for its answer.
    hands.do("coronal")
    segmenting.click(5, 6, True)
    coronal = hands.photo.viewpoint.key
    hands.do("undo")
    segmenting.turn_to(axial)
    segmenting.select(1)
    assert segmenting.shown is not None
    hands.do("redo")
    assert hands.photo.viewpoint.key == coronal
    assert not segmenting.shown
    answer.set()
    hands.wait_for_mask()

"""Volumes of sessions become images slice by slice, with the very pixels that were annotated."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from isegformer_app.__main__ import main, open_kept_slices
from isegformer_app.controllers.opening import open_volume, volume_path
from isegformer_app.controllers.photo import Photo
from isegformer_app.document import Click, MaskCrop, SliceKey
from isegformer_app.document.edits import AcceptMask, AddClick
from isegformer_app.document.normalisation import Normalisation
from isegformer_app.document.object_edits import NewObject
from isegformer_app.files.session import Session, Work, save_session
from isegformer_app.files.volumes import find_volumes
from isegformer_app.files.volumes.image import unwatched
from isegformer_app.inference.cases import read_case
from model.data.images import read_image
from model.data.own_data import open_own_data
from model.data.session_sets import open_session
from model.data.session_volumes import open_volumes_with
from tests.app.files.volumes.made import write_nifti
from tests.app.files.volumes.series import write_series

SHAPE = (9, 24, 30)
AFFINE = np.array([[0, 1.5, 0, -20], [0, 0, -2.0, 30], [-4.0, 0, 0, 10], [0, 0, 0, 1.0]])
"""Of (i, j, k): from head to feet, left to right, front to back. Not the order of the window in any axis."""


def values() -> np.ndarray:
    """Random cubes that look different from every side."""
    cubes = np.random.default_rng(3).random((3, 6, 6)) > 0.6
    return np.repeat(np.repeat(np.repeat(cubes, 3, 0), 4, 1), 5, 2).astype(np.int16) * 900


def opened(folder: Path, kind: str) -> Photo:
    if kind == "NIfTI":
        write_nifti(folder / "scan.nii.gz", values(), AFFINE)
    else:
        write_series(folder / "series", values(), AFFINE)
    (choice,) = find_volumes([folder]).choices
    photo = open_volume(volume_path(choice), choice, unwatched, lambda _first: None)
    assert photo.annotation.shape != SHAPE, "the file keeps its axes in another order"
    return photo


def annotate(photo: Photo, keys: Sequence[SliceKey]) -> None:
    """Give an object the bright pixels of some slices, after a click on each."""
    photo.annotation.apply(NewObject(1, photo.annotation.classes[0].id))
    for key in keys:
        photo.annotation.apply(AddClick(1, key, Click(1, 1, is_positive=True)))
        photo.annotation.apply(AcceptMask(1, key, MaskCrop.of(photo.rgb(key)[..., 0] > 127)))


def saved(photo: Photo, target: Path) -> Path:
    assert photo.image is not None
    work = Work.of(photo.annotation, photo.content_hash, photo.viewpoint)
    save_session(target, Session((photo.path,), photo.path, {photo.path: work}, None, {photo.path: photo.image.source}))
    return target


@pytest.mark.parametrize("kind", ["NIfTI", "DICOM"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_of_the_clicked_plane_lie_under_their_labels(tmp_path: Path, kind: str, axis: int) -> None:
    open_volumes_with(open_kept_slices)
    (tmp_path / "data").mkdir()
    photo = opened(tmp_path / "data", kind)
    keys = [SliceKey(axis, 2), SliceKey(axis, 5)]
    annotate(photo, keys)
    images = open_own_data([saved(photo, tmp_path / "work.isegformer")]).images
    assert [image.place for image in images] == [(axis, 2), (axis, 5)]
    assert len({image.group for image in images}) == 1
    for image, key in zip(images, keys, strict=True):
        pixels, objects = image.read()
        assert np.array_equal(pixels, photo.rgb(key))
        assert np.array_equal(objects.mask(1), photo.annotation.mask(1, key))
        assert 0 < objects.mask(1).sum() < objects.mask(1).size


def test_values_are_seen_as_the_network_of_the_window_saw_them(tmp_path: Path) -> None:
    open_volumes_with(open_kept_slices)
    photo = opened(tmp_path, "NIfTI")
    annotate(photo, [SliceKey(0, 2)])
    photo.viewpoint.normalisation = Normalisation("wide", 0.0, 9000.0)
    (image,) = open_session(saved(photo, tmp_path / "work.isegformer")).images
    assert image.read_pixels().max() == 25  # 900 of 9000 is a tenth of white.


def test_an_open_object_of_a_volume_is_not_finished(tmp_path: Path) -> None:
    photo = opened(tmp_path, "NIfTI")
    annotate(photo, [SliceKey(0, 2)])
    photo.annotation.apply(AddClick(1, SliceKey(0, 3), Click(1, 1, is_positive=True)))
    found = open_session(saved(photo, tmp_path / "work.isegformer"), only_finished=True)
    assert (found.images, found.troubles[0].reason) == ((), "It holds no finished object.")


def test_a_volume_that_is_gone_is_named(tmp_path: Path) -> None:
    photo = opened(tmp_path, "NIfTI")
    annotate(photo, [SliceKey(0, 2)])
    session = saved(photo, tmp_path / "work.isegformer")
    (tmp_path / "scan.nii.gz").unlink()
    found = open_session(session)
    assert not found.images
    assert "not at" in found.troubles[0].reason


def test_the_finished_slices_are_evaluated_and_their_clicks_can_be_made_again(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    photo = opened(tmp_path / "data", "DICOM")
    key = SliceKey(1, 3)
    annotate(photo, [key])
    session, run = saved(photo, tmp_path / "work.isegformer"), tmp_path / "run"
    words = ["evaluate", "--dataset", "project", "--root", str(session), "--model", "grabcut", "--max-clicks", "2"]
    assert main([*words, "--output", str(run)]) == 0
    with (run / "objects.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert int(row["area"]) == photo.annotation.mask(1, key).sum()
    case = read_case(run, f"{row['stem']}/1")
    assert np.array_equal(read_image(case.photo), photo.rgb(key))

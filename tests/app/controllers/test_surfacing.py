"""Surfaces for the screen are those of the files, made of what changed alone."""

from pathlib import Path

import numpy as np
import pytest

from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Cancelled
from isegformer_app.controllers.surfacing import changed_ids, make_surfaces
from isegformer_app.document import Change, MaskCrop, OverlapRule, SliceKey
from isegformer_app.document.edits import PlaceMask
from isegformer_app.files.exports.surfaces import surface

from ..files.volumes.labelled import annotated, opened, two_blocks
from ..files.volumes.made import OBLIQUE, write_nifti
from ..files.volumes.series import write_series

AXIAL = np.array([[0, 0, -1.0, 0], [0, -1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])


def untold(done: int, total: int, name: str) -> None:
    """Nobody wants to know."""


@pytest.fixture
def photo(tmp_path: Path) -> Photo:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    labelled = annotated(image, two_blocks(image.volume.shape))
    return Photo(labelled.path, image.volume, labelled.annotation, image=image)


def test_surfaces_are_those_of_the_export(photo: Photo) -> None:
    assert photo.image is not None
    labelled = annotated(photo.image, two_blocks(photo.volume.shape))
    made = make_surfaces(photo, {1, 2, 9}, untold)
    assert sorted(made) == [1, 2]
    for number, each in made.items():
        points, faces = surface(labelled, labelled.annotation.label_map.voxels(number))
        np.testing.assert_array_equal(each.points, points)
        np.testing.assert_array_equal(each.faces, faces)


def test_normals_point_outwards(photo: Photo) -> None:
    each = make_surfaces(photo, {1}, untold)[1]
    np.testing.assert_allclose(np.linalg.norm(each.normals, axis=1), 1, atol=1e-5)
    outwards = each.points - each.points.mean(axis=0)
    assert (np.einsum("ij,ij->i", outwards, each.normals) > 0).all()


def test_objects_that_gain_or_lose_voxels_are_named(photo: Photo) -> None:
    changes: list[Change] = []
    photo.annotation.subscribe(changes.append)
    mask = np.zeros(photo.volume.shape[1:], dtype=np.bool_)
    mask[1:3, 0:2] = True
    photo.annotation.apply(PlaceMask(2, SliceKey(0, 0), MaskCrop.of(mask), OverlapRule.OVERWRITE))
    assert changed_ids(changes[-1]) == {1, 2}


def test_work_ends_where_it_is_not_wanted(photo: Photo) -> None:
    def stop(done: int, total: int, name: str) -> None:
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_surfaces(photo, {1, 2}, stop)


def test_surface_of_an_uneven_series_lies_where_its_slices_lie(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series", np.zeros((6, 6, 7), np.int16), AXIAL)
    (folder / "013-001.dcm").unlink()
    image = opened(folder)
    assert not image.grid.is_even
    mask = np.zeros(image.volume.shape, dtype=np.bool_)
    # Slices run from the head down: the last lies lowest, and the gap is before it.
    mask[:4, 2:4, 2:5] = True
    labelled = annotated(image, [mask])
    photo = Photo(folder, image.volume, labelled.annotation, image=image)
    points = make_surfaces(photo, {1}, untold)[1].points
    # The highest slice is at 15 mm; that before the gap at 6 mm reaches 1.5 mm below it.
    assert points[:, 2].max() == pytest.approx(16.5)
    assert points[:, 2].min() == pytest.approx(4.5)

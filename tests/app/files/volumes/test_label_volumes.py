"""Label volumes from elsewhere: laid upon their image, refused with the reason, or resampled when that is wanted."""

from pathlib import Path

import nrrd
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from isegformer_app.files.errors import CannotRead
from isegformer_app.files.exports.dicom_seg import write_dicom_seg
from isegformer_app.files.exports.nifti_labels import write_nifti_labels
from isegformer_app.files.exports.seg_nrrd import write_seg_nrrd
from isegformer_app.files.label_segments import GridsDiffer
from isegformer_app.files.label_volume import ImportedLabel, is_label_volume, read_label_volume

from .labelled import annotated, opened, two_blocks
from .made import write_nifti
from .series import write_series

OBLIQUE = np.array([[0.9, 0.1, 0.2, -4], [-0.1, 1.8, 0.3, 5], [-0.1, -0.2, 2.9, 6], [0, 0, 0, 1]])
AXIAL = np.array([[0, 0, -0.8, 30], [0, -0.7, 0, 40], [2.5, 0, 0, -50], [0, 0, 0, 1]])
VALUES = np.random.default_rng(5).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)


def quietly(done: int, total: int, name: str) -> None:
    assert done <= total


def voxels(label: ImportedLabel, shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    for index, crop in label.planes:
        mask[index] = crop.full(shape[1:])
    assert label.voxels == mask.sum()
    return mask


@pytest.mark.parametrize("format_", ["nifti", "nrrd", "overlapping nrrd", "dicom"])
def test_what_was_exported_comes_back(tmp_path: Path, format_: str) -> None:
    image = opened(write_series(tmp_path / "series", VALUES, AXIAL))
    masks = two_blocks(image.volume.shape)
    if format_ in {"nifti", "nrrd"}:
        masks[1] &= ~masks[0]
    labelled = annotated(image, masks)
    path = tmp_path / {"nifti": "a.nii.gz", "dicom": "a.dcm"}.get(format_, "a.seg.nrrd")
    if format_ == "nifti":
        write_nifti_labels(path, labelled)
    elif format_ == "dicom":
        write_dicom_seg(path, labelled)
    else:
        write_seg_nrrd(path, labelled)
    found = read_label_volume(path, image, quietly)
    assert [each.look.name for each in found] == (["", ""] if format_ == "nifti" else ["part 1", "part 2"])
    colours = [each.colour for each in labelled.annotation.objects]
    assert [each.look.colour for each in found] == (colours if "nrrd" in format_ else [None, None])
    for label, mask in zip(found, masks, strict=True):
        np.testing.assert_array_equal(voxels(label, image.volume.shape), mask)


def test_labels_in_another_order_of_axes_lie_where_they_belong(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((5, 6, 7), np.int16), OBLIQUE))
    stored = np.zeros((5, 6, 7), np.uint8)
    stored[1, 2, 3] = 7
    flip = np.diag([-1.0, 1, 1, 1])
    flip[0, 3] = 4
    turned = write_nifti(tmp_path / "turned.nii.gz", stored[::-1].transpose(2, 0, 1), (OBLIQUE @ flip)[:, [2, 0, 1, 3]])
    (label,) = read_label_volume(turned, image, quietly)
    assert label.value == 7
    expected = image.grid.order.to_volume(stored) == 7
    np.testing.assert_array_equal(voxels(label, image.volume.shape), expected)


def test_another_grid_is_refused_with_the_reason_and_resampled_when_wanted(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((8, 8, 8), np.int16), np.diag([2.0, 2, 2, 1])))
    coarse = np.zeros((4, 4, 4), np.uint8)
    coarse[1, 2, 3] = 1
    shifted = np.diag([4.0, 4, 4, 1])
    shifted[:3, 3] = 1
    path = write_nifti(tmp_path / "coarse.nii.gz", coarse, shifted)
    with pytest.raises(GridsDiffer, match="4 x 4 x 4 voxels large, the image 8 x 8 x 8"):
        read_label_volume(path, image, quietly)
    (label,) = read_label_volume(path, image, quietly, resample=True)
    fine = np.zeros((8, 8, 8), dtype=np.bool_)
    fine[2:4, 4:6, 6:8] = True
    np.testing.assert_array_equal(voxels(label, image.volume.shape), image.grid.order.to_volume(fine))
    moved = write_nifti(tmp_path / "moved.nii.gz", np.ones((8, 8, 8), np.uint8), np.diag([2.0, 2, 2.1, 1]))
    with pytest.raises(GridsDiffer, match=r"up to 0\.70 mm beside the image"):
        read_label_volume(moved, image, quietly)


@pytest.mark.parametrize("space", ["left-posterior-superior", "LPS", "RAS", "left-anterior-superior"])
def test_segments_in_layers_are_resampled_and_lie_where_their_space_says(tmp_path: Path, space: str) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), np.diag([2.0, 2, 2, 1])))
    masks = two_blocks(image.volume.shape)
    write_seg_nrrd(tmp_path / "a.seg.nrrd", annotated(image, masks))
    values, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    turn = np.array({"RAS": (-1, -1, 1), "left-anterior-superior": (1, -1, 1)}.get(space, (1, 1, 1)))
    header["space"], header["space origin"] = space, header["space origin"] * turn
    header["space directions"] = header["space directions"] * turn
    nrrd.write(str(tmp_path / "a.seg.nrrd"), values, header)
    for label, mask in zip(read_label_volume(tmp_path / "a.seg.nrrd", image, quietly), masks, strict=True):
        np.testing.assert_array_equal(voxels(label, image.volume.shape), mask)
    shifted = np.diag([1.0, 1, 1, 1])
    shifted[:3, 3] = -0.5
    fine = opened(write_nifti(tmp_path / "fine.nii", np.zeros((14, 12, 10), np.int16), shifted))
    with pytest.raises(GridsDiffer, match="7 x 6 x 5 voxels large, the image 14 x 12 x 10"):
        read_label_volume(tmp_path / "a.seg.nrrd", fine, quietly)
    found = read_label_volume(tmp_path / "a.seg.nrrd", fine, quietly, resample=True)
    for label, mask in zip(found, masks, strict=True):
        np.testing.assert_array_equal(voxels(label, fine.volume.shape), np.kron(mask, np.ones((2, 2, 2), bool)))


def test_what_holds_no_labels_is_refused(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((12, 12, 12), np.int16), np.eye(4)))
    for values, words in (
        (np.full((12, 12, 12), 0.5, np.float32), "fractions"),
        (np.full((12, 12, 12), -3, np.int16), "values from -3"),
        (np.zeros((12, 12, 12), np.uint8), "no labels on this image"),
        (np.ones((12, 12, 12, 2), np.uint8), "2 time points"),
        (np.arange(1728).reshape(12, 12, 12).astype(np.int16), "1,727 different numbers"),
    ):
        with pytest.raises(CannotRead, match=words):
            read_label_volume(write_nifti(tmp_path / "x.nii", values, np.eye(4)), image, quietly)


def test_a_segmentation_of_another_series_is_refused(tmp_path: Path) -> None:
    image = opened(write_series(tmp_path / "series", VALUES, AXIAL))
    write_dicom_seg(tmp_path / "seg.dcm", annotated(image, two_blocks(image.volume.shape)))
    away = AXIAL.copy()
    away[2, 3] += 1
    other = opened(write_series(tmp_path / "other", VALUES, away))
    with pytest.raises(GridsDiffer, match="lies on none of the images"):
        read_label_volume(tmp_path / "seg.dcm", other, quietly)
    # Another series of the same place: the frames name none of its images, and are found by their places.
    twin = opened(write_series(tmp_path / "twin", VALUES, AXIAL))
    found = read_label_volume(tmp_path / "seg.dcm", twin, quietly)
    np.testing.assert_array_equal(voxels(found[1], twin.volume.shape), two_blocks(twin.volume.shape)[1])
    plain = next(iter((tmp_path / "series").iterdir()))
    with pytest.raises(CannotRead, match="no segmentation"):
        read_label_volume(plain, image, quietly)
    assert is_label_volume(plain)
    assert not is_label_volume(tmp_path / "nothing.png")


def test_a_damaged_segmentation_is_said(tmp_path: Path) -> None:
    image = opened(write_series(tmp_path / "series", VALUES, AXIAL))
    write_dicom_seg(tmp_path / "seg.dcm", annotated(image, two_blocks(image.volume.shape)))
    dataset = pydicom.dcmread(tmp_path / "seg.dcm")
    del dataset.SegmentSequence
    dataset.save_as(tmp_path / "seg.dcm")
    with pytest.raises(CannotRead, match=r"seg\.dcm.*damaged"):
        read_label_volume(tmp_path / "seg.dcm", image, quietly)

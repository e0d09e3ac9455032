"""Real scans: a few small ones that lie in tests/data/volumes, and more where ISEGFORMER_DATA names a folder.

That folder holds `volumes/*.zip` or the folders that these unpack to. What is expected of geometry comes from
SimpleITK and nibabel, and from the volumes that another converter made of the same series.
"""

import os
import zipfile
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK

from isegformer_app.document import Volume
from isegformer_app.files.label_segments import GridsDiffer
from isegformer_app.files.label_volume import read_label_volume
from isegformer_app.files.volumes import VolumeImage, find_volumes, read_volume
from isegformer_app.files.volumes.image import unwatched

nib: Any = nibabel
itk: Any = SimpleITK

COMMITTED = Path(__file__).parents[3] / "data" / "volumes"
NEAR_MM = 0.01
SYNTAXES = ("compressed", "compressed_rle", "compressed_jpeg", "compressed_jpegls", "compressed_j2k")
WITH_TRUTH = [
    "generic/anatomical/001",
    "generic/anatomical/001_implicit",
    "generic/anatomical/002_non_isotropic",
    *(f"generic/{name}/001" for name in SYNTAXES),
    "hitachi/anatomical/001",
    "hitachi/anatomical/001_implicit",
    "hyperfine/anatomical/001",
    "siemens_multiframe/anatomical/001",
]
"""Series beside which lies the volume that another converter made of them."""


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> "Data":
    return Data(tmp_path_factory.mktemp("real"))


class Data:
    """Finds a set: committed, unpacked, or in its zip; skips the test where it is in none of these."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        named = os.environ.get("ISEGFORMER_DATA", "")
        self._roots = [Path(named), Path(named) / "volumes"] if named else []

    def path(self, name: str, inside: str) -> Path:
        for root in (COMMITTED, *self._roots, self._scratch):
            if (root / name / inside).exists():
                return root / name / inside
        for root in self._roots:
            archive = root / f"{name}.zip"
            if archive.is_file():
                with zipfile.ZipFile(archive) as opened:
                    opened.extractall(self._scratch / name)
                return self._scratch / name / inside
        pytest.skip(f"{name}/{inside} is not committed; ISEGFORMER_DATA names no folder with volumes/{name}.zip")


def only(path: Path) -> VolumeImage:
    finding = find_volumes([path])
    assert finding.refused == ()
    (choice,) = finding.choices
    return read_volume(choice)


def corners(shape: tuple[int, ...]) -> np.ndarray:
    every: np.ndarray = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]) * (np.array(shape) - 1)
    return every


def assert_same(volume: Volume, values: np.ndarray, affine: np.ndarray) -> None:
    """Each voxel of the other volume lies where ours does and has its value; the corners to 0.01 mm."""
    last = np.array(values.shape[:3]) - 1
    whole = corners(values.shape[:3])
    ours = volume.to_voxel(whole @ affine[:3, :3].T + affine[:3, 3])
    nearest = np.rint(ours).astype(int)
    apart = np.linalg.norm(volume.to_patient(nearest) - volume.to_patient(ours), axis=1).max()
    assert apart <= NEAR_MM
    steps = [(nearest[4 >> axis] - nearest[0]) for axis in range(3)]
    axes = [int(np.flatnonzero(step)[0]) if step.any() else -1 for step in steps]
    missing = sorted({0, 1, 2} - set(axes))
    axes = [missing.pop(0) if axis < 0 else axis for axis in axes]
    assert [volume.shape[axis] for axis in axes] == [count + 1 for count in last]
    mine = np.asarray(volume.array).transpose(*axes, *range(3, volume.array.ndim))
    turned = [place for place in range(3) if steps[place].sum() < 0]
    np.testing.assert_allclose(np.flip(mine, tuple(turned)), values, atol=1e-3)


def assert_same_place(one: Volume, other: Volume) -> None:
    places = corners(one.shape)
    np.testing.assert_allclose(one.to_patient(places), other.to_patient(places), atol=NEAR_MM, rtol=0)


@pytest.mark.parametrize("inside", WITH_TRUTH)
def test_a_series_lies_where_another_converter_puts_it(data: Data, inside: str) -> None:
    folder = data.path("series_odd", inside)
    truth = nib.load(data.path("series_odd", f"{inside}_ground_truth.nii.gz"))
    assert_same(only(folder).volume, np.asarray(truth.dataobj), truth.affine)


def itk_read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """A series as SimpleITK reads it: values (column, row, slice) and the affine in RAS+."""
    image = itk.ReadImage(itk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    directions = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = directions, image.GetOrigin()
    return itk.GetArrayFromImage(image).transpose(2, 1, 0), np.diag([-1, -1, 1, 1]) @ affine


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("series_odd", "generic/compressed_j2k/001"),
        ("series_odd", "generic/anatomical/002_non_isotropic"),
        ("series_odd", "hitachi/anatomical/001"),
        ("mr_oblique_192slices", "."),
    ],
)
def test_a_series_lies_where_simpleitk_puts_it(data: Data, name: str, inside: str) -> None:
    folder = data.path(name, inside)
    assert_same(only(folder).volume, *itk_read(folder))


def test_colours_are_read_as_colours(data: Data) -> None:
    volume = only(data.path("series_odd", "generic/rgb/001")).volume
    assert volume.array.shape == (4, 77, 52, 3)
    truth = nib.load(data.path("series_odd", "generic/rgb/001_ground_truth.nii.gz"))
    assert truth.shape[:3] == (52, 77, 4)
    ours = volume.to_patient(corners(volume.shape))
    theirs = corners(truth.shape[:3]) @ truth.affine[:3, :3].T + truth.affine[:3, 3]
    np.testing.assert_allclose(ours.min(axis=0), theirs.min(axis=0), atol=NEAR_MM)
    np.testing.assert_allclose(ours.max(axis=0), theirs.max(axis=0), atol=NEAR_MM)


@pytest.mark.parametrize(
    ("name", "inside", "shapes", "sentence"),
    [
        ("series_odd", "failing/gantrytilting/001", [(4, 512, 512)], "shifted against each other by 14.0 degrees"),
        ("series_odd", "failing/notavolume/001", [(1, 512, 512)] * 4, "4 images at each place that differ by"),
        ("series_odd", "failing/sliceincrement/001", [(3, 512, 512), (4, 512, 512)], "1 slice is missing"),
        ("series_odd", "failing/sliceincrement/002", [(3, 512, 512), (4, 512, 512)], "1 slice is missing"),
        (
            "series_odd",
            "failing/sliceorientation/001",
            [(288, 288, 2), (2, 288, 288)],
            "images of 2 sizes or kinds, which are opened apart",
        ),
        (
            "ct_ge_tilt_uneven",
            "In/GE",
            [(14, 512, 512), (14, 512, 512), (28, 512, 512)],
            "The distance from slice to slice varies from 1.08 to 7.00 mm",
        ),
    ],
)
def test_an_odd_series_is_split_and_says_so(
    data: Data, name: str, inside: str, shapes: list[tuple[int, ...]], sentence: str
) -> None:
    finding = find_volumes([data.path(name, inside)])
    assert finding.refused == ()
    assert [choice.shape for choice in finding.choices] == shapes
    assert all(choice.notes for choice in finding.choices)
    assert sentence in " ".join(finding.choices[-1].notes)


AXIS_ORDERS = ("RAS", "LPI", "SAR", "PIL")


def test_every_order_of_axes_gives_the_same_volume(data: Data) -> None:
    first, *others = [only(data.path("nifti_48_axis_orders", f"nifti_space/{name}.nii.gz")) for name in AXIS_ORDERS]
    for other in others:
        np.testing.assert_array_equal(other.volume.array, first.volume.array)
        assert_same_place(other.volume, first.volume)


def test_all_48_orders_of_axes_give_the_same_volume(data: Data) -> None:
    folder = data.path("nifti_48_axis_orders", "nifti_space/SRP.nii.gz").parent
    paths = sorted(folder.glob("*.nii.gz"))
    assert len(paths) == 48
    first, *others = [only(path).volume for path in paths]
    for other in others:
        np.testing.assert_array_equal(other.array, first.array)
        assert_same_place(other, first)


def test_labels_lie_on_the_series_that_they_were_made_for(data: Data) -> None:
    """JPEG 2000, no UIDs: the label volume, whose axes run otherwise, overlays by geometry alone."""
    folder = data.path("ct_dicom_with_labels", "tests/reference_files/example_ct_dicom")
    path = data.path("ct_dicom_with_labels", "tests/reference_files/example_seg_dicom.nii.gz")
    image = only(folder)
    assert "no number of its own" in " ".join(image.notes)
    labels = read_label_volume(path, image, unwatched)
    theirs = nib.load(path)
    values = np.asarray(theirs.dataobj)
    assert len(labels) == len(np.unique(values)) - 1
    for each in labels:
        where = np.argwhere(values == each.value)
        assert each.voxels == len(where)
        place, mask = each.planes[0]
        row, col = np.argwhere(mask.pixels)[0] + (mask.top, mask.left)
        millimetres = image.volume.to_patient(np.array([place, row, col]))
        back = (np.linalg.inv(theirs.affine) @ [*millimetres, 1])[:3]
        np.testing.assert_allclose(back, np.rint(back), atol=0.02)
        assert values[tuple(np.rint(back).astype(int))] == each.value


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("t2/t2.nii.gz", "t2/t2_seg-manual.nii.gz"),
        ("t1/t1w.nii.gz", "t1/t1w_seg-manual.nii.gz"),
        ("t2s/t2s_uncropped.nii.gz", "t2s/t2s_uncropped_gmseg_manual.nii.gz"),
    ],
)
def test_manual_labels_are_read_whole(data: Data, image: str, labels: str) -> None:
    path = data.path("spinal_cord_mr", labels)
    (label,) = read_label_volume(path, only(data.path("spinal_cord_mr", image)), unwatched)
    assert label.voxels == int((np.asarray(nib.load(path).dataobj) == label.value).sum()) > 0


def test_two_slices_are_a_volume(data: Data) -> None:
    """Some converters refuse so few; whoever has two images wants to annotate two."""
    image = only(data.path("series_odd", "failing/slicecount/001"))
    assert (image.volume.shape, image.notes) == ((256, 256, 2), ())
    assert image.volume.affine is not None


def test_labels_of_a_part_of_the_body_are_asked_about_and_lie_where_they_lay(data: Data) -> None:
    """A CT of 112 slices, and the organs on 30 of them."""
    folder = data.path("ct_dicom_with_labels", "tests/reference_files/example_ct.nii.gz").parent
    image, path = only(folder / "example_ct.nii.gz"), folder / "example_seg.nii.gz"
    with pytest.raises(GridsDiffer, match="30"):
        read_label_volume(path, image, unwatched)
    labels = read_label_volume(path, image, unwatched, resample=True)
    theirs = nib.load(path)
    values = np.asarray(theirs.dataobj)
    assert [each.value for each in labels] == np.unique(values)[1:].tolist()
    for each in labels:
        assert each.voxels == int((values == each.value).sum())
        place, mask = each.planes[0]
        row, col = np.argwhere(mask.pixels)[0] + (mask.top, mask.left)
        back = np.linalg.inv(theirs.affine) @ [*image.volume.to_patient(np.array([place, row, col])), 1]
        assert values[tuple(np.rint(back[:3]).astype(int))] == each.value

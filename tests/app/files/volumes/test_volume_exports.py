"""Label volumes: what was written is read by another library and lies at the same place in the patient."""

from pathlib import Path
from typing import Any

import highdicom
import nibabel
import nrrd
import numpy as np
import pydicom
import pytest
import SimpleITK
import skimage.measure
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from isegformer_app.document import ShapeError
from isegformer_app.document.object_edits import RenameObject
from isegformer_app.files.errors import CannotWrite, ReadBackDiffers
from isegformer_app.files.exports import dicom_seg
from isegformer_app.files.exports.dicom_seg import write_dicom_seg
from isegformer_app.files.exports.labelled_volume import LabelledVolume
from isegformer_app.files.exports.nifti_labels import write_nifti_labels
from isegformer_app.files.exports.seg_nrrd import write_seg_nrrd
from isegformer_app.files.exports.segment_codes import codes_of
from isegformer_app.files.exports.surfaces import surface, write_surfaces
from isegformer_app.files.label_volume import read_label_volume
from isegformer_app.files.volumes.image import unwatched

from .labelled import CLASSES, annotated, opened, ordered, positions, two_blocks
from .made import OBLIQUE, Affine, affines, write_nifti
from .series import write_series

nib: Any = nibabel
sitk: Any = SimpleITK
measure: Any = skimage.measure
RNG = np.random.default_rng(3)
AXIAL = np.array([[0, 0, -0.8, 30], [0, -0.7, 0, 40], [2.5, 0, 0, -50], [0, 0, 0, 1]])
SERIES = RNG.integers(-1000, 1000, (5, 6, 7)).astype(np.int16)


def by_nibabel(path: Path, number: int) -> NDArray[np.float64]:
    image = nib.load(path)
    index = np.argwhere(np.asarray(image.dataobj) == number)
    return ordered(index @ image.affine[:3, :3].T + image.affine[:3, 3])


def by_itk(image: Any, values: NDArray[Any], number: int) -> NDArray[np.float64]:
    points = [
        image.TransformIndexToPhysicalPoint([int(i), int(j), int(k)]) for k, j, i in np.argwhere(values == number)
    ]
    return ordered(np.array(points) * (-1, -1, 1))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(affine=affines(), is_series=st.booleans(), data=st.data())
def test_a_voxel_is_found_at_its_place_in_the_patient(
    tmp_path_factory: pytest.TempPathFactory, affine: Affine, is_series: bool, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("any")
    if is_series:
        # What a series cannot say: its rows and columns are at right angles.
        affine = affine.copy()
        affine[:3, 0] = np.cross(affine[:3, 1], affine[:3, 2])
        affine[:3, 0] *= 1.7 / np.linalg.norm(affine[:3, 0])
        affine[:3, 2] = np.cross(affine[:3, 0], affine[:3, 1])
        affine[:3, 2] *= 0.9 / np.linalg.norm(affine[:3, 2])
        source = write_series(folder / "series", SERIES, affine)
    else:
        source = write_nifti(folder / "image.nii", np.zeros((4, 5, 6), np.int16), affine)
    image = opened(source)
    index = tuple(data.draw(st.integers(0, length - 1)) for length in image.volume.shape)
    mask = np.zeros(image.volume.shape, dtype=np.bool_)
    mask[index] = True
    labelled = annotated(image, [mask])
    expected = positions(image, mask)
    write_nifti_labels(folder / "labels.nii.gz", labelled)
    np.testing.assert_allclose(by_nibabel(folder / "labels.nii.gz", 1), expected, atol=0.01)
    write_seg_nrrd(folder / "labels.seg.nrrd", labelled)
    values, header = nrrd.read(str(folder / "labels.seg.nrrd"))
    lps = np.argwhere(values == 1) @ header["space directions"] + header["space origin"]
    np.testing.assert_allclose(ordered(lps * (-1, -1, 1)), expected, atol=0.01)
    if is_series:
        write_dicom_seg(folder / "seg.dcm", labelled)
        np.testing.assert_allclose(by_pydicom(folder / "seg.dcm")["part 1"], expected, atol=0.01)


def by_pydicom(path: Path) -> dict[str, NDArray[np.float64]]:
    """Where the voxels of each segment lie, RAS+, by pydicom and the standard alone."""
    seg = pydicom.dcmread(path)
    names = {each.SegmentNumber: each.SegmentLabel for each in seg.SegmentSequence}
    found: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names.values()}
    shared = seg.SharedFunctionalGroupsSequence[0]
    spacing = [float(each) for each in shared.PixelMeasuresSequence[0].PixelSpacing]
    directions = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float)
    frames = seg.pixel_array.reshape((-1, seg.Rows, seg.Columns))
    for frame, groups in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        origin = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        rows, cols = np.nonzero(frame)
        lps = origin + np.outer(cols, directions[:3] * spacing[1]) + np.outer(rows, directions[3:] * spacing[0])
        # What all frames have in common stands in the shared groups alone.
        identity = groups if "SegmentIdentificationSequence" in groups else shared
        name = names[identity.SegmentIdentificationSequence[0].ReferencedSegmentNumber]
        found[name].append(lps * (-1, -1, 1))
    return {name: ordered(np.concatenate(points)) for name, points in found.items()}


@pytest.mark.parametrize("maker", ["Nifti1Image", "Nifti2Image"])
@pytest.mark.parametrize("codes", [(1, 1), (4, 0), (0, 2), (2, 3)])
def test_nifti_labels_keep_affine_codes_and_axes(tmp_path: Path, maker: str, codes: tuple[int, int]) -> None:
    image = getattr(nib, maker)(np.zeros((5, 6, 7), np.float32), OBLIQUE)
    rigid = np.diag([1.5, -2, 3, 1.0])
    image.header.set_sform(OBLIQUE, code=codes[0])
    image.header.set_qform(rigid, code=codes[1])
    image.header["descrip"] = b"Jane Doe"
    image.header.set_xyzt_units("mm", "sec")
    raw = bytearray(image.to_bytes())
    if codes[0] == 0:
        at = 254 if maker == "Nifti1Image" else 348
        assert int.from_bytes(raw[at : at + 2], "little") in {0, 2}
    (tmp_path / "image.nii").write_bytes(raw)
    source = nib.load(tmp_path / "image.nii")
    labelled = annotated(opened(tmp_path / "image.nii"), two_blocks(opened(tmp_path / "image.nii").volume.shape))
    write_nifti_labels(tmp_path / "labels.nii.gz", labelled)
    written = nib.load(tmp_path / "labels.nii.gz")
    assert written.shape == (5, 6, 7)
    np.testing.assert_array_equal(written.affine, source.affine)
    np.testing.assert_array_equal(written.header["pixdim"][:4], source.header["pixdim"][:4])
    for name in ("sform_code", "qform_code", "srow_x", "srow_y", "srow_z", "quatern_b", "qoffset_x"):
        np.testing.assert_array_equal(written.header[name], source.header[name])
    assert bytes(written.header["descrip"]).strip(b"\0") == b""
    assert isinstance(written, getattr(nib, maker))


def test_labels_of_a_series_lie_on_it_for_nibabel_and_itk(tmp_path: Path) -> None:
    image = opened(write_series(tmp_path / "series", SERIES, AXIAL))
    masks = two_blocks(image.volume.shape)
    masks[1] &= ~masks[0]
    labelled = annotated(image, masks)
    export = write_nifti_labels(tmp_path / "labels.nii.gz", labelled)
    assert (export.objects, export.skipped) == (2, ())
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path / "series")))
    series, labels = reader.Execute(), sitk.ReadImage(str(tmp_path / "labels.nii.gz"))
    assert series.GetSize() == labels.GetSize()
    values = sitk.GetArrayFromImage(labels)
    for number, mask in enumerate(masks, start=1):
        np.testing.assert_allclose(by_itk(labels, values, number), positions(image, mask), atol=0.01)


def test_what_lies_under_another_object_is_said(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    labelled = annotated(image, two_blocks(image.volume.shape))
    export = write_nifti_labels(tmp_path / "labels.nii.gz", labelled)
    assert "“part 1” in “image.nii” lies under other objects with 1 voxels" in export.skipped[0]
    write_nifti_labels(tmp_path / "classes.nii.gz", labelled, (CLASSES[1], CLASSES[0]))
    values = np.asarray(nib.load(tmp_path / "classes.nii.gz").dataobj)
    assert np.unique(values).tolist() == [0, 1, 2]


def test_slicer_segments_keep_names_colours_and_overlaps(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    masks = two_blocks(image.volume.shape)
    write_seg_nrrd(tmp_path / "a.seg.nrrd", annotated(image, masks))
    values, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    assert values.shape == (2, 7, 6, 5)
    for number, mask in enumerate(masks, start=1):
        place = f"Segment{number - 1}"
        assert (header[f"{place}_Name"], header[f"{place}_LabelValue"]) == (f"part {number}", str(number))
        layer = values[int(header[f"{place}_Layer"])]
        lps = np.argwhere(layer == number) @ header["space directions"][1:] + header["space origin"]
        np.testing.assert_allclose(ordered(lps * (-1, -1, 1)), positions(image, mask), atol=0.01)
        low, high = np.argwhere(layer == number).min(axis=0), np.argwhere(layer == number).max(axis=0)
        extent = [int(each) for each in header[f"{place}_Extent"].split()]
        assert extent == np.stack([low, high], axis=1).reshape(-1).tolist()
        red = float(header[f"{place}_Color"].split()[0])
        assert 0 <= red <= 1


def test_slicer_segments_have_names_in_any_script(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    labelled = annotated(image, two_blocks(image.volume.shape))
    labelled.annotation.apply(RenameObject(1, "Größe 肝"))
    write_seg_nrrd(tmp_path / "a.seg.nrrd", labelled)
    itk = sitk.ReadImage(str(tmp_path / "a.seg.nrrd"), imageIO="NrrdImageIO")
    assert itk.GetMetaData("Segment0_Name") == "Größe 肝"
    assert read_label_volume(tmp_path / "a.seg.nrrd", image, unwatched)[0].look.name == "Größe 肝"


def test_a_dicom_segmentation_is_read_by_highdicom_and_by_pydicom_alone(tmp_path: Path) -> None:
    image = opened(write_series(tmp_path / "series", SERIES, AXIAL))
    masks = two_blocks(image.volume.shape)
    export = write_dicom_seg(tmp_path / "seg.dcm", annotated(image, masks))
    assert (export.objects, export.skipped) == (2, ())
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    wanted = [each.sop_instance for each in image.grid.slices]
    for number, mask in enumerate(masks, start=1):
        found = seg.get_pixels_by_source_instance(
            wanted, segment_numbers=[number], assert_missing_frames_are_empty=True, ignore_spatial_locations=True
        )
        np.testing.assert_array_equal(found[..., 0] != 0, image.grid.order.to_stored(mask))
    places = by_pydicom(tmp_path / "seg.dcm")
    for number, mask in enumerate(masks, start=1):
        np.testing.assert_allclose(places[f"part {number}"], positions(image, mask), atol=0.01)
    plain = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (plain.PatientName, plain.PatientID) == ("Doe^Jane", "42")
    kinds = [each.SegmentedPropertyTypeCodeSequence[0].CodeMeaning for each in plain.SegmentSequence]
    assert kinds == ["Liver", "Neoplasm"]


@pytest.mark.parametrize(
    ("charset", "patient"),
    [
        ("", "Doe^Jane"),
        ("ISO_IR 100", "Müller^Jane"),
        ("ISO 2022 IR 100", "Müller^Jane"),
        (["", "ISO 2022 IR 87"], "Yamada^Jane=山田^Jane"),
    ],
)
def test_names_are_kept_in_any_character_set(tmp_path: Path, charset: str | list[str], patient: str) -> None:
    elements = {"SpecificCharacterSet": [charset] * len(SERIES), "PatientName": patient}
    image = opened(write_series(tmp_path / "series", SERIES, AXIAL, **elements))
    labelled = annotated(image, two_blocks(image.volume.shape))
    labelled.annotation.apply(RenameObject(1, "Größe 肝"))
    write_dicom_seg(tmp_path / "seg.dcm", labelled)
    plain = pydicom.dcmread(tmp_path / "seg.dcm")
    assert plain.PatientName == patient
    assert plain.SegmentSequence[0].SegmentLabel == "Größe 肝"


def test_a_training_export_says_nothing_of_the_patient(tmp_path: Path) -> None:
    image = opened(write_series(tmp_path / "series", SERIES, AXIAL, StudyDescription="Doe, Jane: follow up"))
    write_dicom_seg(tmp_path / "seg.dcm", annotated(image, two_blocks(image.volume.shape)), strip=True)
    assert b"Doe" not in (tmp_path / "seg.dcm").read_bytes()
    plain = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (plain.PatientName, plain.PatientID, plain.AccessionNumber, plain.StudyDate) == ("", "", "", "")
    named = plain.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {each.ReferencedSOPInstanceUID for each in named} <= {each.sop_instance for each in image.grid.slices}
    write_nifti_labels(tmp_path / "labels.nii", annotated(image, two_blocks(image.volume.shape)))
    write_seg_nrrd(tmp_path / "a.seg.nrrd", annotated(image, two_blocks(image.volume.shape)))
    assert b"Doe" not in (tmp_path / "labels.nii").read_bytes() + (tmp_path / "a.seg.nrrd").read_bytes()


def test_uneven_slices_are_kept_by_a_dicom_segmentation_alone(tmp_path: Path) -> None:
    folder = write_series(tmp_path / "series", np.concatenate([SERIES, SERIES]), AXIAL)
    (folder / f"{(4 * 13) % 97:03d}-004.dcm").unlink()
    image = opened(folder)
    mask = np.zeros(image.volume.shape, dtype=np.bool_)
    mask[3:7, 1:3, 2:4] = True
    labelled = annotated(image, [*two_blocks(image.volume.shape), mask])
    write_dicom_seg(tmp_path / "seg.dcm", labelled)
    images = {each.SOPInstanceUID: each for each in (pydicom.dcmread(path) for path in folder.iterdir())}
    written = pydicom.dcmread(tmp_path / "seg.dcm")
    named = set()
    for groups in written.PerFrameFunctionalGroupsSequence:
        source = groups.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        place = groups.PlanePositionSequence[0].ImagePositionPatient
        np.testing.assert_allclose(place, images[source].ImagePositionPatient, atol=1e-3)
        named.add(source)
    assert len(named) > 3
    with pytest.raises(CannotWrite, match="uneven distances"):
        write_nifti_labels(tmp_path / "x.nii", labelled)
    with pytest.raises(CannotWrite, match="uneven distances"):
        write_seg_nrrd(tmp_path / "x.seg.nrrd", labelled)
    with pytest.raises(CannotWrite, match="uneven distances"):
        write_surfaces(tmp_path, labelled, "x", ".stl")
    assert {path.name for path in tmp_path.iterdir()} == {"series", "seg.dcm"}


def test_what_a_dicom_segmentation_cannot_belong_to(tmp_path: Path) -> None:
    nifti = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    with pytest.raises(CannotWrite, match="no DICOM series"):
        write_dicom_seg(tmp_path / "x.dcm", annotated(nifti, two_blocks(nifti.volume.shape)))
    nameless = opened(write_series(tmp_path / "series", SERIES, AXIAL, SOPInstanceUID=""))
    with pytest.raises(CannotWrite, match="no numbers of their own"):
        write_dicom_seg(tmp_path / "x.dcm", annotated(nameless, two_blocks(nameless.volume.shape)))
    empty = annotated(opened(write_series(tmp_path / "b", SERIES, AXIAL)), [])
    with pytest.raises(CannotWrite, match="no voxels"):
        write_dicom_seg(tmp_path / "x.dcm", empty)


def test_labels_of_another_grid_are_refused(tmp_path: Path) -> None:
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), OBLIQUE))
    labelled = annotated(image, [])
    other = opened(write_nifti(tmp_path / "other.nii", np.zeros((7, 6, 4), np.int16), OBLIQUE))
    with pytest.raises(ShapeError, match="do not fit"):
        LabelledVolume(tmp_path / "other.nii", other.grid, other.volume.spacing, labelled.annotation)


def test_uneven_slices_are_repeated_on_an_even_grid(tmp_path: Path) -> None:
    gaps = np.array([0.0, 2.5, 5.0, 10.0, 11.25])
    folder = write_series(tmp_path / "series", SERIES, AXIAL, ImagePositionPatient=[[-30, -40, z] for z in gaps])
    image = opened(folder)
    labelled = annotated(image, two_blocks(image.volume.shape))
    with pytest.raises(CannotWrite, match="let them be resampled"):
        write_nifti_labels(tmp_path / "x.nii.gz", labelled)
    write_nifti_labels(tmp_path / "x.nii.gz", labelled.evened())
    written = nib.load(tmp_path / "x.nii.gz")
    assert written.shape == (7, 6, 10)
    assert written.header.get_zooms()[2] == pytest.approx(1.25)
    flat, _ = labelled.flat()
    stored = image.grid.order.to_stored(flat)
    values = np.asarray(written.dataobj)
    for place, height in enumerate(gaps):
        # What was drawn on a slice is there at its height in the patient, and no higher or lower than half way.
        k = (height - written.affine[2, 3]) / written.affine[2, 2]
        assert k == pytest.approx(round(k))
        np.testing.assert_array_equal(values[:, :, round(k)].T, stored[place])
    assert (written.affine @ [0, 0, 0, 1])[:3] == pytest.approx([30, 40, 0])
    assert labelled.evened().evened().grid.shape == (10, 6, 7)


@pytest.mark.parametrize("ending", [".stl", ".obj"])
@pytest.mark.parametrize("mirror", [1, -1])
def test_a_surface_is_closed_and_lies_round_its_voxels(tmp_path: Path, ending: str, mirror: int) -> None:
    affine = OBLIQUE @ np.diag([mirror, 1, 1, 1])
    image = opened(write_nifti(tmp_path / "image.nii", np.zeros((7, 6, 5), np.int16), affine))
    mask = np.zeros(image.volume.shape, dtype=np.bool_)
    mask[1:4, 2:5, 2:6] = True
    labelled = annotated(image, [mask])
    points, faces = surface(labelled, mask)
    assert len(points) - len(faces) * 3 // 2 + len(faces) == 2 * measure.euler_number(mask, connectivity=1)
    np.testing.assert_allclose(points.mean(axis=0) * (-1, -1, 1), positions(image, mask).mean(axis=0), atol=1e-3)
    corners = points[faces].astype(float) - points.mean(axis=0)
    enclosed = np.einsum("ij,ij->", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    whole = mask.sum() * abs(np.linalg.det(affine[:3, :3]))
    assert 0.6 * whole < enclosed < whole
    export = write_surfaces(tmp_path, labelled, "image", ending)
    assert [path.name for path in export.paths] == [f"image-1-part 1{ending}"]


def test_what_reads_back_differently_is_not_put_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = opened(write_series(tmp_path / "series", SERIES, AXIAL))
    labelled = annotated(image, two_blocks(image.volume.shape))
    written = Path.write_bytes

    def spoilt(path: Path, data: bytes) -> int:
        """A drive that changes one byte in the middle of the voxels."""
        changed = bytearray(data)
        changed[len(data) - 20] ^= 1
        return written(path, bytes(changed))

    monkeypatch.setattr(Path, "write_bytes", spoilt)
    with pytest.raises(ReadBackDiffers):
        write_nifti_labels(tmp_path / "x.nii", labelled)
    with pytest.raises(ReadBackDiffers):
        write_surfaces(tmp_path, labelled, "x", ".stl")
    monkeypatch.undo()
    read = dicom_seg._read
    monkeypatch.setattr(dicom_seg, "_read", lambda *args: 1 - read(*args))
    with pytest.raises(ReadBackDiffers):
        dicom_seg.write_dicom_seg(tmp_path / "x.dcm", labelled)
    assert [path.name for path in tmp_path.iterdir()] == ["series"]


def test_codes_of_classes() -> None:
    assert codes_of("Liver")[1].meaning == "Liver"
    assert codes_of("kidneys")[1].meaning == "Kidney"
    assert codes_of("tumour")[0].meaning == "Morphologically Abnormal Structure"
    category, own = codes_of("my thing 7")
    assert (category.meaning, own.meaning, own.scheme_designator) == (
        "Anatomical Structure",
        "my thing 7",
        "99ISEGFORMER",
    )

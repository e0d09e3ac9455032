"""DICOM segmentations: a segment an object, its frames tied to the images that they lie on."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import LabelClass, LabelObject

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import CannotWrite, FileProblem, ReadBackDiffers
from ..volumes import SliceSource
from ..volumes.dicom_frames import open_dataset, quiet
from .labelled_volume import LabelledVolume
from .report import Export, Watch, class_of, unwatched
from .segment_codes import codes_of

_LONGEST_LABEL = 64
_SAME_PLACE = 0.05
_TO_LPS = np.array([-1.0, -1.0, 1.0])
_PATIENT = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientWeight", "PatientSize")
_STUDY = ("AccessionNumber", "ReferringPhysicianName", "StudyID", "StudyDescription", "StudyDate", "StudyTime")


def write_dicom_seg(path: Path, volume: LabelledVolume, *, strip: bool = False, watch: Watch = unwatched) -> Export:
    """Write all objects that have voxels as one DICOM segmentation of the series, overlaps whole.

    It belongs to the patient and the study of the images; with `strip` it says nothing of either but the numbers of
    the images (UIDs), by which it finds them. Read back by highdicom, frame by frame. Raises `CannotWrite`.
    """
    slices = volume.grid.slices
    objects = volume.filled()
    _refuse(path, volume, slices, objects)
    planes = _annotated(volume, objects)
    images, numbers = _images(volume, planes, strip=strip)
    masks = _masks(volume, objects, planes, numbers, images)
    watch()
    notes = _given_a_frame(images)
    segmentation = _build(images, masks, [(each, class_of(volume.annotation, each)) for each in objects])
    watch()
    with replacing(path) as draft:
        with quiet():
            segmentation.save_as(draft)
        _compare(draft, path, volume, objects, planes, watch)
    return Export((path,), len(objects), (*volume.skipped(), *notes))


def _given_a_frame(images: list[Any]) -> list[str]:
    """Give images that name no frame of reference a new one, for a segmentation must name one; and say so."""
    import highdicom as hd

    if all(head.get("FrameOfReferenceUID") for head in images):
        return []
    made = hd.UID()
    for head in images:
        head.FrameOfReferenceUID = made
    return ["The images name no frame of reference (UID), so the DICOM-SEG has one of its own."]


def _refuse(path: Path, volume: LabelledVolume, slices: Sequence[SliceSource], objects: list[LabelObject]) -> None:
    name = volume.path.name
    if not slices:
        raise CannotWrite(f"“{name}” is no DICOM series, to which a DICOM-SEG could belong; export NIfTI instead.")
    if not all(each.sop_instance for each in slices):
        raise CannotWrite(
            f"The images of “{name}” have no numbers of their own (SOP instance UID), by which a DICOM-SEG finds them; "
            "export NIfTI instead."
        )
    if not objects:
        raise CannotWrite(f"There are no voxels to write into “{path.name}”: finish an object first.")


def _annotated(volume: LabelledVolume, objects: list[LabelObject]) -> list[int]:
    """The slices of the series, by their place in it, that hold any object."""
    ids = [each.id for each in objects]
    planes: set[int] = set()
    for layer in volume.annotation.label_map.layers:
        stored = volume.grid.order.to_stored(layer)
        planes.update(place for place in range(stored.shape[0]) if np.isin(stored[place], ids).any())
    return sorted(planes)


def _images(volume: LabelledVolume, planes: list[int], *, strip: bool) -> tuple[list[Any], list[int]]:
    """The heads of the images of these slices, and the number (from 0) of the mask that belongs to each slice.

    A file of many images comes once, and needs a mask for every one of them.
    """
    import pydicom

    slices = volume.grid.slices
    found: list[Any] = []
    for file in dict.fromkeys(slices[place].path for place in planes):
        try:
            with quiet():
                head = pydicom.dcmread(file, force=True, stop_before_pixels=True)
                # Names of objects are in any script, and highdicom refuses some of the character sets that there are.
                head.decode()
                head.SpecificCharacterSet = "ISO_IR 192"
        except OSError as error:
            raise CannotWrite(f"“{file.name}” is needed for the DICOM-SEG and cannot be read: {error}.") from error
        if "TransferSyntaxUID" not in head.file_meta:
            head.file_meta = open_dataset(file, with_pixels=False).file_meta
        if not head.get("SliceThickness"):
            head.SliceThickness = volume.lengths[2]
        _complete(head, strip=strip)
        found.append(head)
    if len(found) == 1 and int(found[0].get("NumberOfFrames") or 1) > 1:
        return found, [slices[place].frame - 1 for place in planes]
    if any(int(head.get("NumberOfFrames") or 1) > 1 for head in found):
        raise CannotWrite(
            "The slices are spread over several files of many images, which DICOM-SEG cannot tie together here; export "
            "NIfTI instead."
        )
    return found, list(range(len(found)))


def _complete(head: Any, *, strip: bool) -> None:  # noqa: ANN401 - pydicom's data set
    """Add what a segmentation takes over from its images and old files leave out, and take out what is not wanted."""
    import pydicom

    for keyword in (*_PATIENT[:4], *_STUDY[:3], *_STUDY[4:]):
        if keyword not in head:
            setattr(head, keyword, "")
    own = head.get("PerFrameFunctionalGroupsSequence")
    if own and "SharedFunctionalGroupsSequence" not in head:
        shared = pydicom.Dataset()
        for keyword in ("PixelMeasuresSequence", "PlaneOrientationSequence"):
            if keyword in own[0]:
                setattr(shared, keyword, own[0].get(keyword))
        head.SharedFunctionalGroupsSequence = [shared]
    if strip:
        for keyword in (*_PATIENT, *_STUDY):
            if keyword in head:
                setattr(head, keyword, None if keyword in {"PatientWeight", "PatientSize"} else "")


def _masks(
    volume: LabelledVolume, objects: list[LabelObject], planes: list[int], numbers: list[int], images: list[Any]
) -> NDArray[np.uint8]:
    """(frames, rows, columns, objects), 1 on the object."""
    count = int(images[0].get("NumberOfFrames") or 1) if len(images) == 1 else len(images)
    _, rows, columns = volume.grid.shape
    masks = np.zeros((count, rows, columns, len(objects)), np.uint8)
    for layer in volume.annotation.label_map.layers:
        stored = volume.grid.order.to_stored(layer)[planes]
        for place, each in enumerate(objects):
            masks[numbers, :, :, place] |= stored == each.id
    return masks


def _build(images: list[Any], masks: NDArray[np.uint8], objects: list[tuple[LabelObject, LabelClass]]) -> Any:  # noqa: ANN401
    import highdicom as hd
    from pydicom.sr.codedict import codes
    from pydicom.uid import ExplicitVRLittleEndian

    version = metadata.version("isegformer")
    program = hd.AlgorithmIdentificationSequence("iSegFormer", codes.DCM.ArtificialIntelligence, version)
    descriptions = []
    for number, (each, label_class) in enumerate(objects, start=1):
        category, kind = codes_of(label_class.name)
        descriptions.append(
            hd.seg.SegmentDescription(
                segment_number=number,
                segment_label=(" ".join(each.name.split()) or f"object {each.id}")[:_LONGEST_LABEL],
                segmented_property_category=category,
                segmented_property_type=kind,
                algorithm_type=hd.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
                algorithm_identification=program,
                tracking_uid=hd.UID(),
                tracking_id=f"{each.id} {' '.join(each.name.split())}"[:_LONGEST_LABEL],
            )
        )
    try:
        with quiet():
            return hd.seg.Segmentation(
                source_images=images,
                pixel_array=masks,
                segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
                segment_descriptions=descriptions,
                series_instance_uid=hd.UID(),
                series_number=1 + int(images[0].get("SeriesNumber") or 0),
                sop_instance_uid=hd.UID(),
                instance_number=1,
                manufacturer="iSegFormer",
                manufacturer_model_name="iSegFormer",
                software_versions=version,
                device_serial_number="0",
                series_description="Segmentation",
                transfer_syntax_uid=ExplicitVRLittleEndian,
            )
    except FileProblem:
        raise
    except Exception as error:
        # highdicom checks the images in every way there is; what it finds is what the user has to know.
        raise CannotWrite(f"The images do not allow a DICOM-SEG ({error}); export NIfTI instead.") from error


def _compare(
    draft: Path, path: Path, volume: LabelledVolume, objects: list[LabelObject], planes: list[int], watch: Watch
) -> None:
    """Look each object up by the image that it lies on, and compare its pixels there."""
    import highdicom as hd

    slices = volume.grid.slices
    with quiet():
        written = hd.seg.segread(draft)
        for number, each in enumerate(objects, start=1):
            watch()
            expected = volume.grid.order.to_stored(volume.annotation.label_map.voxels(each.id))[planes]
            found = _read(written, [slices[place] for place in planes], number)
            if not np.array_equal(found != 0, expected):
                raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))
        is_placed = _lies_on_images(written, volume, planes)
        if written.number_of_segments != len(objects) or not is_placed:
            raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))


def _lies_on_images(written: Any, volume: LabelledVolume, planes: list[int]) -> bool:  # noqa: ANN401 - highdicom's
    """Whether each frame gives the place in the patient of the image that it names."""
    grid = volume.grid
    if grid.affine is None or not grid.is_even:
        # Frames of uneven slices are known by their images alone.
        return True
    places = {(grid.slices[place].sop_instance, grid.slices[place].frame): place for place in planes}
    for groups in written.PerFrameFunctionalGroupsSequence:
        image = groups.DerivationImageSequence[0].SourceImageSequence[0]
        place = places.get((image.ReferencedSOPInstanceUID, int(image.get("ReferencedFrameNumber") or 1)))
        if place is None:
            return False
        found = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, dtype=float) * _TO_LPS
        if np.abs(found - (grid.affine @ [place, 0, 0, 1])[:3]).max() > _SAME_PLACE:
            return False
    return True


def _read(written: Any, wanted: list[SliceSource], number: int) -> NDArray[Any]:  # noqa: ANN401 - highdicom's
    """The pixels of one segment on these images, (images, rows, columns)."""
    options: dict[str, Any] = {"segment_numbers": [number], "assert_missing_frames_are_empty": True}
    if len({each.sop_instance for each in wanted}) == 1 and len(wanted) >= 1 and _is_multi_frame(written):
        frames = written.get_pixels_by_source_frame(
            wanted[0].sop_instance, [each.frame for each in wanted], ignore_spatial_locations=True, **options
        )
    else:
        frames = written.get_pixels_by_source_instance(
            [each.sop_instance for each in wanted], ignore_spatial_locations=True, **options
        )
    pixels: NDArray[Any] = frames[..., 0]
    return pixels


def _is_multi_frame(written: Any) -> bool:  # noqa: ANN401 - highdicom's
    """Whether the frames name the number of an image inside its file."""
    groups = written.PerFrameFunctionalGroupsSequence[0].DerivationImageSequence[0].SourceImageSequence[0]
    return "ReferencedFrameNumber" in groups

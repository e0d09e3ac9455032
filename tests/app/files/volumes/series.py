"""DICOM series made for the tests: any place in the patient, one file an image."""

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
STUDY, FRAME = generate_uid(), generate_uid()


def write_series(folder: Path, values: NDArray[Any], affine: NDArray[np.float64], **elements: Any) -> Path:
    """Write values (slice, row, column) of int16 as a CT series; `affine` takes (slice, row, column, 1) to RAS+.

    The names of the files and the numbers of the images say nothing of their places. `elements` are put into each
    file; a list of as many values as there are slices is dealt out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lps = _TO_LPS @ affine
    series = generate_uid()
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    for place, plane in enumerate(values):
        dataset = head()
        dataset.SeriesInstanceUID = series
        dataset.InstanceNumber = (place * 7) % 101 + 1
        dataset.ImagePositionPatient = [_text(each) for each in (lps @ [place, 0, 0, 1])[:3]]
        directions = [*(lps[:3, 2] / spacing[2]), *(lps[:3, 1] / spacing[1])]
        dataset.ImageOrientationPatient = [_text(each) for each in directions]
        dataset.PixelSpacing = [_text(spacing[1]), _text(spacing[2])]
        dataset.SliceThickness = _text(spacing[0])
        dataset.Rows, dataset.Columns = plane.shape
        dataset.PixelData = np.ascontiguousarray(plane, dtype="<i2").tobytes()
        dataset["PixelData"].VR = "OW"
        for keyword, value in elements.items():
            setattr(dataset, keyword, value[place] if isinstance(value, list) else value)
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID or generate_uid()
        dataset.save_as(folder / f"{(place * 13) % 97:03d}-{place:03d}.dcm", enforce_file_format=True)
    return folder


def head() -> FileDataset:
    """A CT image without its pixels and its place."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CTImageStorage
    dataset = FileDataset("made", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, generate_uid()
    dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = STUDY, FRAME
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = "Doe^Jane", "42", "", "F"
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.AccessionNumber = "20240101", "", "1", "77"
    dataset.ReferringPhysicianName, dataset.Modality, dataset.SeriesNumber = "", "CT", 3
    dataset.SeriesDescription = "made up"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    return dataset


def _text(value: float) -> pydicom.valuerep.DSfloat:
    return pydicom.valuerep.DSfloat(float(value), auto_format=True)

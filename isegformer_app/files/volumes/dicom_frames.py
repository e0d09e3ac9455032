"""The images of DICOM files, one by one: what their heads say, before any pixel is read."""

import contextlib
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import CannotRead, Damaged, NotAnImage

Vector = NDArray[np.float64]

_PREAMBLE = 128
_MOST_FRAMES = 1_000_000
_HEAD_TAGS = [
    *("SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "Modality", "ImageType"),
    *("PatientName", "PatientID", "StudyDate", "StudyDescription", "StudyInstanceUID", "SeriesNumber"),
    *("SeriesDescription", "SeriesInstanceUID", "FrameOfReferenceUID", "InstanceNumber", "AcquisitionNumber"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio"),
    *("SliceThickness", "SpacingBetweenSlices", "GridFrameOffsetVector", "NumberOfFrames", "Rows", "Columns"),
    *("SamplesPerPixel", "PhotometricInterpretation", "BitsAllocated", "BitsStored", "PixelRepresentation"),
    *("RescaleSlope", "RescaleIntercept", "RescaleType", "Units", "ModalityLUTSequence", "VOILUTSequence"),
    *("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction", "PresentationLUTShape"),
    *("EchoTime", "EchoNumbers", "TemporalPositionIdentifier", "TriggerTime", "DiffusionBValue", "InversionTime"),
    *("AcquisitionTime", "ContentTime", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]
_WITHOUT_PREAMBLE = (b"\x02\x00", b"\x08\x00", b"\x00\x08")

LABELS = {
    "EchoTime": "echo time",
    "EffectiveEchoTime": "echo time",
    "EchoNumbers": "echo",
    "TemporalPositionIdentifier": "time point",
    "TemporalPositionIndex": "time point",
    "AcquisitionNumber": "acquisition",
    "TriggerTime": "trigger time",
    "DiffusionBValue": "b-value",
    "InversionTime": "inversion time",
    "ImageType": "image type",
    "FrameType": "image type",
    "StackID": "stack",
    "AcquisitionTime": "acquired at",
    "ContentTime": "made at",
}
"""What may tell images at one place apart, in the order in which it is tried, and how it is called."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One image: the head of its file, its number in it (from 0), and where it lies (DICOM's LPS millimetres).

    `position` is the middle of the first pixel; `rows_run` and `columns_run` are the unit vectors along a row and
    down a column; `spacing` is from row to row and from column to column.
    """

    path: Path
    number: int
    head: Any
    groups: tuple[dict[str, Any], ...]
    position: Vector | None
    rows_run: Vector | None
    columns_run: Vector | None
    spacing: tuple[float, float] | None

    @property
    def normal(self) -> Vector | None:
        """The unit vector that the slices follow each other along."""
        if self.rows_run is None or self.columns_run is None:
            return None
        return np.cross(self.rows_run, self.columns_run)

    @property
    def order(self) -> tuple[int, int]:
        """Its place in the series as numbered by the scanner."""
        return whole(self.head.get("InstanceNumber")), self.number

    def value(self, keyword: str) -> Any:  # noqa: ANN401 - whatever the element holds
        """An element of this image: of its own functional groups, of the shared ones, or of the file."""
        for group in self.groups:
            if keyword in group:
                return group[keyword]
        return self.head.get(keyword)

    def trait(self, keyword: str) -> str:
        """What one of `LABELS` says of this image, in words; "none" where it says nothing."""
        return _words(self.value(keyword)) or "none"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's warnings: what is wrong with a file is said to the user where it matters."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def looks_like_dicom(path: Path) -> bool:
    """Whether a file begins like DICOM, with the preamble or without it; raises `OSError`."""
    with path.open("rb") as handle:
        start = handle.read(_PREAMBLE + 4)
    if start[_PREAMBLE:] == b"DICM":
        return True
    # Without the preamble a file begins with its first element: group 2 or 8, an element below 256, a known type.
    little = start[:2] in _WITHOUT_PREAMBLE[:2] and start[3:4] == b"\0"
    big = start[:2] == _WITHOUT_PREAMBLE[2] and start[2:3] == b"\0"
    return (little or big) and start[8:].strip(b"\0") != b"" and path.suffix.lower() in {".dcm", ".dicom", ".ima", ""}


def open_dataset(path: Path, *, with_pixels: bool) -> Any:  # noqa: ANN401 - pydicom's data set
    """Read a file, of its head only what is needed unless `with_pixels`; raises `Damaged`, and `OSError`."""
    import pydicom

    try:
        with quiet():
            if with_pixels:
                dataset = pydicom.dcmread(path, force=True)
            else:
                dataset = pydicom.dcmread(path, force=True, stop_before_pixels=True, specific_tags=_head_tags())
    except OSError:
        raise
    except Exception as error:
        # Hostile bytes meet the parser with every exception there is, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged and cannot be read as DICOM; get a fresh copy of it.") from error
    if "TransferSyntaxUID" not in dataset.file_meta:
        encoding = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = (
            pydicom.uid.ImplicitVRLittleEndian
            if encoding[0] in {None, True}
            else pydicom.uid.ExplicitVRLittleEndian
            if encoding[1]
            else pydicom.uid.ExplicitVRBigEndian
        )
    return dataset


@cache
def _head_tags() -> list[Any]:
    """The tags of the head, looked up once: pydicom would do it for every file."""
    from pydicom.tag import Tag

    return [Tag(keyword) for keyword in _HEAD_TAGS]


@cache
def _is_decoded(syntax: str) -> bool:
    """Whether one of the decoders that are there reads a transfer syntax."""
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    try:
        return bool(get_decoder(UID(syntax)).is_available)
    except RuntimeError:
        return False


def read_frames(path: Path) -> list[Frame]:
    """List the images of a file; raises `NotAnImage`, `CannotRead` with the reason, and `OSError`."""
    head = open_dataset(path, with_pixels=False)
    try:
        _refuse_what_is_no_image(head, path)
        with quiet():
            return list(_frames(head, path))
    except (CannotRead, OSError):
        raise
    except Exception as error:
        # Elements that contradict themselves do so in every way there is.
        raise Damaged(f"The head of “{path.name}” contradicts itself; get a fresh copy of it.") from error


def _refuse_what_is_no_image(head: Any, path: Path) -> None:  # noqa: ANN401 - pydicom's data set
    from pydicom.uid import UID

    if head.get("Modality") == "SEG":
        raise NotAnImage(f"“{path.name}” holds a segmentation and no image; open the image, then import it as labels.")
    if not head.get("Rows") or not head.get("Columns"):
        kind = UID(head.get("SOPClassUID", "") or "").name
        raise NotAnImage(f"“{path.name}” holds no image{f' but {kind}' if kind else ''}.")
    syntax = head.file_meta.TransferSyntaxUID
    if not _is_decoded(str(syntax)):
        raise CannotRead(
            f"“{path.name}” is stored in the transfer syntax “{UID(syntax).name}”, which is not decoded here; "
            "export it uncompressed or as lossless JPEG 2000."
        )


def _frames(head: Any, path: Path) -> Iterator[Frame]:  # noqa: ANN401 - pydicom's data set
    count = whole(head.get("NumberOfFrames")) or 1
    if not 0 < count <= _MOST_FRAMES:
        raise Damaged(f"“{path.name}” claims to hold {count:,} images; get a fresh copy of it.")
    own = head.get("PerFrameFunctionalGroupsSequence") or []
    shared = [_flat(group) for group in (head.get("SharedFunctionalGroupsSequence") or [])[:1]]
    for number in range(count):
        groups = ((_flat(own[number]),) if number < len(own) else ()) + tuple(shared)
        yield _frame(head, path, number, groups)


def _flat(group: Any) -> dict[str, Any]:  # noqa: ANN401 - pydicom's data set
    """What the functional groups of an image say, by keyword."""
    return {
        element.keyword: element.value
        for sequence in group
        if sequence.VR == "SQ" and sequence.value
        for element in sequence.value[0]
    }


def _frame(head: Any, path: Path, number: int, groups: tuple[dict[str, Any], ...]) -> Frame:  # noqa: ANN401 - pydicom's
    bare = Frame(path, number, head, groups, None, None, None, None)
    position, orientation = (numbers(bare.value(f"Image{word}Patient")) for word in ("Position", "Orientation"))
    directions = _directions(orientation)
    is_stack = whole(head.get("NumberOfFrames")) > 1 and not groups
    if directions is not None and position is not None and is_stack:
        position = _stacked(head, number, position, np.cross(*directions))
    is_placed = position is not None and len(position) == 3 and directions is not None  # noqa: PLR2004 - millimetres
    spacing = numbers(bare.value("PixelSpacing")) or numbers(bare.value("ImagerPixelSpacing"))
    is_spaced = spacing is not None and len(spacing) == 2 and min(spacing) > 0  # noqa: PLR2004 - rows and columns
    return Frame(
        path,
        number,
        head,
        groups,
        np.array(position) if is_placed and is_spaced else None,
        directions[0] if directions is not None and is_placed and is_spaced else None,
        directions[1] if directions is not None and is_placed and is_spaced else None,
        (spacing[0], spacing[1]) if spacing is not None and is_spaced else None,
    )


def _stacked(head: Any, number: int, position: list[float], normal: Vector) -> list[float] | None:  # noqa: ANN401
    """Place an image of a file that gives the place of its first only; None where it does not say how far apart."""
    offsets = numbers(head.get("GridFrameOffsetVector"))
    if offsets is not None and number < len(offsets):
        step = offsets[number] - (offsets[0] if offsets[0] == position[2] and offsets[0] != 0 else 0.0)
    else:
        distance = numbers(head.get("SpacingBetweenSlices")) or numbers(head.get("SliceThickness"))
        if distance is None or head.get("Modality") in {"US", "XA", "RF", "NM"}:
            return None
        step = number * distance[0]
    return list(np.array(position) + step * normal)


def _directions(orientation: list[float] | None) -> tuple[Vector, Vector] | None:
    if orientation is None or len(orientation) != 6:  # noqa: PLR2004 - two vectors
        return None
    along, down = np.array(orientation[:3]), np.array(orientation[3:])
    lengths = np.linalg.norm(along), np.linalg.norm(down)
    if min(lengths) <= 0 or np.linalg.norm(np.cross(along, down)) < 0.5 * lengths[0] * lengths[1]:
        return None
    return along / lengths[0], down / lengths[1]


def whole(value: object) -> int:
    """The whole number that an element holds; 0 where it holds none."""
    try:
        return int(str(value)) if value is not None else 0
    except ValueError:
        return 0


def numbers(value: object) -> list[float] | None:
    """The finite numbers that an element holds, or None."""
    if value is None or value == "":
        return None
    try:
        found = [
            float(each) for each in (value if hasattr(value, "__iter__") and not isinstance(value, str) else [value])
        ]
    except (TypeError, ValueError):
        return None
    return found if found and np.isfinite(found).all() else None


def _words(value: object) -> str:
    if value is None:
        return ""
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return "\\".join(str(each) for each in value)
    return str(value)

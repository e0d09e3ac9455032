"""From the stored pixels of a DICOM image to values, colours and windows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Curve

from ..errors import Damaged
from .dicom_frames import Frame, numbers, open_dataset, quiet, whole
from .image import NamedWindow

_DTYPES = (np.uint8, np.int16, np.uint16, np.int32)
_SIGMOID_WIDTHS = 3
"""So many widths of a sigmoid are shown; beyond, 0.3 % of black and white are left."""
_WIDE = 64
"""From this width on the half step of a linear window is left out."""

_SIGMOID = np.rint(255 / (1 + np.exp(-2 * _SIGMOID_WIDTHS * np.linspace(-1, 1, 1024)))).astype(np.uint8)
"""DICOM PS3.3 C.11.2.1.3.1: 1 / (1 + exp(-4 (x - centre) / width))."""


def is_colour(frame: Frame) -> bool:
    """Whether the image is shown in colours."""
    kind = str(frame.head.get("PhotometricInterpretation"))
    return whole(frame.head.get("SamplesPerPixel") or 1) > 1 or kind == "PALETTE COLOR"


def is_negative(frame: Frame) -> bool:
    """Whether small values are white."""
    words = [str(frame.head.get(each)) for each in ("PhotometricInterpretation", "PresentationLUTShape")]
    return words[0] == "MONOCHROME1" or words[1] == "INVERSE"


def unit_of(frame: Frame) -> str:
    """The unit of the values, as far as the file says it."""
    kind, modality = str(frame.value("RescaleType") or ""), frame.head.get("Modality")
    if modality == "CT" and kind in {"", "HU", "US"} and frame.value("RescaleIntercept") is not None:
        return "HU"
    if modality == "PT":
        return {"BQML": "Bq/mL", "CNTS": "counts", "GML": "g/mL"}.get(str(frame.head.get("Units") or ""), "")
    return "" if kind == "US" else kind


def dtype_of(frames: tuple[Frame, ...]) -> "np.dtype[Any]":
    """The smallest type that holds every value of these images: whole numbers where the rescaling keeps them whole.

    Of 16 bits that the rescaling might carry beyond 16 bits, int16 all the same: hardly any scanner uses all values,
    and `widened` is there for those that do.
    """
    if is_colour(frames[0]):
        return np.dtype(np.uint8)
    lows, highs, most = [], [], 0
    for frame in frames:
        bits = whole(frame.head.get("BitsStored")) or whole(frame.head.get("BitsAllocated")) or 16
        has_sign = whole(frame.head.get("PixelRepresentation")) == 1
        slope, intercept = _rescaling(frame)
        if frame.head.get("ModalityLUTSequence"):
            bits, has_sign = 16, False
        elif not (slope.is_integer() and intercept.is_integer()) or bits > 31:  # noqa: PLR2004 - more than an int32
            return np.dtype(np.float32)
        ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if has_sign else (0, 2**bits - 1)
        values = [int(end) * int(slope) + int(intercept) for end in ends]
        lows.append(min(values))
        highs.append(max(values))
        most = max(most, bits)
    for dtype in _DTYPES:
        if np.iinfo(dtype).min <= min(lows) and max(highs) <= np.iinfo(dtype).max:
            return np.dtype(np.int16 if dtype is np.int32 and most <= 16 else dtype)  # noqa: PLR2004 - bits
    return np.dtype(np.float32)


def widened(stored: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return `stored` where it can hold `values`, otherwise a copy of a type that can."""
    if stored.dtype.kind not in "iu" or np.can_cast(values.dtype, stored.dtype):
        return stored
    bounds = np.iinfo(stored.dtype)
    fits = bounds.min <= values.min() and values.max() <= bounds.max
    return stored if fits else stored.astype(np.int32)


def _rescaling(frame: Frame) -> tuple[float, float]:
    slope, intercept = numbers(frame.value("RescaleSlope")), numbers(frame.value("RescaleIntercept"))
    return (slope[0] if slope and slope[0] != 0 else 1.0), (intercept[0] if intercept else 0.0)


def decoded(path: Path, frames: list[Frame]) -> Iterator[tuple[Frame, NDArray[Any]]]:
    """Decode these images of one file: (rows, columns) of values, or (rows, columns, 3) uint8.

    Raises `Damaged` with the name of the file, and `OSError`.
    """
    try:
        if _is_for_itk(frames[0]):
            yield from _decoded_by_itk(path, frames)
            return
        dataset = open_dataset(path, with_pixels=True) if _needs_data_set(path, frames[0]) else None
        numbers_wanted = [frame.number for frame in frames]
        images = _images(path if dataset is None else dataset, numbers_wanted)
        for frame, pixels in zip(frames, images, strict=True):
            yield frame, _values(frame, pixels, dataset)
    except (OSError, Damaged, MemoryError):
        raise
    except Exception as error:
        # Decoders meet hostile bytes with every exception there is, and each means the same to the user.
        raise Damaged(
            f"The pixels of “{path.name}” are damaged or cut short and cannot be decoded; get a fresh copy of it."
        ) from error


def _images(source: Any, wanted: list[int]) -> Iterator[NDArray[Any]]:  # noqa: ANN401 - a path or a data set
    from pydicom.pixels.utils import iter_pixels

    images = iter_pixels(source, indices=wanted)
    while True:
        with quiet():
            image = next(images, None)
        if image is None:
            return
        yield image


def _needs_data_set(path: Path, frame: Frame) -> bool:
    """Whether pydicom cannot read image by image, with nothing but the path at hand."""
    from pydicom.uid import DeflatedExplicitVRLittleEndian

    with path.open("rb") as handle:
        has_preamble = handle.read(132)[128:] == b"DICM"
    is_deflated = frame.head.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian
    return not has_preamble or is_deflated or is_colour(frame) or bool(frame.head.get("ModalityLUTSequence"))


def _is_for_itk(frame: Frame) -> bool:
    """JPEG of 12 bits: pydicom's decoders refuse it, the one inside SimpleITK does not."""
    from pydicom.uid import JPEGExtended12Bit

    is_extended = frame.head.file_meta.TransferSyntaxUID == JPEGExtended12Bit
    return is_extended and whole(frame.head.get("BitsStored")) > 8 and not is_colour(frame)  # noqa: PLR2004 - bits


def _decoded_by_itk(path: Path, frames: list[Frame]) -> Iterator[tuple[Frame, NDArray[Any]]]:
    """Decode and rescale by SimpleITK."""
    import SimpleITK

    sitk: Any = SimpleITK
    images = sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))
    for frame in frames:
        yield frame, images[frame.number]


def _values(frame: Frame, pixels: NDArray[Any], dataset: Any) -> NDArray[Any]:  # noqa: ANN401 - pydicom's data set
    from pydicom.pixels.processing import apply_color_lut, apply_modality_lut

    if frame.head.get("PhotometricInterpretation") == "PALETTE COLOR":
        return _eight_bit(np.asarray(apply_color_lut(pixels, dataset)), 16)
    if is_colour(frame):
        return _eight_bit(pixels[..., :3], whole(frame.head.get("BitsStored")) or 8)
    if frame.head.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(pixels, dataset))
    slope, intercept = _rescaling(frame)
    if (slope, intercept) == (1.0, 0.0):
        return pixels
    if slope.is_integer() and intercept.is_integer():
        whole_numbers: NDArray[Any] = pixels.astype(np.int64) * int(slope) + int(intercept)
        return whole_numbers
    scaled: NDArray[Any] = pixels.astype(np.float64) * slope + intercept
    return scaled


def _eight_bit(colours: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    if colours.dtype == np.uint8:
        return colours
    return (colours >> max(bits - 8, 0)).astype(np.uint8)


def windows_of(frame: Frame) -> tuple[list[NamedWindow], list[str]]:
    """The windows that the file proposes, and sentences on what cannot be shown as it is meant."""
    if is_colour(frame):
        return [NamedWindow("as stored", 0.0, 255.0)], []
    tables, notes = _table_windows(frame)
    windows = _level_windows(frame) + tables
    return [each.negative() for each in windows] if is_negative(frame) else windows, notes


def _level_windows(frame: Frame) -> list[NamedWindow]:
    centres, widths = (numbers(frame.value(f"Window{word}")) or [] for word in ("Center", "Width"))
    words = frame.value("WindowCenterWidthExplanation")
    names = [words] if isinstance(words, str) else [str(each) for each in words or []]
    function = str(frame.value("VOILUTFunction") or "")
    found = []
    for place, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        name = names[place].strip() if place < len(names) else ""
        name = name or ("of the file" if len(centres) == 1 else f"of the file {place + 1}")
        # DICOM PS3.3 C.11.2.1.2: without EXACT, the ends of a window of width w are w - 1 apart, half a step lower.
        # Of a wide one nobody sees that, and level and width are to be read as the file says them.
        is_narrow = function in {"", "LINEAR"} and width < _WIDE
        middle, half = (centre - 0.5, (width - 1) / 2) if is_narrow else (centre, width / 2)
        if function == "SIGMOID":
            half *= _SIGMOID_WIDTHS
        if half > 0:
            curve = _SIGMOID if function == "SIGMOID" else None
            found.append(NamedWindow(name, middle - half, middle + half, curve))
    return found


def _table_windows(frame: Frame) -> tuple[list[NamedWindow], list[str]]:
    found, notes = [], []
    for place, table in enumerate(frame.head.get("VOILUTSequence") or [], start=1):
        descriptor = numbers(table.get("LUTDescriptor"))
        if descriptor is None or len(descriptor) != 3:  # noqa: PLR2004 - entries, first value, bits
            continue
        first, entries = descriptor[1], descriptor[0] or 65536
        name = str(table.get("LUTExplanation") or "").strip() or f"table of the file {place}"
        curve = _curve(frame.head, place - 1, first, entries, int(descriptor[2]))
        found.append(NamedWindow(name, first, first + entries - 1, curve))
        if curve is None:
            notes.append(f"The table of grey values “{name}” (VOI LUT) is damaged and is shown as a straight line.")
    return found, notes


def _curve(head: Any, place: int, first: float, entries: float, bits: int) -> Curve | None:  # noqa: ANN401 - pydicom's
    """The greys of a table for display, by its place in the file; None where it is damaged."""
    from pydicom.pixels.processing import apply_voi

    try:
        values = apply_voi(np.arange(int(first), int(first + entries)), head, place)
    except Exception:  # noqa: BLE001 - a table that contradicts itself does so in every way there is
        return None
    greys: Curve = np.rint(values / (2**bits - 1) * 255).clip(0, 255).astype(np.uint8)
    return greys

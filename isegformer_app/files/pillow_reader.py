"""Decoding by Pillow: everything but the TIFF files it does not know."""

from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from .raster import Ask, Raster, RasterSize, UnreadableRaster

# Only formats that are data and nothing else: Pillow would hand PostScript to an interpreter, for example.
FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "DIB", "GIF", "WEBP", "AVIF", "JPEG2000", "PPM")

# Large pictures are asked about by `Ask`, in words and with a way to go on; Pillow's own limit would warn or refuse.
Image.MAX_IMAGE_PIXELS = None

_BYTES_A_PIXEL = {"1": 1, "L": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I": 4, "F": 4, "RGB": 0}
_KEPT = frozenset({"L", "RGB", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_WITH_ALPHA = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_PNG_BIT_DEPTH_AT = 24
_16_BIT = 16
_ORIENTATION = 274
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
_BAD_EXIF = (OSError, ValueError, TypeError, KeyError, IndexError, SyntaxError, ArithmeticError)


def read(handle: BinaryIO, ask: Ask) -> Raster:
    """Decode the first picture of `handle`; raise `UnreadableRaster`, or what Pillow raises on damaged bytes."""
    handle.seek(0)
    head = handle.read(_PNG_BIT_DEPTH_AT + 1)
    handle.seek(0)
    try:
        image: Image.Image = Image.open(handle, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadableRaster from error
    with image:
        width, height = image.size
        ask(RasterSize(height, width, height * width * (3 + _BYTES_A_PIXEL.get(image.mode, 4))))
        notes = _notes(image, head)
        image.load()
        notes += _turn_upright(image)
        values, note = _values(image)
    return Raster(values, (*notes, *([note] if note else [])))


def size(handle: BinaryIO) -> tuple[int, int]:
    """Rows and columns of what `read` would give, without decoding it; raises what `read` raises."""
    handle.seek(0)
    try:
        image = Image.open(handle, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadableRaster from error
    with image:
        try:
            is_on_its_side = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
        except _BAD_EXIF:
            is_on_its_side = False
        return (image.width, image.height) if is_on_its_side else (image.height, image.width)


def _notes(image: Image.Image, head: bytes) -> tuple[str, ...]:
    notes = []
    frames = getattr(image, "n_frames", 1)
    # The second picture of an MPO is the phone's own business: a depth map or a small preview.
    if frames > 1 and image.format != "MPO":
        notes.append(f"The file has {frames} pages or frames; the first is shown.")
    if image.format == "PNG" and image.mode in {"RGB", "RGBA"} and head[_PNG_BIT_DEPTH_AT] == _16_BIT:
        notes.append("Its 16-bit colours are read at 8 bit.")
    return tuple(notes)


def _turn_upright(image: Image.Image) -> tuple[str, ...]:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except _BAD_EXIF:
        # The pixels are whole; only what the camera noted about them is not.
        return ("Its EXIF data is damaged, so it may lie on its side.",)
    return ()


def _values(image: Image.Image) -> tuple[NDArray[np.generic], str | None]:
    if image.mode in _WITH_ALPHA or "transparency" in image.info:
        return _upon_white(image)
    if image.mode == "1":
        return np.asarray(image.convert("L")), None
    if image.mode in _KEPT:
        values = np.asarray(image)
        return values.astype(values.dtype.newbyteorder("="), copy=False), None
    note = "Its CMYK colours are converted without their profile." if image.mode == "CMYK" else None
    return np.asarray(image.convert("RGB")), note


def _upon_white(image: Image.Image) -> tuple[NDArray[np.generic], str | None]:
    rgba = image.convert("RGBA")
    lowest, _ = rgba.getchannel("A").getextrema()
    if lowest == 255:  # noqa: PLR2004 - fully opaque
        return np.asarray(rgba.convert("RGB")), None
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB")), "Its transparent parts are shown upon white."

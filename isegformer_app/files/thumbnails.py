"""Small pictures of photos, for lists: read in a hurry, and never worth a message."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from isegformer_app.document import PHOTO

from .errors import FileProblem
from .photos import read_photo
from .pillow_reader import FORMATS

_PLAIN = frozenset({"L", "RGB", "P", "CMYK"})
_MOST_PIXELS = 120_000_000


def read_thumbnail(path: Path, side: int) -> NDArray[np.uint8] | None:
    """Return the photo upright, (H, W, 3) uint8 with no side longer than `side`; None where it cannot be read.

    May run on any thread.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                return None
            if image.mode in _PLAIN and image.format != "TIFF" and "transparency" not in image.info:
                # A JPEG is decoded at the size that is needed, eight times faster than whole.
                image.draft("RGB", (side, side))
                image.thumbnail((side, side), Image.Resampling.BILINEAR)
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except Exception:  # noqa: BLE001 - decoders meet hostile bytes with every exception there is
        return None
    return _of_any_kind(path, side)


def _of_any_kind(path: Path, side: int) -> NDArray[np.uint8] | None:
    try:
        photo = read_photo(path)
    except FileProblem:
        return None
    pixels = photo.volume.as_rgb(PHOTO, photo.window)
    step = max(1, max(pixels.shape[:2]) // (2 * side))
    image = Image.fromarray(np.ascontiguousarray(pixels[::step, ::step]))
    image.thumbnail((side, side), Image.Resampling.BILINEAR)
    return np.asarray(image)

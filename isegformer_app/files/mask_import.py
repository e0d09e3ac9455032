"""Reading masks made elsewhere, as the starting point of objects: one for each value or colour of the picture."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from isegformer_app.document import MaskCrop

from .errors import CannotRead, Damaged, NotAnImage, cannot_read

FORMATS = ("PNG", "TIFF", "BMP", "GIF", "PPM")
"""Formats that keep every pixel; after a lossy one the values are no numbers of objects any more."""

MOST_OBJECTS = 1000

# A mask has the size of the photo that is open; Pillow's own limit would warn or refuse.
Image.MAX_IMAGE_PIXELS = None

_VALUES = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})


@dataclass(frozen=True, slots=True, eq=False)
class ImportedMask:
    """The pixels of one value; `value` is the number in the picture, or 0xRRGGBB for a colour."""

    value: int
    mask: MaskCrop


def read_masks(path: Path, size: tuple[int, int]) -> tuple[ImportedMask, ...]:
    """Read the masks for a photo of `size` (rows, columns); 0 and black are background, in order of their values.

    Raises `CannotRead` where the size differs, where there is nothing but background, and where there are more values
    than a mask has objects.
    """
    values = _read(path, size)
    present = np.unique(values)
    present = present[present != 0]
    if present.size == 0:
        raise CannotRead(f"“{path.name}” is black everywhere, so there is no mask in it; choose another file.")
    if present.size > MOST_OBJECTS:
        raise CannotRead(
            f"“{path.name}” holds {present.size:,} different values, so it is a photo and no mask; choose a file with "
            "one value an object."
        )
    return tuple(ImportedMask(int(value), MaskCrop.of(values == value)) for value in present)


def _read(path: Path, size: tuple[int, int]) -> NDArray[Any]:
    try:
        with Image.open(path, formats=FORMATS) as image:
            if (image.height, image.width) != size:
                raise CannotRead(
                    f"“{path.name}” is {image.width} x {image.height} pixels, the photo {size[1]} x {size[0]}; choose "
                    "the mask of this photo."
                )
            return _values(image)
    except UnidentifiedImageError as error:
        raise NotAnImage(f"“{path.name}” is no mask that can be read here; save it as PNG and open that.") from error
    except CannotRead:
        raise
    except OSError as error:
        if error.errno is not None:
            raise cannot_read(path, error) from error
        raise Damaged(f"“{path.name}” is damaged or cut short; get a fresh copy of it.") from error
    except Exception as error:
        # Decoders meet hostile bytes with every exception there is, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged or cut short; get a fresh copy of it.") from error


def _values(image: Image.Image) -> NDArray[Any]:
    """Return the numbers (H, W): palette indices and grey values as they are, colours as 0xRRGGBB."""
    if image.mode in _VALUES:
        return np.asarray(image, dtype=np.int64)
    if image.mode == "F":
        rounded: NDArray[Any] = np.rint(np.nan_to_num(np.asarray(image)))
        return rounded.astype(np.int64)
    if image.mode in {"LA", "RGBA", "PA", "La", "RGBa"}:
        image = image.convert("RGBA")
        # What cannot be seen is background, whatever its colour.
        image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
    colours = np.asarray(image.convert("RGB")).astype(np.int64)
    numbers: NDArray[np.int64] = (colours[..., 0] << 16) | (colours[..., 1] << 8) | colours[..., 2]
    return numbers

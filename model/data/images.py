"""Pictures and label maps from files: every mode of a photo becomes RGB, every label map keeps its numbers."""

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import ImageError

PIXEL_LIMIT = 178_000_000
"""Most pixels of a picture that is read: 13,300 x 13,300, about half a gigabyte as RGB."""

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm")
"""Endings of the files that `read_image` reads, lower case, in the order of preference."""

# Never every format Pillow knows: some start other programs (PostScript).
_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")
_UNREADABLE = (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, struct.error, zlib.error)
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")
_ALPHA_MODES = ("RGBA", "LA", "PA", "RGBa", "La")
_LOW, _HIGH = 0.1, 99.9


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Read the first picture of the file at `path`: (H, W, 3) uint8, RGB, upright as its EXIF tag says.

    Grey is repeated, CMYK converted, transparency laid on white. 16-bit, 32-bit and float values are stretched:
    their 0.1 and 99.9 percentiles become 0 and 255. Raises `ImageError` where there is no such file, or it is no
    picture, damaged, cut off or larger than `PIXEL_LIMIT`; the size is looked at before memory is taken.
    """
    return np.ascontiguousarray(_to_rgb(_open(Path(path), upright=True), Path(path)))


def read_labels(path: str | Path) -> NDArray[np.int32]:
    """Read a label map: (H, W) int32 as stored; a palette image gives its indices, one bit gives 0 and 1.

    Colour: (H, W) of 65536 R + 256 G + B, where all three are equal the grey value. Alpha is dropped.
    Raises `ImageError` as `read_image` does.
    """
    picture = _open(Path(path))
    if picture.mode in ("RGB", "RGBA"):
        colour = np.asarray(picture)[..., :3].astype(np.int32)
        red, green, blue = colour[..., 0], colour[..., 1], colour[..., 2]
        if np.array_equal(red, green) and np.array_equal(green, blue):
            return red
        return red * 65536 + green * 256 + blue
    values = np.asarray(picture)
    if values.ndim == 3:
        values = values[..., 0]
    labels = values.astype(np.int32)
    if not np.array_equal(labels, values):
        raise ImageError(f"The label map {str(path)!r} holds values that are no whole numbers.")
    return labels


def read_probability(path: str | Path) -> NDArray[np.float32]:
    """Read a mask as a probability: (H, W) float32 in [0, 1]; 255 (or 1, where nothing is larger) means 1.

    Palette and deep images count as labels: everything but 0 is 1. Raises `ImageError` as `read_image` does.
    """
    labels = read_labels(path)
    highest = int(labels.max(initial=0))
    if highest <= 1:
        return labels.astype(np.float32)
    if highest > 255 or int(labels.min()) < 0 or _mode(Path(path)) == "P":
        return np.asarray(labels != 0).astype(np.float32)
    return np.divide(labels, 255.0, dtype=np.float32)


def _mode(path: Path) -> str:
    with Image.open(path, formats=_FORMATS) as picture:
        return picture.mode


def _open(path: Path, *, upright: bool = False) -> Image.Image:
    """Open and decode, turned as its EXIF tag says where `upright`; or say in one sentence why not."""
    _check_is_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow's own bound is a warning at half this size; ours is looked at below, in words.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as picture:
                _check_size(picture.size, path)
                picture.load()
                return ImageOps.exif_transpose(picture) if upright else picture
    except PermissionError as error:
        raise ImageError(f"The file {str(path)!r} may not be read; check its permissions.") from error
    except Image.DecompressionBombError as error:
        raise ImageError(_too_large(path, "more pixels than that")) from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{str(path)!r} is not an image that can be read (PNG, JPEG, WebP, TIFF, BMP, GIF)."
        ) from error
    except MemoryError as error:
        raise ImageError(f"There is not enough memory to read the image {str(path)!r}.") from error
    except _UNREADABLE as error:
        raise ImageError(f"The image {str(path)!r} is damaged or cut off and cannot be read.") from error


def is_file(path: Path) -> bool:
    """Tell whether a name out of a list is a file's; one that no file could have, too long or with a NUL, is not."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _check_is_file(path: Path) -> None:
    try:
        exists, is_folder = path.exists(), path.is_dir()
    except (OSError, ValueError) as error:
        raise ImageError(f"{str(path)[:80]!r} cannot be the path of a file.") from error
    if not exists:
        raise ImageError(f"There is no file {str(path)!r}.")
    if is_folder:
        raise ImageError(f"{str(path)!r} is a folder, not an image.")


def _check_size(size: tuple[int, int], path: Path) -> None:
    width, height = size
    if width * height > PIXEL_LIMIT:
        raise ImageError(_too_large(path, f"{width} x {height} pixels"))


def _too_large(path: Path, found: str) -> str:
    return (
        f"The image {str(path)!r} is too large: it has {found}, and at most {PIXEL_LIMIT // 1_000_000} "
        "million can be read; cut it into parts first."
    )


def _to_rgb(picture: Image.Image, path: Path) -> NDArray[np.uint8]:
    if picture.mode in _DEEP_MODES:
        grey = _stretch(np.asarray(picture))
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.mode in _ALPHA_MODES or "transparency" in picture.info:
        seen = picture.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        return np.asarray(Image.alpha_composite(paper, seen).convert("RGB"))
    try:
        return np.asarray(picture.convert("RGB"))
    except ValueError as error:
        raise ImageError(
            f"The image {str(path)!r} has colours of the kind {picture.mode}, which is not read."
        ) from error


def _stretch(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Deep grey to 8 bits by percentiles, as the window shows it."""
    finite = values[np.isfinite(values)].astype(np.float32)
    if finite.size == 0:
        return np.zeros(values.shape, np.uint8)
    low, high = (float(limit) for limit in np.percentile(finite, [_LOW, _HIGH]))
    if high <= low:
        # Nearly all is one value: the few others decide, so that a lone bright spot is still seen.
        low, high = float(finite.min()), float(finite.max())
    span = max(high - low, float(np.finfo(np.float32).tiny))
    unit = np.clip((np.nan_to_num(values.astype(np.float32)) - low) / span, 0.0, 1.0)
    return np.asarray(np.rint(unit * 255.0), np.uint8)

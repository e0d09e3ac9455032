"""Decoding TIFF: 8-bit pictures by Pillow, measured values (16-bit, float, many bands) by tifffile."""

from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from . import pillow_reader
from .raster import Ask, Raster, RasterSize

if TYPE_CHECKING:
    import tifffile

_ORIENTATION = 274
_MINISWHITE = 0
_MOST_PILLOW_BANDS = 4


def read(handle: BinaryIO, ask: Ask) -> Raster:
    """Decode the first page of `handle`; raises what the decoders raise on damaged bytes.

    The two decoders know different compressions, so each stands in for the other.
    """
    import tifffile

    handle.seek(0)
    try:
        with tifffile.TiffFile(handle) as file:
            page = file.pages.first
            pages = len(file.pages)
            _ask(page, ask)
            is_measured = not (
                page.dtype is not None and page.dtype.itemsize == 1 and page.samplesperpixel <= _MOST_PILLOW_BANDS
            )
            values = _try_values(page) if is_measured else None
    except (tifffile.TiffFileError, ValueError, KeyError, IndexError, TypeError):
        return pillow_reader.read(handle, ask)
    if values is None:
        return _by_pillow(handle, ask, is_measured=is_measured)
    return Raster(values, (f"The file has {pages} pages; the first is shown.",) if pages > 1 else ())


def _by_pillow(handle: BinaryIO, ask: Ask, *, is_measured: bool) -> Raster:
    raster = pillow_reader.read(handle, ask)
    if is_measured and raster.values.dtype == np.uint8:
        return Raster(raster.values, (*raster.notes, "Its values are read at 8 bit."))
    return raster


def _ask(page: "tifffile.TiffPage", ask: Ask) -> None:
    height, width = int(page.imagelength), int(page.imagewidth)
    itemsize = page.dtype.itemsize if page.dtype is not None else 1
    bands = int(page.samplesperpixel)
    is_rgb = itemsize == 1 and bands == 3  # noqa: PLR2004 - then the values are what is shown
    ask(RasterSize(height, width, height * width * (3 if is_rgb else 3 + itemsize * bands)))


def _try_values(page: "tifffile.TiffPage") -> NDArray[np.generic] | None:
    """Decode by tifffile, (H, W) or (H, W, bands), upright; None where a compression is unknown to it."""
    try:
        values = np.asarray(page.asarray())
    except ValueError:
        return None
    axes = page.axes
    # A page is rows, columns and samples in either order; of anything more (depth tiles) the first is taken.
    while values.ndim > 2 and axes[0] not in "SYX":  # noqa: PLR2004
        values, axes = values[0], axes[1:]
    if axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    if values.ndim not in {2, 3} or values.size == 0:
        return None
    if int(page.photometric) == _MINISWHITE and np.issubdtype(values.dtype, np.unsignedinteger):
        values = np.iinfo(values.dtype).max - values
    tag = page.tags.get(_ORIENTATION)
    upright = _turn_upright(values, int(tag.value) if tag is not None else 1)
    return np.ascontiguousarray(upright, dtype=values.dtype.newbyteorder("="))


def _turn_upright(values: NDArray[np.generic], orientation: int) -> NDArray[np.generic]:
    """Undo the eight orientations of the TIFF 6.0 tag: where row 0 and column 0 of the file really lie."""
    turned = {
        2: lambda: values[:, ::-1],
        3: lambda: values[::-1, ::-1],
        4: lambda: values[::-1],
        5: lambda: values.swapaxes(0, 1),
        6: lambda: values.swapaxes(0, 1)[:, ::-1],
        7: lambda: values.swapaxes(0, 1)[::-1, ::-1],
        8: lambda: values.swapaxes(0, 1)[::-1],
    }
    return turned.get(orientation, lambda: values)()

"""What the decoders of photos hand over."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class UnreadableRaster(Exception):  # noqa: N818 - never reaches the user: the reader of photos puts it into words
    """The decoder does not know the bytes."""


@dataclass(frozen=True, slots=True)
class RasterSize:
    """How large a picture is, known before it is decoded: pixels, and bytes of memory for its values and its RGB."""

    height: int
    width: int
    memory: int


@dataclass(frozen=True, eq=False, slots=True)
class Raster:
    """A decoded picture: `values` (H, W) or (H, W, bands), upright; `notes` are sentences."""

    values: NDArray[np.generic]
    notes: tuple[str, ...] = ()


Ask = Callable[[RasterSize], None]
"""Called with the size before any memory is taken; raises to stop the reading."""

"""A photo that is open: its pixels, its annotation and how it is looked at."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Annotation, SliceKey, Viewpoint, Volume

_serials = count(1)


@dataclass(eq=False)
class Photo:
    """One photo (later one volume) on the desk."""

    path: Path
    volume: Volume
    annotation: Annotation
    viewpoint: Viewpoint = field(default_factory=Viewpoint)
    notes: tuple[str, ...] = ()
    """Sentences on what had to be decided when the file was read."""
    content_hash: str = ""
    """SHA-256 of the file, in hexadecimal."""
    _serial: int = field(default_factory=lambda: next(_serials), repr=False)
    _rgb: tuple[SliceKey, tuple[float, float] | None, NDArray[np.uint8]] | None = field(default=None, repr=False)

    def image_key(self, key: SliceKey) -> str:
        """Name of the pixels of one slice, the same for as long as the photo is open."""
        return f"{self.path}|{self._serial}|{key.axis}|{key.index}"

    def rgb(self, key: SliceKey) -> NDArray[np.uint8]:
        """Pixels of one slice for the network and the screen, (H, W, 3) uint8, not to be written; kept for the last."""
        window = self.viewpoint.window
        if self._rgb is None or self._rgb[:2] != (key, window):
            pixels = self.volume.as_rgb(key, window)
            pixels.flags.writeable = False
            self._rgb = (key, window, pixels)
        return self._rgb[2]

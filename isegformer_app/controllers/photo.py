"""A photo or a volume that is open: its pixels, its annotation and how it is looked at."""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Annotation, Curve, Ruler, SliceKey, Viewpoint, Volume
from isegformer_app.document.normalisation import DISPLAY, Normalisation
from isegformer_app.files.volumes import VolumeImage

_serials = count(1)
_Window = tuple[float, float]


@dataclass(eq=False)
class Photo:
    """One photo or one volume on the desk."""

    path: Path
    volume: Volume
    """Of several time points, the one that is looked at."""
    annotation: Annotation
    viewpoint: Viewpoint = field(default_factory=Viewpoint)
    notes: tuple[str, ...] = ()
    """Sentences on what had to be decided when the file was read."""
    content_hash: str = ""
    """SHA-256 of the file, in hexadecimal."""
    image: VolumeImage | None = None
    """What was read of a volume; None for a photo."""
    _serial: int = field(default_factory=lambda: next(_serials), repr=False)
    _rgb: tuple[tuple[SliceKey, int, _Window | None], NDArray[np.uint8]] | None = field(default=None, repr=False)

    @property
    def is_grey_volume(self) -> bool:
        """Whether its values are looked at through a window."""
        return self.image is not None and not self.volume.is_colour

    @property
    def network_window(self) -> _Window | None:
        """Values that the network gets as black and white."""
        view = self.viewpoint
        if view.normalisation is None or view.normalisation.name == DISPLAY:
            return view.window
        return view.normalisation.window

    @property
    def normalisation(self) -> Normalisation | None:
        """What the network sees of a grey volume, with the values that hold now."""
        chosen, window = self.viewpoint.normalisation, self.network_window
        return None if chosen is None or window is None else Normalisation(chosen.name, *window)

    def image_key(self, key: SliceKey) -> str:
        """Name of the pixels of one slice as the network gets them: for as long as the photo is open, by value."""
        name = f"{self.path}|{self._serial}|{key.axis}|{key.index}"
        return name if self.image is None else f"{name}|{self.viewpoint.time}|{self.normalisation}"

    def rgb(self, key: SliceKey) -> NDArray[np.uint8]:
        """Pixels of one slice for the network, (H, W, 3) uint8, not to be written; kept for the last.

        As they are stored, not square in millimetres: docs/adr/0009 has the reasons.
        """
        wanted = key, self.viewpoint.time, self.network_window
        if self._rgb is None or self._rgb[0] != wanted:
            pixels = self.volume.as_rgb(key, wanted[2], self._curve(wanted[2]))
            pixels.flags.writeable = False
            self._rgb = wanted, pixels
        return self._rgb[1]

    def shown(self, key: SliceKey) -> NDArray[np.uint8]:
        """Pixels of one slice for the screen: (H, W) uint8 of a grey volume, (H, W, 3) of anything else."""
        window = self.viewpoint.window
        return self.volume.as_grey(key, window, self._curve(window)) if self.is_grey_volume else self.rgb(key)

    def _curve(self, window: _Window | None) -> Curve | None:
        return None if self.image is None else self.image.curve(window)

    def pixel(self, axis: int) -> tuple[float, float]:
        """Height and width of the pixels of slices along an axis, the shorter 1."""
        height, width = (length for number, length in enumerate(self.volume.spacing) if number != axis)
        shorter = min(height, width)
        return (height / shorter, width / shorter) if shorter > 0 else (1.0, 1.0)

    def measured(self, ruler: Ruler, key: SliceKey) -> str:
        """The length of a ruler on a slice, with its unit: "about" where the slices lie at uneven distances."""
        words = f"{ruler.length(self.volume, key):.1f} {'mm' if self.volume.has_scale else 'px'}"
        is_across = self.image is not None and key.axis != self.image.native_axis
        return f"about {words}" if self.image is not None and is_across and not self.image.grid.is_even else words

    def turn_time(self, time: int) -> bool:
        """Look at another time point; whether there is one."""
        if self.image is None or not 0 <= time < len(self.image.volumes) or time == self.viewpoint.time:
            return False
        self.viewpoint.time, self.volume = time, self.image.volumes[time]
        return True

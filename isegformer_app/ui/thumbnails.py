"""Thumbnails that are read while nobody waits: what was asked for last comes first, and few are kept."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from isegformer_app.controllers.opening import VolumeChoice, VolumeSource
from isegformer_app.files.thumbnails import read_thumbnail
from isegformer_app.files.volumes import read_thumbnail_of

from .errands import Errands

VolumeOf = Callable[[Path], VolumeChoice | VolumeSource | None]
"""Gives the volume that a path of the queue stands for; None for photos."""

SIDE = 128
"""Pixels of the longer side: enough for a list on a screen of double density."""
KEPT = 600
_WAITING = 100


class Thumbnails(QObject):
    """Pictures by path. `find` answers at once; `arrived` tells when a picture that was missing is there."""

    arrived = Signal(Path)

    def __init__(self, parent: QObject, volume_of: VolumeOf) -> None:
        super().__init__(parent)
        self._volume_of = volume_of
        self._errands = Errands(self, "thumbnails")
        self._kept: OrderedDict[Path, QPixmap | None] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._is_reading = False

    def find(self, path: Path) -> QPixmap | None:
        """The picture of a photo; None while it is not read, and where it cannot be read."""
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        self._waiting[path] = None
        self._waiting.move_to_end(path)
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._read_next()
        return None

    def close(self) -> None:
        """The window closes."""
        self._waiting.clear()
        self._errands.close()

    def _read_next(self) -> None:
        if self._waiting and not self._is_reading:
            path, _ = self._waiting.popitem()
            self._is_reading = True
            volume = self._volume_of(path)
            self._errands.run(
                lambda: read_thumbnail(path, SIDE) if volume is None else read_thumbnail_of(volume, SIDE),
                lambda pixels: self._keep(path, pixels),
            )

    def _keep(self, path: Path, pixels: NDArray[np.uint8] | None) -> None:
        self._is_reading = False
        self._kept[path] = None if pixels is None else pixmap_of(pixels)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.arrived.emit(path)
        self._read_next()


def pixmap_of(pixels: NDArray[np.uint8]) -> QPixmap:
    """Turn (H, W, 3) uint8 into a pixmap of that many pixels."""
    height, width = pixels.shape[:2]
    data = np.ascontiguousarray(pixels).tobytes()
    return QPixmap.fromImage(QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888))

"""The photo's pixels as they are drawn: magnified they show as squares, reduced they come smooth from a halved copy."""

from collections.abc import Sequence
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

_SMALLEST_LEVEL = 256
_STRIP = 1024
"""Rows that are halved at a time: a 32-bit copy of the whole photo would double its memory."""

_RIM = 2
"""Pixels round what is exposed that are drawn too: smoothing looks at neighbours."""


class PhotoLayer:
    """A pyramid of images, each level half as large as the one before; levels are made when first needed."""

    def __init__(self) -> None:
        """Start with nothing to show."""
        self._levels: list[QImage] = []
        self._pixels: NDArray[np.uint8] | None = None

    @property
    def extent(self) -> QRectF:
        """The photo's rectangle in its own pixels."""
        return QRectF(self._levels[0].rect()) if self._levels else QRectF()

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show (H, W, 3) uint8 RGB, or nothing."""
        self._levels, self._pixels = [], pixels
        if pixels is not None:
            height, width = pixels.shape[:2]
            # The array is kept in `_pixels`: the image only borrows its memory.
            self._levels = [QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)]

    def set_grey(self, pixels: NDArray[np.uint8], colours: Sequence[int] | None = None) -> None:
        """Show (H, W) uint8, grey or in 256 `colours` (ARGB)."""
        height, width = pixels.shape
        kind = QImage.Format.Format_Grayscale8 if colours is None else QImage.Format.Format_Indexed8
        image = QImage(pixels.data, width, height, width, kind)
        if colours is not None:
            image.setColorTable(colours)
        self._levels, self._pixels = [image], pixels

    def paint(self, painter: QPainter, exposed: QRectF, scale: float) -> None:
        """Draw what lies in `exposed`, with as much detail as `scale`, drawn pixels a pixel of the photo, needs.

        Painter and rectangle are in the photo's pixels, x along its columns.
        """
        if not self._levels:
            return
        image, whole = self._levels[self._level(scale)], self._levels[0]
        down, across = image.height() / whole.height(), image.width() / whole.width()
        left, top = max(floor(exposed.left() * across) - _RIM, 0), max(floor(exposed.top() * down) - _RIM, 0)
        right = min(ceil(exposed.right() * across) + _RIM, image.width())
        bottom = min(ceil(exposed.bottom() * down) + _RIM, image.height())
        if left >= right or top >= bottom:
            return
        width, height = right - left, bottom - top
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
        place = QRectF(left / across, top / down, width / across, height / down)
        painter.drawImage(place, image, QRectF(left, top, width, height))

    def _level(self, scale: float) -> int:
        level = 0
        while scale * 2 ** (level + 1) <= 1:
            if level + 1 == len(self._levels):
                last = self._levels[level]
                if max(last.width(), last.height()) <= _SMALLEST_LEVEL:
                    break
                self._levels.append(_halved(last))
            level += 1
        return level


def _halved(image: QImage) -> QImage:
    """Half as wide and high, in 32 bits a pixel: that is what Qt shrinks and draws fastest."""
    width, height = max(image.width() // 2, 1), max(image.height() // 2, 1)
    half = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(half)
    for top in range(0, height, _STRIP):
        rows = min(_STRIP, height - top)
        strip = image.copy(0, 2 * top, image.width(), min(2 * rows, image.height()))
        strip.convertTo(QImage.Format.Format_RGB32)
        smooth = strip.scaled(
            width, rows, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        painter.drawImage(0, top, smooth)
    painter.end()
    return half

"""The photo on the canvas. Magnified it shows its pixels; reduced it is drawn from a halved copy, smooth and quick."""

from math import ceil, floor

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from .view_geometry import ViewGeometry

_SMALLEST_LEVEL = 256


class PhotoLayer:
    """A pyramid of images, each level half as large as the one before; levels are made when first needed."""

    def __init__(self) -> None:
        """Start with nothing to show."""
        self._levels: list[QImage] = []
        self._pixels: NDArray[np.uint8] | None = None

    def set_pixels(self, pixels: NDArray[np.uint8] | None) -> None:
        """Show (H, W, 3) uint8 RGB, or nothing."""
        self._levels, self._pixels = [], pixels
        if pixels is not None:
            height, width = pixels.shape[:2]
            # The array is kept in `_pixels`: the image only borrows its memory.
            self._levels = [QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)]

    def value(self, row: int, col: int) -> tuple[int, int, int] | None:
        """Red, green and blue of a pixel."""
        if self._pixels is None:
            return None
        red, green, blue = self._pixels[row, col].tolist()
        return red, green, blue

    def paint(self, painter: QPainter, geometry: ViewGeometry, ratio: float) -> None:
        """Draw what is in sight; `ratio` is device pixels a logical pixel."""
        if not self._levels:
            return
        image = self._levels[self._level(geometry.scale * ratio)]
        rows, cols = geometry.image
        down, across = image.height() / rows, image.width() / cols
        low_row, low_col = geometry.to_image(0, 0)
        high_row, high_col = geometry.to_image(*geometry.canvas)
        left, top = max(floor(low_col * across), 0), max(floor(low_row * down), 0)
        right, bottom = min(ceil(high_col * across), image.width()), min(ceil(high_row * down), image.height())
        if left >= right or top >= bottom:
            return
        x0, y0 = geometry.to_screen(top / down, left / across)
        x1, y1 = geometry.to_screen(bottom / down, right / across)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, geometry.scale * ratio < 1)
        painter.drawImage(QRectF(x0, y0, x1 - x0, y1 - y0), image, QRectF(left, top, right - left, bottom - top))

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
    return image.scaled(
        max(image.width() // 2, 1),
        max(image.height() // 2, 1),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )

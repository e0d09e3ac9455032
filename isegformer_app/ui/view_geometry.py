"""Where an image pixel lies on the screen, and back. Plain arithmetic, no Qt.

Pixel (row, col) covers the square from (row, col) to (row + 1, col + 1) of image coordinates; screen coordinates
are logical pixels of the canvas, x to the right and y down.
"""

from dataclasses import dataclass, replace
from math import floor

MAX_SCALE = 64.0
"""Screen pixels an image pixel: larger, a pixel fills the hand."""

_FIT_MARGIN = 0.98


@dataclass(frozen=True, slots=True)
class ViewGeometry:
    """Scale (screen pixels an image pixel) and the image point (row, col) in the middle of the canvas."""

    image: tuple[int, int]
    """Rows and columns."""
    canvas: tuple[int, int]
    """Width and height in logical pixels."""
    scale: float = 1.0
    row: float = 0.0
    col: float = 0.0

    def fit_scale(self) -> float:
        """Scale at which the whole image just fits; small images are not blown up beyond 8."""
        rows, cols = self.image
        width, height = self.canvas
        return min(max(width, 1) / cols * _FIT_MARGIN, max(height, 1) / rows * _FIT_MARGIN, 8.0)

    def fitted(self) -> "ViewGeometry":
        """Show the whole image in the middle."""
        return replace(self, scale=self.fit_scale(), row=self.image[0] / 2, col=self.image[1] / 2)

    def zoomed(self, factor: float, x: float, y: float) -> "ViewGeometry":
        """Zoom by a factor; what lies under (x, y) stays there."""
        lowest = min(self.fit_scale() / 4, 1.0)
        scale = min(max(self.scale * factor, lowest), MAX_SCALE)
        row, col = self.to_image(x, y)
        dx, dy = x - self.canvas[0] / 2, y - self.canvas[1] / 2
        return replace(self, scale=scale, row=row - dy / scale, col=col - dx / scale)._kept_in_sight()

    def panned(self, dx: float, dy: float) -> "ViewGeometry":
        """Move the image by screen pixels."""
        return replace(self, row=self.row - dy / self.scale, col=self.col - dx / self.scale)._kept_in_sight()

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image point (row, col) under a screen point."""
        return (
            self.row + (y - self.canvas[1] / 2) / self.scale,
            self.col + (x - self.canvas[0] / 2) / self.scale,
        )

    def to_screen(self, row: float, col: float) -> tuple[float, float]:
        """Screen point (x, y) of an image point."""
        return (
            self.canvas[0] / 2 + (col - self.col) * self.scale,
            self.canvas[1] / 2 + (row - self.row) * self.scale,
        )

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The pixel (row, col) under a screen point; None beside the image."""
        row, col = self.to_image(x, y)
        if 0 <= row < self.image[0] and 0 <= col < self.image[1]:
            return floor(row), floor(col)
        return None

    def _kept_in_sight(self) -> "ViewGeometry":
        """Keep the middle of the canvas on the image, so that it is never lost."""
        rows, cols = self.image
        return replace(self, row=min(max(self.row, 0.0), float(rows)), col=min(max(self.col, 0.0), float(cols)))

"""Where an image pixel lies on the screen, and back. Plain arithmetic, no Qt.

Pixel (row, col) covers the square from (row, col) to (row + 1, col + 1) of image coordinates; screen coordinates
are logical pixels of the canvas, x to the right and y down.
"""

from dataclasses import dataclass, replace
from math import floor

MAX_SCALE = 64.0
"""Screen pixels an image pixel: larger, a pixel fills the hand."""

_FIT_MARGIN = 0.98
_LARGEST_FIT = 8.0
"""Small images are not blown up beyond this to fill the canvas."""


@dataclass(frozen=True, slots=True)
class ViewGeometry:
    """Scale (screen pixels a pixel's shorter side) and the image point (row, col) in the middle of the canvas."""

    image: tuple[int, int]
    """Rows and columns."""
    canvas: tuple[int, int]
    """Width and height in logical pixels."""
    scale: float = 1.0
    row: float = 0.0
    col: float = 0.0
    pixel: tuple[float, float] = (1.0, 1.0)
    """Height and width of a pixel; the shorter is 1."""
    is_mirrored: bool = False
    """Whether the first column lies on the right."""

    @property
    def scales(self) -> tuple[float, float]:
        """Screen pixels from one row to the next, and from one column to the next."""
        return self.scale * self.pixel[0], self.scale * self.pixel[1]

    def fit_scale(self) -> float:
        """Scale at which the whole image just fits."""
        rows, cols = self.image[0] * self.pixel[0], self.image[1] * self.pixel[1]
        width, height = self.canvas
        return min(max(width, 1) / cols * _FIT_MARGIN, max(height, 1) / rows * _FIT_MARGIN, _LARGEST_FIT)

    def fitted(self) -> "ViewGeometry":
        """Show the whole image in the middle."""
        return replace(self, scale=self.fit_scale(), row=self.image[0] / 2, col=self.image[1] / 2)

    def zoomed(self, factor: float, x: float, y: float) -> "ViewGeometry":
        """Zoom by a factor; what lies under (x, y) stays there."""
        lowest = min(self.fit_scale() / 4, 1.0)
        scale = min(max(self.scale * factor, lowest), MAX_SCALE)
        row, col = self.to_image(x, y)
        about = replace(self, scale=scale)
        down, right = about.to_image(x, y)
        return replace(about, row=self.row + row - down, col=self.col + col - right)._kept_in_sight()

    def panned(self, dx: float, dy: float) -> "ViewGeometry":
        """Move the image by screen pixels."""
        down, right = self._steps(dx, dy)
        return replace(self, row=self.row - down, col=self.col - right)._kept_in_sight()

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Image point (row, col) under a screen point."""
        down, right = self._steps(x - self.canvas[0] / 2, y - self.canvas[1] / 2)
        return self.row + down, self.col + right

    def to_screen(self, row: float, col: float) -> tuple[float, float]:
        """Screen point (x, y) of an image point."""
        down, right = self.scales
        shift = (self.col - col if self.is_mirrored else col - self.col) * right
        return self.canvas[0] / 2 + shift, self.canvas[1] / 2 + (row - self.row) * down

    def pixel_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The pixel (row, col) under a screen point; None beside the image."""
        row, col = self.to_image(x, y)
        if 0 <= row < self.image[0] and 0 <= col < self.image[1]:
            return floor(row), floor(col)
        return None

    def sheet(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the canvas on the image laid flat: its first shown corner is (0, 0).

        On the sheet a pixel is `pixel` high and wide, and the columns run as they are shown.
        """
        width, height = self.canvas[0] / self.scale, self.canvas[1] / self.scale
        across = self.image[1] - self.col if self.is_mirrored else self.col
        return across * self.pixel[1] - width / 2, self.row * self.pixel[0] - height / 2, width, height

    def _steps(self, dx: float, dy: float) -> tuple[float, float]:
        """Rows and columns that screen pixels are."""
        down, right = self.scales
        return dy / down, (-dx if self.is_mirrored else dx) / right

    def _kept_in_sight(self) -> "ViewGeometry":
        """Keep the middle of the canvas on the image, so that it is never lost."""
        rows, cols = self.image
        return replace(self, row=min(max(self.row, 0.0), float(rows)), col=min(max(self.col, 0.0), float(cols)))

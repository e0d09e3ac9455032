"""What a canvas tool is told about the mouse."""

from dataclasses import dataclass
from math import hypot

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from .view_geometry import ViewGeometry

CLICK_REACH = 4.0
"""Logical pixels: a press that moves less is a click, however long it is held."""


def is_drag(pressed: QPointF, place: QPointF) -> bool:
    """Whether the way from a press is too long for a click."""
    return hypot(place.x() - pressed.x(), place.y() - pressed.y()) >= CLICK_REACH


@dataclass(frozen=True, slots=True)
class Pointer:
    """One mouse event over the photo, with the geometry of that moment."""

    x: float
    y: float
    geometry: ViewGeometry
    button: Qt.MouseButton
    modifiers: Qt.KeyboardModifier

    @classmethod
    def of(cls, event: QMouseEvent, geometry: ViewGeometry) -> "Pointer":
        """Read a mouse event."""
        position = event.position()
        return cls(position.x(), position.y(), geometry, event.button(), event.modifiers())

    @classmethod
    def at(cls, place: QPointF, geometry: ViewGeometry) -> "Pointer":
        """A mouse that rests."""
        return cls(place.x(), place.y(), geometry, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier)

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The pixel (row, col) under the pointer; None beside the photo."""
        return self.geometry.pixel_at(self.x, self.y)

    @property
    def point(self) -> tuple[float, float]:
        """(row, col) where the middle of a pixel is a whole number."""
        row, col = self.geometry.to_image(self.x, self.y)
        return row - 0.5, col - 0.5

    @property
    def is_left(self) -> bool:
        """Whether it is about the left button."""
        return self.button == Qt.MouseButton.LeftButton

    @property
    def is_right(self) -> bool:
        """Whether it is about the right button."""
        return self.button == Qt.MouseButton.RightButton

    def has(self, modifier: Qt.KeyboardModifier) -> bool:
        """Whether a modifier key is held."""
        return bool(self.modifiers & modifier)

    def is_click_from(self, pressed: "Pointer") -> bool:
        """Whether the way from the press to here is short enough for a click."""
        return not is_drag(QPointF(pressed.x, pressed.y), QPointF(self.x, self.y))

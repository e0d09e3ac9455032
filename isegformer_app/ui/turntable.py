"""Where the surfaces are looked at from. Plain arithmetic, no Qt."""

from dataclasses import dataclass, replace
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

_STEEPEST = 90.0
_LEAST_ZOOM, _MOST_ZOOM = 0.2, 40.0
_LEANS = 0.38
"""From this share on a direction is told with a letter: 0.38 is 22 degrees, half way to the next of eight."""

_LETTERS = (("L", "R"), ("P", "A"), ("S", "I"))


@dataclass(frozen=True, slots=True)
class Turntable:
    """Angles in degrees: at 0 it is looked at from the front; `azimuth` goes to the patient's left, `elevation` up.

    `right` and `down` move the picture, in halves of its shorter side.
    """

    azimuth: float = 0.0
    elevation: float = 0.0
    zoom: float = 1.0
    right: float = 0.0
    down: float = 0.0

    def turned(self, to_left: float, up: float) -> "Turntable":
        """Walk round it by degrees, as far up and down as there is a side to see."""
        elevation = min(max(self.elevation + up, -_STEEPEST), _STEEPEST)
        return replace(self, azimuth=(self.azimuth + to_left) % 360.0, elevation=elevation)

    def zoomed(self, factor: float) -> "Turntable":
        """Come nearer by a factor; the middle of the picture stays where it is."""
        zoom = min(max(self.zoom * factor, _LEAST_ZOOM), _MOST_ZOOM)
        grown = zoom / self.zoom
        return replace(self, zoom=zoom, right=self.right * grown, down=self.down * grown)

    def moved(self, right: float, down: float) -> "Turntable":
        """Move the picture."""
        return replace(self, right=self.right + right, down=self.down + down)

    def axes(self) -> NDArray[np.float32]:
        """(3, 3): the unit vectors in LPS to the right and to the top of the picture, and towards the viewer."""
        turn, rise = radians(self.azimuth), radians(self.elevation)
        right = np.array([cos(turn), sin(turn), 0.0])
        towards = np.array([sin(turn) * cos(rise), -cos(turn) * cos(rise), sin(rise)])
        return np.stack([right, np.cross(towards, right), towards]).astype(np.float32)

    def letters(self) -> tuple[str, str, str, str]:
        """What lies at the upper, lower, left and right edge of the picture: one to three of R, L, A, P, S, I."""
        right, top, _ = self.axes()
        return _letters(top), _letters(-top), _letters(-right), _letters(right)


SIDES = {
    "A": Turntable(),
    "P": Turntable(azimuth=180.0),
    "R": Turntable(azimuth=270.0),
    "L": Turntable(azimuth=90.0),
    "S": Turntable(elevation=90.0),
    "I": Turntable(elevation=-90.0),
}
"""Where to look from, by the side of the patient that is seen."""


def _letters(direction: NDArray[np.float32]) -> str:
    order = np.argsort(-np.abs(direction))
    return "".join(_LETTERS[axis][int(direction[axis] < 0)] for axis in order if abs(direction[axis]) > _LEANS)

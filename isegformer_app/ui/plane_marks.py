"""What stands on a plane of a volume: where its edges lie in the patient, how long a centimetre is, which slice."""

from dataclasses import dataclass
from math import floor, log10

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from .view_geometry import ViewGeometry

PLANE_COLOURS = (QColor(240, 100, 90), QColor(110, 210, 120), QColor(100, 160, 250))
"""Of the axial, coronal and sagittal plane, where they cut the others."""

_LIGHT, _SHADE = QColor(235, 238, 242), QColor(0, 0, 0, 170)
_EDGE = 8
_FONT, _LINE = 13, 16
"""Height of the letters and of their lines in logical pixels."""

_BAR_SHARE = 0.28
"""Share of the canvas that the scale bar takes at most."""


@dataclass(frozen=True, slots=True)
class PlaneMarks:
    """What to write. `letters` are those of the upper, lower, left and right edge of the picture as it is shown."""

    title: str = ""
    letters: tuple[str, str, str, str] = ("", "", "", "")
    millimetres: float = 0.0
    """Length of a pixel's shorter side; 0 where it is not known."""
    cuts: tuple[tuple[int, int, int], ...] = ()
    """Other planes: their axis, 0 for a row or 1 for a column, and which row or column."""

    def draw(self, painter: QPainter, view: ViewGeometry) -> None:
        """Draw on the canvas, in its logical pixels."""
        self._draw_cuts(painter, view)
        font = QFont(painter.font())
        font.setPixelSize(_FONT)
        metrics, width = QFontMetricsF(font), view.canvas[0]
        title = metrics.elidedText(self.title, Qt.TextElideMode.ElideRight, width - 2 * _EDGE)
        # Where the title reaches the middle, the upper letter stands below it.
        is_met = _EDGE + 2 + metrics.horizontalAdvance(title) > width / 2 - _LINE
        draw_letters(painter, view.canvas, self.letters, lowered=_LINE if is_met else 0)
        painter.setFont(font)
        _write(painter, QRectF(_EDGE + 2, _EDGE, width, _LINE), Qt.AlignmentFlag.AlignLeft, title)
        if self.millimetres > 0:
            self._draw_scale(painter, view)

    def _draw_cuts(self, painter: QPainter, view: ViewGeometry) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        (x0, y0), (x1, y1) = view.to_screen(0, 0), view.to_screen(*view.image)
        for axis, direction, place in self.cuts:
            colour = QColor(PLANE_COLOURS[axis])
            colour.setAlpha(150)
            painter.setPen(QPen(colour, 1))
            x, y = view.to_screen(place + 0.5, place + 0.5)
            if direction:
                painter.drawLine(QPointF(x, y0), QPointF(x, y1))
            else:
                painter.drawLine(QPointF(x0, y), QPointF(x1, y))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _draw_scale(self, painter: QPainter, view: ViewGeometry) -> None:
        per_millimetre = view.scale / self.millimetres
        length = round_length(view.canvas[0] * _BAR_SHARE / per_millimetre)
        x, y = view.canvas[0] - _EDGE - 22.0, view.canvas[1] - _EDGE - 4.0
        bar = length * per_millimetre
        for colour, thickness in ((_SHADE, 5.0), (_LIGHT, 2.0)):
            painter.setPen(QPen(colour, thickness))
            painter.drawLine(QPointF(x - bar, y), QPointF(x, y))
        words = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"  # noqa: PLR2004 - millimetres in one
        _write(painter, QRectF(x - max(bar, 80), y - 20, max(bar, 80), 16), Qt.AlignmentFlag.AlignRight, words)


def draw_letters(
    painter: QPainter, canvas: tuple[int, int], letters: tuple[str, str, str, str], *, lowered: int = 0
) -> None:
    """Write at the upper, lower, left and right edge of a canvas (width, height) what lies there in the patient.

    The upper letter is `lowered` by so many logical pixels.
    """
    width, height = canvas
    font = painter.font()
    bold = QFont(font)
    bold.setPixelSize(_FONT)
    bold.setBold(True)
    painter.setFont(bold)
    top, bottom, left, right = letters
    middle, vertical = Qt.AlignmentFlag.AlignCenter, Qt.AlignmentFlag.AlignVCenter
    _write(painter, QRectF(0, _EDGE + lowered, width, _LINE), middle, top)
    _write(painter, QRectF(0, height - _LINE - _EDGE, width, _LINE), middle, bottom)
    _write(painter, QRectF(_EDGE + 2, 0, width, height), vertical | Qt.AlignmentFlag.AlignLeft, left)
    _write(painter, QRectF(0, 0, width - _EDGE - 2, height), vertical | Qt.AlignmentFlag.AlignRight, right)
    painter.setFont(font)


def round_length(longest: float) -> float:
    """The longest of 1, 2, 5, 10, 20, 50, ... that is no longer."""
    power = 10.0 ** floor(log10(longest)) if longest > 0 else 1.0
    return next(factor * power for factor in (5, 2, 1) if factor * power <= longest or factor == 1)


def _write(painter: QPainter, place: QRectF, where: Qt.AlignmentFlag, words: str) -> None:
    if words:
        painter.setPen(_SHADE)
        # Shade on all sides: bright tissue lies under half of the letters.
        for right, down in ((-1, -1), (1, -1), (-1, 1), (1, 1)):
            painter.drawText(place.translated(right, down), where, words)
        painter.setPen(_LIGHT)
        painter.drawText(place, where, words)

"""Click markers: the same size at every zoom, told apart by sign and not by colour alone."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from isegformer_app.document import Click

from .view_geometry import ViewGeometry

RADIUS = 7.0
POSITIVE = QColor(0, 200, 120)
NEGATIVE = QColor(235, 60, 70)
_ARM = 3.4


def screen_point(click: Click, geometry: ViewGeometry) -> QPointF:
    """Where the middle of the click's pixel lies on the screen."""
    x, y = geometry.to_screen(click.row + 0.5, click.col + 0.5)
    return QPointF(x, y)


def marker_at(clicks: Sequence[Click], geometry: ViewGeometry, x: float, y: float) -> int | None:
    """Number of the marker under a screen point, the newest first; None where there is none."""
    for index in range(len(clicks) - 1, -1, -1):
        offset = screen_point(clicks[index], geometry) - QPointF(x, y)
        if QPointF.dotProduct(offset, offset) <= (RADIUS + 2) ** 2:
            return index
    return None


def paint_marker(painter: QPainter, point: QPointF, is_positive: bool, is_hovered: bool) -> None:
    """Draw one marker: a green disk with a plus, or a red one with a minus."""
    radius = RADIUS + (2 if is_hovered else 0)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 4.0))
    painter.setBrush(POSITIVE if is_positive else NEGATIVE)
    painter.drawEllipse(point, radius, radius)
    painter.setPen(QPen(Qt.GlobalColor.white, 1.8))
    painter.drawEllipse(point, radius, radius)
    painter.drawLine(point - QPointF(_ARM, 0), point + QPointF(_ARM, 0))
    if is_positive:
        painter.drawLine(point - QPointF(0, _ARM), point + QPointF(0, _ARM))


def paint_spinner(painter: QPainter, point: QPointF, turn: int) -> None:
    """Draw an arc round the newest click while its answer is awaited; `turn` is in degrees."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 130), 4.5))
    painter.drawEllipse(point, RADIUS + 6, RADIUS + 6)
    painter.setPen(QPen(QColor(255, 255, 255), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    reach = RADIUS + 6
    painter.drawArc(QRectF(point.x() - reach, point.y() - reach, 2 * reach, 2 * reach), -turn * 16, 100 * 16)

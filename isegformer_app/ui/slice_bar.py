"""A bar beside a plane: all its slices from the first to the last, what is on them, and the one shown."""

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from isegformer_app.document import Colour

_WIDTH = 18
_MARGIN = 5
_LEAST_HEIGHT = 2.0
_LEAST_DOUBT = 10.0
_TRACK_ALPHA = 64
AMBER = QColor(255, 176, 0)
"""Colour of what should be looked at."""


class SliceBar(QWidget):
    """Press or draw along it to go to a slice."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count, self._index = 1, 0
        self.doubtful: tuple[int, ...] = ()
        """The slices with a mask that should be looked at."""
        self._marks: list[tuple[Colour, NDArray[np.intp]]] = []
        self._runs: list[tuple[QColor, list[tuple[int, int]]]] = []
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Slices")

    def sizeHint(self) -> QSize:
        """Answer Qt."""
        return QSize(_WIDTH, 120)

    def show_slices(self, count: int, index: int) -> None:
        """Show another slice of so many."""
        if (count, index) != (self._count, self._index):
            self._count, self._index = count, index
            self._tell()
            self.update()

    def show_doubtful(self, places: Collection[int]) -> None:
        """Mark the slices that should be looked at."""
        wanted = tuple(sorted(places))
        if wanted != self.doubtful:
            self.doubtful = wanted
            self._tell()
            self.update()

    def show_marks(self, marks: Mapping[int, NDArray[np.intp]], colours: Mapping[int, Colour]) -> None:
        """Show which slices carry which objects: places by the object's number."""
        wanted = [(colours[number], places) for number, places in marks.items() if number in colours]
        if len(wanted) == len(self._marks) and all(
            one[0] == other[0] and np.array_equal(one[1], other[1])
            for one, other in zip(wanted, self._marks, strict=True)
        ):
            return
        self._marks = wanted
        self._runs = [(QColor(*colour), _runs(places)) for colour, places in wanted]
        self.update()

    @property
    def marked(self) -> list[int]:
        """The slices that carry objects."""
        places = [places for _, places in self._marks]
        return sorted(set(np.concatenate(places).tolist())) if places else []

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw."""
        painter = QPainter(self)
        groove = QRectF(_MARGIN, _MARGIN, self.width() - 2 * _MARGIN, self.height() - 2 * _MARGIN)
        track = self.palette().color(QPalette.ColorRole.WindowText)
        track.setAlpha(_TRACK_ALPHA)
        painter.fillRect(groove, track)
        height = max(groove.height() / self._count, _LEAST_HEIGHT)
        lane = groove.width() / max(len(self._runs), 1)
        for number, (colour, runs) in enumerate(self._runs):
            left = groove.left() + number * lane
            for first, behind in runs:
                top = self._y(first)
                painter.fillRect(QRectF(left, top, lane, max(self._y(behind) - top, _LEAST_HEIGHT)), colour)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 1))
        painter.setBrush(AMBER)
        for place in self.doubtful:
            middle, half = self._y(place) + height / 2, max(height, _LEAST_DOUBT) / 2
            for edge, tip in ((0, _MARGIN + 2), (self.width(), self.width() - _MARGIN - 2)):
                corners = (QPointF(edge, middle - half), QPointF(tip, middle), QPointF(edge, middle + half))
                painter.drawPolygon(corners)
        y = self._y(self._index) + height / 2
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
        painter.drawLine(QPointF(1, y), QPointF(self.width() - 1, y))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        self._choose(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        self._choose(event)

    def _choose(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            share = (event.position().y() - _MARGIN) / max(self.height() - 2 * _MARGIN, 1)
            self.chosen.emit(min(max(int(share * self._count), 0), self._count - 1))

    def _tell(self) -> None:
        words = f"Slice {self._index + 1} of {self._count}"
        if self.doubtful:
            words += f"\nTo be looked at: {', '.join(str(place + 1) for place in self.doubtful)}"
        self.setToolTip(words)

    def _y(self, place: int) -> float:
        return _MARGIN + (self.height() - 2 * _MARGIN) * place / self._count


def _runs(places: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First place, and the place behind the last, of each unbroken row of places."""
    if not places.size:
        return []
    gaps = np.flatnonzero(np.diff(places) > 1)
    starts = places[np.concatenate(([0], gaps + 1))]
    ends = places[np.concatenate((gaps, [places.size - 1]))] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))

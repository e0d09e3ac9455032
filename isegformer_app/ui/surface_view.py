"""The objects of a volume in three dimensions, turned with the mouse."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from .errands import Errands
from .plane_marks import draw_letters
from .surface_raster import Mesh, render
from .turntable import SIDES, Turntable

_BACKGROUND = (38, 40, 44)
_DEGREES = 0.5
"""That a logical pixel of the mouse turns."""
_NOTCH = 1.2
_DEGREES_8TH_A_NOTCH = 120
_REST_MS = 150
_MOST_MOVING, _MOST_RESTING = 120_000, 1_500_000
"""Drawn pixels while it is turned, and at rest."""

_WORDS_COLOUR = QColor(185, 192, 202)


class SurfaceView(QWidget):
    """Left button turns, wheel zooms, middle or right button moves, a double click looks from the front again."""

    update_wanted = Signal()
    given_up = Signal()
    """The surfaces that are being made are not waited for any more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = Turntable()
        self.has_sides = True
        """Whether it is known where the patient's left and right are."""
        self._mesh: Mesh | None = None
        self._colours = np.zeros((0, 3), np.uint8)
        self._picture: QImage | None = None
        self._pixels: NDArray[np.uint8] | None = None
        self._words = ""
        self._grip: QPointF | None = None
        self._drawing = Errands(self, "drawing surfaces")
        self._is_drawing, self._is_outdated = False, False
        self._rest = QTimer(self, interval=_REST_MS, singleShot=True)
        self._rest.timeout.connect(self._draw)
        self._bar, self._cancel, self._update = QProgressBar(), QToolButton(), QToolButton()
        self._lay_out()
        self.setMinimumSize(160, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("3-D view")
        self.setObjectName("surfaceView")

    def sizeHint(self) -> QSize:
        """Answer Qt."""
        return QSize(360, 300)

    # What is shown ----------------------------------------------------------------------------------------------

    def show_mesh(self, mesh: Mesh | None, colours: NDArray[np.uint8], words: str = "") -> None:
        """Show surfaces in the colours (k, 3) of their owners; `words` where there are none."""
        self._mesh, self._colours, self._words = mesh, colours, words
        if mesh is None:
            self._picture = None
            self.update()
        else:
            self._draw()

    def show_progress(self, done: int, total: int) -> None:
        """Show how many surfaces are made, with a way to end it; `total` 0: none are being made."""
        for each in (self._bar, self._cancel):
            each.setVisible(total > 0)
        self._bar.setRange(0, total)
        self._bar.setValue(done)

    def offer_update(self, is_outdated: bool) -> None:
        """Offer to make surfaces that are not what the slices show any more."""
        self._update.setVisible(is_outdated)

    def look_from(self, side: str) -> None:
        """Look at a side of the patient: one of R, L, A, P, S, I."""
        self._look(SIDES[side])

    def close_down(self) -> None:
        """Draw nothing any more."""
        self._drawing.close()

    # Drawing ----------------------------------------------------------------------------------------------------

    def _look(self, view: Turntable) -> None:
        self.view = view
        self._draw()

    def _draw(self) -> None:
        """Begin to draw it as it is looked at now; while one picture is drawn, the next waits."""
        self._is_outdated = True
        if self._is_drawing or self._mesh is None or not self.isVisible():
            return
        self._is_drawing, self._is_outdated = True, False
        mesh, colours, view, size = self._mesh, self._colours, self.view, self._size()
        self._drawing.run(lambda: render(mesh, colours, view, size, _BACKGROUND), self._drawn)

    def _drawn(self, pixels: NDArray[np.uint8]) -> None:
        self._is_drawing = False
        if self._mesh is not None:
            height, width = pixels.shape[:2]
            # The array is kept: the image only borrows its memory.
            self._pixels = pixels
            self._picture = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            self.update()
        if self._is_outdated:
            self._draw()

    def _size(self) -> tuple[int, int]:
        """Height and width to draw: fewer pixels while it moves."""
        ratio = self.devicePixelRatioF()
        height, width = max(self.height() * ratio, 1.0), max(self.width() * ratio, 1.0)
        most = _MOST_MOVING if self._rest.isActive() else _MOST_RESTING
        share = min(1.0, (most / (height * width)) ** 0.5)
        return max(round(height * share), 1), max(round(width * share), 1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is there, and where its sides lie."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(*_BACKGROUND))
        if self._picture is None:
            painter.setPen(_WORDS_COLOUR)
            place = QRectF(self.rect()).adjusted(16, 40, -16, -40)
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(self.rect()), self._picture, QRectF(self._picture.rect()))
        if self.has_sides:
            draw_letters(painter, (self.width(), self.height()), self.view.letters())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw it at the new size."""
        self._draw()

    def showEvent(self, event: object) -> None:
        """Draw what changed while it was not seen."""
        self._draw()

    # The mouse --------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of it."""
        self._grip = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn it, or move it."""
        if self._grip is None:
            return
        shift, self._grip = event.position() - self._grip, event.position()
        self._rest.start()
        if event.buttons() & Qt.MouseButton.LeftButton:
            # What is held follows the hand: the viewer goes the other way.
            self._look(self.view.turned(-shift.x() * _DEGREES, shift.y() * _DEGREES))
        else:
            half = max(min(self.width(), self.height()), 1) / 2
            self._look(self.view.moved(shift.x() / half, shift.y() / half))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of it."""
        self._grip = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Look from the front again."""
        self._look(Turntable())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Come nearer, or go away."""
        self._rest.start()
        self._look(self.view.zoomed(_NOTCH ** (event.angleDelta().y() / _DEGREES_8TH_A_NOTCH)))
        event.accept()

    # Building ---------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        sides = QHBoxLayout()
        sides.setSpacing(2)
        for side in SIDES:
            button = self._button(side, f"Look from {_NAMES[side]}")
            button.clicked.connect(partial(self.look_from, side))
            sides.addWidget(button)
        sides.addStretch(1)
        self._dress(self._update, "Update", "Make the surfaces of what has changed")
        self._update.clicked.connect(self.update_wanted)
        sides.addWidget(self._update)
        below = QHBoxLayout()
        self._bar.setTextVisible(False)
        self._bar.setMaximumHeight(8)
        self._dress(self._cancel, "Cancel", "Make no more surfaces for now")
        self._cancel.clicked.connect(self.given_up)
        below.addWidget(self._bar, stretch=1)
        below.addWidget(self._cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addLayout(sides)
        layout.addStretch(1)
        layout.addLayout(below)
        self.show_progress(0, 0)
        self.offer_update(False)

    def _button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        self._dress(button, text, tip)
        return button

    @staticmethod
    def _dress(button: QToolButton, text: str, tip: str) -> None:
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)


_NAMES = {
    "A": "the front",
    "P": "behind",
    "R": "the patient's right",
    "L": "the patient's left",
    "S": "the head",
    "I": "the feet",
}

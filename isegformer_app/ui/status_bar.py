"""The status bar: where the cursor is, what lies there, and who answers how fast."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QStyleOption, QWidget

_NOTHING = "-"
_LEAST = 48
"""Logical pixels to which a field may shrink."""


class _Field(QLabel):
    """A text that takes a certain width where there is room, and may end in dots where there is not enough.

    So no text makes the window wider than its screen.
    """

    def __init__(self, width: int, *, may_shrink: bool) -> None:
        super().__init__()
        self._width, self._may_shrink = width, may_shrink

    def sizeHint(self) -> QSize:
        """Answer Qt: its width, or what the text needs."""
        hint = super().sizeHint()
        return hint.expandedTo(QSize(self._width, hint.height()))

    def minimumSizeHint(self) -> QSize:
        """Answer Qt: what the text needs, or less."""
        needed = super().minimumSizeHint()
        return needed.boundedTo(QSize(_LEAST, needed.height())) if self._may_shrink else needed

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as there is room for."""
        painter, option = QPainter(self), QStyleOption()
        option.initFrom(self)
        inside = self.contentsRect()
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, inside.width())
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.style().drawItemText(painter, inside, flags, option.palette, self.isEnabled(), words)


class StatusBar(QStatusBar):
    """Position, value and label on the left; zoom, answer time, model and device on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.position, self.value, self.label = (self._field(width, may_shrink=True) for width in (130, 150, 170))
        self.extent = self._field(110)
        self.saved = self._field(0, is_right=True)
        self.zoom, self.latency = (self._field(width, is_right=True) for width in (70, 120))
        self.engine = self._field(220, is_right=True, may_shrink=True)
        self.position.setToolTip(
            "Column x and row y under the cursor, counted from 0; of a volume column, row and slice, "
            "and millimetres to the patient's right, front and head (or left, back, feet)"
        )
        self.value.setToolTip("Red, green and blue of the pixel, or its grey value")
        self.label.setToolTip("Object and class under the cursor")
        self.extent.setToolTip("Width and height of the photo")
        self.saved.setToolTip("When the session file was written last")
        self.zoom.setToolTip("Screen pixels a photo pixel")
        self.latency.setToolTip("From the click to the mask, waiting included")
        self.engine.setToolTip("Model and device that answer")
        self.setSizeGripEnabled(False)
        self.show_pixel("", "", "")

    def _field(self, width: int, *, is_right: bool = False, may_shrink: bool = False) -> QLabel:
        made = _Field(width, may_shrink=may_shrink)
        if is_right:
            self.addPermanentWidget(made)
        else:
            self.addWidget(made)
        return made

    def show_pixel(self, place: str, value: str, label: str) -> None:
        """Show what is under the cursor."""
        self.position.setText(place or _NOTHING)
        self.value.setText(value)
        self.label.setText(label)

    def show_zoom(self, scale: float | None) -> None:
        """Show the zoom, in device pixels a photo pixel."""
        self.zoom.setText("" if scale is None else f"{scale * 100:.0f} %")

    def show_size(self, shape: tuple[int, int], depth: int | None = None) -> None:
        """Show the size of the photo (rows, columns), or of a volume of so many slices."""
        rows, cols = shape
        rest = " px" if depth is None else f" × {depth}"  # noqa: RUF001 - the sign meant
        self.extent.setText(f"{cols} × {rows}{rest}")  # noqa: RUF001 - the sign meant

    def show_latency(self, seconds: float) -> None:
        """Show how long the last answer took."""
        self.latency.setText(f"answer {seconds * 1000:.0f} ms" if seconds < 1 else f"answer {seconds:.1f} s")

    def show_saved(self, text: str) -> None:
        """Show when the session was saved."""
        self.saved.setText(text)

    def show_engine(self, text: str) -> None:
        """Show who answers, or what is going on there."""
        self.engine.setText(text)

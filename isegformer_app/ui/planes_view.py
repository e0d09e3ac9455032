"""The middle of the window: the photo, or one plane of a volume, or three of them together."""

from PySide6.QtWidgets import QGridLayout, QWidget

from .canvas import Canvas
from .plane_pane import PlanePane

_CELLS = ((0, 0), (0, 1), (1, 0))
"""Row and column of the axial, coronal and sagittal plane."""


class PlanesView(QWidget):
    """Three panes, of which one or all are shown; photos use the first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes = tuple(PlanePane(axis) for axis in range(3))
        self.corner = QWidget()
        """What is in the fourth cell while all three planes are shown, and beside a single one."""
        self._axis, self._are_three, self._has_corner = 0, False, False
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        for pane, cell in zip(self.panes, _CELLS, strict=True):
            self._layout.addWidget(pane, *cell)
        self._layout.addWidget(self.corner, 1, 1)
        self._arrange()

    @property
    def canvases(self) -> tuple[Canvas, ...]:
        """The canvases of all planes."""
        return tuple(pane.canvas for pane in self.panes)

    @property
    def active(self) -> Canvas:
        """The canvas that is worked on."""
        return self.panes[self._axis].canvas

    @property
    def active_pane(self) -> PlanePane:
        """The plane that is worked on."""
        return self.panes[self._axis]

    @property
    def under_mouse(self) -> Canvas:
        """The canvas that the mouse is over, else the one that is worked on."""
        return next((canvas for canvas in self.canvases if canvas.is_hovered), self.active)

    @property
    def shown(self) -> tuple[PlanePane, ...]:
        """The planes that can be seen."""
        return self.panes if self._are_three else (self.active_pane,)

    def set_waiting(self, is_waiting: bool) -> None:
        """Turn a ring round the newest click of the plane that is worked on, or stop it."""
        for canvas in self.canvases:
            canvas.set_waiting(is_waiting and canvas is self.active)

    def put_in_corner(self, widget: QWidget) -> None:
        """Have something to show beside the planes."""
        self._layout.replaceWidget(self.corner, widget)
        self.corner.deleteLater()
        self.corner = widget
        self._arrange()

    def arrange(self, axis: int, are_three: bool) -> bool:
        """Show one plane or all; whether that is new."""
        if (axis, are_three) == (self._axis, self._are_three):
            return False
        has_moved = are_three != self._are_three or not are_three
        self._axis, self._are_three = axis, are_three
        if has_moved:
            self._arrange()
        return True

    def show_corner(self, is_shown: bool) -> None:
        """Show what is beside the planes, or leave its place to them."""
        if is_shown != self._has_corner:
            self._has_corner = is_shown
            self._arrange()

    def _arrange(self) -> None:
        for pane in self.panes:
            pane.setVisible(pane in self.shown)
        row, col = _CELLS[self._axis]
        self._layout.addWidget(self.corner, *((1, 1) if self._are_three else (row, 1 - col)))
        self.corner.setVisible(self._has_corner)
        for number in range(2):
            self._layout.setRowStretch(number, int(self._are_three or number == row))
            self._layout.setColumnStretch(number, int(self._are_three or self._has_corner or number == col))

"""pyqtgraph's view box, told what to show and left nothing to decide."""

from pyqtgraph import ViewBox
from PySide6.QtCore import QRectF

from .view_geometry import ViewGeometry


class PhotoView(ViewBox):
    """Carries the items that live on the photo's sheet: x along its columns, y down its rows, one scale for both.

    Mouse, menu, ranges and paddings of its own are off: `ViewGeometry` alone says where a pixel lies.
    """

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMouse=False, enableMenu=False, defaultPadding=0.0)

    def look(self, geometry: ViewGeometry) -> None:
        """Show what `geometry` says."""
        self.setRange(QRectF(*geometry.sheet()), padding=0.0)

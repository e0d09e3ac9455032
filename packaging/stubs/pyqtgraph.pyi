"""What we use of pyqtgraph, which ships no types."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsItem, QGraphicsObject, QGraphicsView, QGraphicsWidget, QWidget

class GraphicsView(QGraphicsView):
    def __init__(
        self, parent: QWidget | None = None, useOpenGL: bool | None = None, background: QColor | str = "default"
    ) -> None: ...
    centralWidget: ViewBox
    mouseEnabled: bool
    def setCentralItem(self, item: QGraphicsWidget) -> None: ...

class GraphicsObject(QGraphicsObject):
    def __init__(self, parent: QGraphicsItem | None = None) -> None: ...

class ViewBox(QGraphicsWidget):
    def __init__(
        self,
        parent: QGraphicsItem | None = None,
        *,
        lockAspect: bool | float = False,
        enableMouse: bool = True,
        invertY: bool = False,
        enableMenu: bool = True,
        defaultPadding: float = 0.02,
    ) -> None: ...
    def addItem(self, item: QGraphicsItem, ignoreBounds: bool = False) -> None: ...
    def setRange(self, rect: QRectF | None = None, padding: float | None = None) -> None: ...
    def mouseEnabled(self) -> list[bool]: ...
    def menuEnabled(self) -> bool: ...

class ColorMap:
    def getLookupTable(self, nPts: int = ..., mode: str = ...) -> NDArray[np.uint8]: ...

class colormap:
    @staticmethod
    def get(name: str) -> ColorMap: ...

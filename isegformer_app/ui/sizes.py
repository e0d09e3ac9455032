"""How large windows begin: no screen is too small for them."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

_SHARE = 0.94
"""Of the screen: the frame of a window needs some of it."""


def begin_with(window: QWidget, width: int, height: int) -> None:
    """Make a window that large, in logical pixels, where the screen has room for it."""
    window.resize(QSize(width, height).boundedTo(window.screen().availableSize() * _SHARE))

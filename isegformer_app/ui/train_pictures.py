"""Sample predictions of a training, side by side."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

CAPTION = "Held-out images after three clicks: the truth in green, the answer in orange"
_MOST = 3


class TrainPictures(QWidget):
    """Three pictures in a row, each at most `height` high."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self._height = height
        self._labels = [QLabel(alignment=Qt.AlignmentFlag.AlignCenter) for _ in range(_MOST)]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for label in self._labels:
            layout.addWidget(label, stretch=1)

    def show_files(self, paths: Sequence[Path]) -> None:
        """Show the pictures in these files; one that is not whole yet leaves the one before."""
        for label, path in zip(self._labels, paths, strict=False):
            picture = QPixmap(str(path))
            if picture.isNull():
                continue
            ratio = self.devicePixelRatioF()
            width = max(self._height, label.width())
            fitted = picture.scaled(
                round(width * ratio),
                round(self._height * ratio),
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            fitted.setDevicePixelRatio(ratio)
            label.setPixmap(fitted)

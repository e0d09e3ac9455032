"""The list of photos in the queue, with how far each is."""

from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtWidgets import QLabel, QListView, QVBoxLayout, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.document import Status

from .objects_panel import swatch

_COLOURS = {
    Status.TO_DO: (150, 156, 165),
    Status.IN_PROGRESS: (230, 159, 0),
    Status.DONE: (0, 158, 115),
    Status.FLAGGED: (204, 121, 167),
}
_ROOT = QModelIndex()


class PhotosModel(QAbstractListModel):
    """The album as Qt reads it: rows are only asked for while they are in sight."""

    def __init__(self, album: Album) -> None:
        super().__init__()
        self._album = album
        self._icons = {status: swatch(colour) for status, colour in _COLOURS.items()}

    def refresh(self) -> None:
        """The album has changed."""
        self.beginResetModel()
        self.endResetModel()

    def status_changed(self) -> None:
        """The photo on the desk has changed."""
        index = self.index(self._album.index)
        self.dataChanged.emit(index, index)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Answer Qt: one row a photo."""
        return 0 if parent.isValid() else len(self._album.paths)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Answer Qt: name, path and status of a photo."""
        if not index.isValid():
            return None
        path = self._album.paths[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        status = self._album.status(path)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{path}\n{status.value}"
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icons[status]
        return None


class PhotosPanel(QWidget):
    """A list to turn to any photo."""

    chosen = Signal(Path)

    def __init__(self, album: Album, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._album = album
        self.model = PhotosModel(album)
        self.view = QListView()
        self.view.setModel(self.model)
        self.view.setUniformItemSizes(True)
        self.view.setIconSize(QSize(14, 14))
        self.view.clicked.connect(lambda index: self.chosen.emit(album.paths[index.row()]))
        self._count = QLabel()
        self._count.setObjectName("faint")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._count)
        layout.addWidget(self.view, stretch=1)

    def refresh(self) -> None:
        """Show the album as it is now."""
        self.model.refresh()
        total = len(self._album.paths)
        self._count.setText(f"{self._album.index + 1} of {total}")
        self.view.setCurrentIndex(self.model.index(self._album.index))

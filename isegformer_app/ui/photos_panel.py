"""The list of photos in the queue, with a picture of each and how far it is."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from isegformer_app.controllers.album import Album
from isegformer_app.document import Status

from .choice_box import ChoiceBox
from .objects_panel import swatch
from .thumbnails import Thumbnails, VolumeOf

_COLOURS = {
    Status.TO_DO: (150, 156, 165),
    Status.IN_PROGRESS: (230, 159, 0),
    Status.DONE: (0, 158, 115),
    Status.FLAGGED: (204, 121, 167),
}
_TROUBLE = (213, 94, 0)
_FILTERS: tuple[tuple[str, frozenset[Status]], ...] = (
    ("All photos", frozenset(Status)),
    ("Unfinished", frozenset(Status) - {Status.DONE}),
    *((each.value.capitalize(), frozenset({each})) for each in Status),
)
_PICTURE = QSize(56, 42)
_DOT = 11.0
_GAP = 4
"""Logical pixels between two pictures."""
_ROOT = QModelIndex()


class PhotosModel(QAbstractListModel):
    """The photos of the album that are to be seen, as Qt reads them: rows are only asked for while they are in sight.

    `thumbnail` finds the picture of a photo, or None as long as there is none.
    """

    def __init__(self, album: Album, thumbnail: Callable[[Path], QPixmap | None]) -> None:
        super().__init__()
        self._album, self._thumbnail = album, thumbnail
        self._places: list[int] | range = range(0)

    def refresh(self) -> None:
        """The album or the filter has changed."""
        places = self._album.seen()
        if places != self._places:
            self.beginResetModel()
            self._places = places
            self.endResetModel()

    def photo_changed(self, path: Path) -> None:
        """The picture or the status of a photo has changed."""
        row = self.row(path)
        if row >= 0:
            index = self.index(row)
            self.dataChanged.emit(index, index)

    def path(self, row: int) -> Path:
        """Path of the photo in a row."""
        return self._album.paths[self._places[row]]

    def row(self, path: Path | None) -> int:
        """Row of a photo, -1 where it is not to be seen."""
        place = -1 if path is None else self._album.place(path)
        return self._places.index(place) if place in self._places else -1

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Answer Qt: one row a photo."""
        return 0 if parent.isValid() else len(self._places)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Answer Qt: name, path, picture and status of a photo."""
        if not index.isValid():
            return None
        path = self.path(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return path.name
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{path}\n{self._album.problems.get(path, self._album.status(path).value)}"
        if role == Qt.ItemDataRole.DecorationRole:
            cannot_open = path in self._album.problems
            return _decorated(None if cannot_open else self._thumbnail(path), self._album.status(path), cannot_open)
        return None


class _NameField(QLineEdit):
    """A field that gives the keyboard back: without that the next single key would be typed into it."""

    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Part of the name")
        self.setClearButtonEnabled(True)
        # Only a click brings the keyboard here: single keys belong to the canvas.
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and Esc end the typing."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape}:
            self.left.emit()
        else:
            super().keyPressEvent(event)


class PhotosPanel(QWidget):
    """A list to turn to any photo, and what of it is to be seen."""

    chosen = Signal(Path)

    def __init__(self, album: Album, volume_of: VolumeOf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._album = album
        self.thumbnails = Thumbnails(self, volume_of)
        self.model = PhotosModel(album, self.thumbnails.find)
        self.thumbnails.arrived.connect(self.model.photo_changed)
        self.filter, self.name = ChoiceBox(), _NameField()
        self.filter.setToolTip("Which photos are shown; the keys for the previous and next photo keep to them")
        for words, statuses in _FILTERS:
            colour = _COLOURS[next(iter(statuses))] if len(statuses) == 1 else None
            if colour is None:
                self.filter.addItem(words)
            else:
                self.filter.addItem(swatch(colour), words)
        self.view = _list_view()
        self.view.setModel(self.model)
        self.view.clicked.connect(lambda index: self.chosen.emit(self.model.path(index.row())))
        self.count = QLabel()
        self.count.setObjectName("faint")
        self.filter.currentIndexChanged.connect(self._filter)
        self.name.textChanged.connect(self._filter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        for widget in (self.filter, self.name, self.view, self.count):
            layout.addWidget(widget)
        self.setMinimumWidth(180)

    def refresh(self) -> None:
        """Show the album as it is now."""
        self.model.refresh()
        index = self.model.index(self.model.row(self._album.current))
        with QSignalBlocker(self.view):
            self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        self.status_changed()

    def status_changed(self) -> None:
        """The photo on the desk has changed."""
        if self._album.current is not None:
            self.model.photo_changed(self._album.current)
            self._show_count()

    def close_down(self) -> None:
        """The window closes."""
        self.thumbnails.close()

    def _filter(self) -> None:
        self._album.show_only(_FILTERS[self.filter.currentIndex()][1], self.name.text())
        self.refresh()

    def _show_count(self) -> None:
        album = self._album
        total, shown = len(album.paths), self.model.rowCount()
        words = [f"{album.index + 1} of {total}", f"{album.done()} done"]
        self.count.setText(", ".join(words + ([f"{shown} shown"] if shown != total else [])))


def _list_view() -> QTableView:
    """Make a list as a table of one column: lists and trees ask the model about every row of 100,000 beforehand."""
    view = QTableView()
    view.setShowGrid(False)
    view.setWordWrap(False)
    view.horizontalHeader().hide()
    view.horizontalHeader().setStretchLastSection(True)
    view.verticalHeader().hide()
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.verticalHeader().setDefaultSectionSize(_PICTURE.height() + _GAP)
    view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    view.setIconSize(_PICTURE)
    view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return view


def _decorated(picture: QPixmap | None, status: Status, cannot_open: bool) -> QIcon:
    """Put a picture into a box of one size, with a dot in the colour of the status, or a mark of trouble."""
    ratio = 2
    made = QPixmap(_PICTURE * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(QColor(127, 127, 127, 40))
    painter = QPainter(made)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    if picture is not None:
        size = picture.size().scaled(_PICTURE, Qt.AspectRatioMode.KeepAspectRatio)
        corner = QPointF((_PICTURE.width() - size.width()) / 2, (_PICTURE.height() - size.height()) / 2)
        painter.drawPixmap(QRectF(corner, size.toSizeF()), picture, QRectF(picture.rect()))
    painter.setPen(QColor(255, 255, 255))
    if cannot_open:
        _draw_trouble(painter)
    else:
        painter.setBrush(QColor(*_COLOURS[status]))
        painter.drawEllipse(QRectF(_PICTURE.width() - _DOT - 2, _PICTURE.height() - _DOT - 2, _DOT, _DOT))
    painter.end()
    decoration = QIcon(made)
    # Qt would tint it on the selected row, and the colours are the point.
    decoration.addPixmap(made, QIcon.Mode.Selected)
    return decoration


def _draw_trouble(painter: QPainter) -> None:
    """A triangle with an exclamation mark in the middle of the box."""
    middle, side = QPointF(_PICTURE.width() / 2, _PICTURE.height() / 2), _PICTURE.height() / 3
    painter.setBrush(QColor(*_TROUBLE))
    corners = ((0.0, -side), (1.15 * side, 0.8 * side), (-1.15 * side, 0.8 * side))
    painter.drawPolygon([middle + QPointF(*corner) for corner in corners])
    painter.setPen(QPen(QColor(255, 255, 255), 2.0))
    painter.drawLine(middle + QPointF(0, -side / 3), middle + QPointF(0, side / 4))
    painter.drawPoint(middle + QPointF(0, side * 0.52))

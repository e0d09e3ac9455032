"""A table of the objects of a volume: how large they are, and what values lie in them."""

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from isegformer_app.document import LabelObject, SliceKey, Volume
from isegformer_app.document.object_counts import ObjectCounts, pixel_area, voxel_size
from isegformer_app.files.volumes import VolumeImage

from .objects_panel import swatch

_HEADINGS = ("Object", "Voxels", "Volume (mL)", "On slice (mm²)", "Mean", "SD")
_MM3_A_ML = 1000.0


class MeasuresPanel(QTableWidget):
    """One row an object; figures are those of finished masks."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self.setHorizontalHeaderLabels(list(_HEADINGS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.verticalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setAlternatingRowColors(True)
        self.setIconSize(QSize(14, 14))

    def sizeHint(self) -> QSize:
        """Answer Qt."""
        return QSize(520, 130)

    def show_counts(
        self, objects: Iterable[LabelObject], counts: ObjectCounts, volume: Volume, key: SliceKey, image: VolumeImage
    ) -> None:
        """Show the figures of these objects, on a slice and in all; no sizes where the volume has no scale."""
        shown = [each for each in objects if each.id in counts.tallies and counts.tallies[each.id].voxels]
        suffix = f" ({image.unit})" if image.unit else ""
        size, thicknesses = voxel_size(volume), image.grid.thicknesses()
        self.setHorizontalHeaderLabels([*_HEADINGS[:4], f"Mean{suffix}", f"SD{suffix}"])
        self.setRowCount(len(shown))
        for row, each in enumerate(shown):
            tally = counts.tallies[each.id]
            area = int(tally.along[key.axis][key.index]) * pixel_area(volume, key.axis)
            cells = [
                f"{tally.voxels}",
                f"{tally.along[image.grid.slice_axis] @ thicknesses * size / _MM3_A_ML:.3f}"
                if volume.has_scale
                else "",
                f"{area:.1f}" if volume.has_scale else "",
                "" if volume.is_colour else f"{tally.mean:.1f}",
                "" if volume.is_colour else f"{tally.deviation:.1f}",
            ]
            self.setItem(row, 0, _cell(each.name, swatch(each.colour)))
            for column, words in enumerate(cells, start=1):
                self.setItem(row, column, _cell(words))


def _cell(words: str, picture: QIcon | None = None) -> QTableWidgetItem:
    cell = QTableWidgetItem(words)
    if picture is not None:
        cell.setIcon(picture)
    else:
        cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return cell

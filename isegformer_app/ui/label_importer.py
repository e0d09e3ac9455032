"""From a label volume made elsewhere to objects on the open volume."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from isegformer_app.controllers.export_writing import counted
from isegformer_app.controllers.importing import label_edit
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Progress
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import EditError
from isegformer_app.files.label_segments import GridsDiffer
from isegformer_app.files.label_volume import ImportedLabel, read_label_volume
from isegformer_app.files.volumes import VolumeImage
from isegformer_app.files.volumes.dicom_frames import looks_like_dicom

from .queue_work import QueueWork
from .slow_work import run_slowly

_Read = tuple[ImportedLabel, ...] | GridsDiffer


class LabelImporter(QObject):
    """Reads labels away from the window's thread and makes objects of them, all as one step."""

    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, queue_work: QueueWork) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._queue_work = window, segmenting, queue_work

    def read(self, photo: Photo, image: VolumeImage, path: Path, *, resample: bool = False) -> None:
        """Read labels for the open volume; where their grid is another one, ask whether to resample them."""
        run_slowly(
            self._window,
            partial(_read, path, image, resample),
            lambda outcome: self._take(photo, image, path, outcome),
            self.troubled.emit,
            title="Import",
            words="Reading",
        )

    def _take(self, photo: Photo, image: VolumeImage, path: Path, outcome: _Read) -> None:
        if self._segmenting.photo is not photo:
            return
        if isinstance(outcome, GridsDiffer):
            if self._ask_to_resample(path, outcome):
                self.read(photo, image, path, resample=True)
            return
        class_id = self._segmenting.class_for_new

        def end(trouble: str) -> None:
            if trouble:
                self.troubled.emit(trouble)
            else:
                self.noticed.emit(f"{counted(len(outcome), 'object')} imported; click to correct.")

        self._queue_work.run(
            partial(_land, photo, outcome, class_id),
            end,
            title="Import",
            words="Importing",
            cancelled="Cancelled: nothing was imported.",
        )

    def _ask_to_resample(self, path: Path, problem: GridsDiffer) -> bool:
        if looks_like_dicom(path):
            self.troubled.emit(str(problem))
            return False
        box = QMessageBox(QMessageBox.Icon.Question, "Import labels", str(problem), parent=self._window)
        box.setInformativeText("Resampling takes for each voxel of the image the label that lies nearest to it.")
        resample = box.addButton("&Resample", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        is_wanted = box.clickedButton() is resample
        box.deleteLater()
        return is_wanted


def _read(path: Path, image: VolumeImage, resample: bool, progress: Progress) -> _Read:
    try:
        return read_label_volume(path, image, progress, resample=resample)
    except GridsDiffer as problem:
        return problem


def _land(photo: Photo, labels: tuple[ImportedLabel, ...], class_id: int, progress: Progress) -> str:
    """Make the objects, and say in a sentence what forbade it, if anything did."""
    progress(0, 0, photo.path.name)
    try:
        photo.annotation.apply(label_edit(photo.annotation, labels, class_id))
    except EditError as error:
        return f"Nothing was imported: {error}"
    return ""

"""The way from the File menu to objects made of masks from elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.export_writing import counted
from isegformer_app.controllers.exporting import is_ready_to_export
from isegformer_app.controllers.importing import (
    Arrival,
    Landed,
    Watch,
    free_pixels,
    joined,
    land,
    mask_edit,
    read_arrival,
)
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Progress
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import EditError, MaskCrop, SliceKey, slice_shape
from isegformer_app.files.label_volume import is_label_volume

from .label_importer import LabelImporter
from .queue_work import QueueWork
from .report_dialog import ReportDialog
from .slow_work import run_slowly

Result = TypeVar("Result")

_PICTURES = "*.png *.tif *.tiff *.bmp *.gif *.pgm *.ppm"
_VOLUMES = "*.nii *.nii.gz *.nrrd *.nhdr *.mha *.mhd *.hdr *.dcm"


class ImportDesk(QObject):
    """Reads masks away from the window's thread and makes objects of them, each import one step a photo."""

    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(
        self, window: QWidget, segmenting: SegmentingController, album: Album, watch: Watch, queue_work: QueueWork
    ) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._album, self._watch = window, segmenting, album, watch
        self._queue_work = queue_work
        self._labels = LabelImporter(window, segmenting, queue_work)
        self._labels.troubled.connect(self.troubled)
        self._labels.noticed.connect(self.noticed)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"import_mask": self.ask_for_mask, "import_coco": self.ask_for_coco}

    # A picture of masks -----------------------------------------------------------------------------------------

    def ask_for_mask(self) -> None:
        """Let a picture be chosen and make objects of it on the open photo."""
        photo = self._ready_photo()
        if photo is None:
            return
        chosen, _ = QFileDialog.getOpenFileName(
            self._window,
            f"Import a mask of {photo.path.name}",
            str(photo.path.parent),
            f"Masks ({_PICTURES if photo.image is None else f'{_VOLUMES} {_PICTURES}'});;All files (*)",
        )
        if not chosen:
            return
        if photo.image is not None and is_label_volume(Path(chosen)):
            self._labels.read(photo, photo.image, Path(chosen))
        else:
            key = photo.viewpoint.key
            size = slice_shape(photo.annotation.shape, key)
            self._read(partial(_read_masks, Path(chosen), size), partial(self._take_masks, photo, key))

    def _take_masks(self, photo: Photo, key: SliceKey, read: tuple[Sequence[MaskCrop], MaskCrop]) -> None:
        masks, all_in_one = read
        if self._segmenting.photo is not photo:
            return
        if len(masks) > 1:
            is_one_each = self._ask_whether_one_each(len(masks))
            if is_one_each is None:
                return
            masks = masks if is_one_each else [all_in_one]
        free = [free_pixels(photo.annotation, mask, self._segmenting.rule, key) for mask in masks]
        wanted = [mask for mask, count in zip(masks, free, strict=True) if count]
        given_up = [(mask, count) for mask, count in zip(masks, free, strict=True) if count < int(mask.pixels.sum())]
        if not wanted:
            self.troubled.emit("Nothing was imported: all of it lies on other objects, which keep their pixels.")
            return
        number = photo.annotation.state.next_object_id
        edit = mask_edit(photo.annotation, wanted, self._segmenting.class_for_new, self._segmenting.rule, key)
        if self._segmenting.apply(edit, activate=number):
            words = f"{counted(len(wanted), 'object')} imported; click to correct."
            if given_up:
                words += (
                    f" {counted(len(given_up), 'mask')} lost pixels to other objects; to keep them, undo, choose "
                    "“Allow overlap” and import again."
                )
            self.noticed.emit(words)

    def _ask_whether_one_each(self, count: int) -> bool | None:
        """Ask what the values mean: an object each (True), one in all (False), or never mind (None)."""
        text = f"The picture holds {count:,} different values or colours besides the background."
        box = QMessageBox(QMessageBox.Icon.Question, "Import mask", text, parent=self._window)
        box.setInformativeText("Is each an object of its own, or are all together one object?")
        each = box.addButton(f"{count:,} objects", QMessageBox.ButtonRole.AcceptRole)
        together = box.addButton("One object", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(each)
        box.exec()
        pressed = box.clickedButton()
        box.deleteLater()
        return True if pressed is each else False if pressed is together else None

    # A COCO file ------------------------------------------------------------------------------------------------

    def ask_for_coco(self) -> None:
        """Let a COCO file be chosen and put its objects upon the photos of the queue."""
        photo = self._ready_photo()
        if photo is None:
            return
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, "Import COCO JSON", str(photo.path.parent), "COCO JSON (*.json);;All files (*)"
        )
        if chosen:
            sizes = {path: (work.annotation.shape[1], work.annotation.shape[2]) for path, work in self._album.works()}
            read = partial(read_arrival, Path(chosen), self._album.paths.copy(), sizes)
            self._read(read, self._take_arrival)

    def _take_arrival(self, arrival: Arrival) -> None:
        photo = self._segmenting.photo
        if photo is None or not arrival.landings:
            self._report(arrival, Landed(), "")
            return
        self._album.keep(photo, is_leaving=False)
        landed = Landed()
        self._queue_work.run(
            partial(_land, arrival, self._album, self._watch, landed),
            partial(self._report, arrival, landed),
            title="Import",
            words="Importing",
            cancelled="Cancelled: the photos that come later in the file were not imported.",
        )

    def _report(self, arrival: Arrival, landed: Landed, trouble: str) -> None:
        words = f"{counted(landed.objects, 'object')} imported on {counted(landed.photos, 'photo')}."
        if landed.new_classes:
            words += f" New classes: {', '.join(landed.new_classes)}."
        skipped = [*([trouble] if trouble else []), *arrival.skipped]
        self.noticed.emit(words)
        if skipped or not landed.objects:
            lines = skipped or [f"“{arrival.source.name}” holds no objects."]
            ReportDialog("Import", words, lines, self._window).open()

    # Both -------------------------------------------------------------------------------------------------------

    def _ready_photo(self) -> Photo | None:
        photo = self._segmenting.photo
        if photo is None:
            self.noticed.emit("Open the photos first: masks are imported onto them.")
        elif not is_ready_to_export(self._segmenting):
            self.noticed.emit("The last mask is still being computed: import again in a moment.")
        else:
            return photo
        return None

    def _read(self, work: Callable[[Progress], Result], take: Callable[[Result], object]) -> None:
        run_slowly(self._window, work, take, self.troubled.emit, title="Import", words="Reading")


def _read_masks(path: Path, size: tuple[int, int], progress: Progress) -> tuple[list[MaskCrop], MaskCrop]:
    """Read the masks one by one, and all in one."""
    from isegformer_app.files.mask_import import read_masks

    progress(0, 0, path.name)
    masks = [each.mask for each in read_masks(path, size)]
    progress(0, 0, path.name)
    return masks, joined(masks, size)


def _land(arrival: Arrival, album: Album, watch: Watch, landed: Landed, progress: Progress) -> str:
    """Put the objects upon their photos, and say in a sentence what ended that early, if anything did."""
    try:
        land(arrival, album, watch, landed, progress)
    except EditError as error:
        return f"The import ended early: {error}"
    return ""

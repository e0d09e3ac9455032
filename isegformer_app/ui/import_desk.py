"""The way from the File menu to objects made of masks from elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QProgressDialog, QWidget

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
from isegformer_app.document import EditError, MaskCrop, slice_shape

from .long_job import LongJob
from .report_dialog import ReportDialog

_QUICK_MS = 400
"""What is done sooner shows no progress."""


class ImportDesk(QObject):
    """Reads masks away from the window's thread and makes objects of them, each import one step a photo."""

    landed = Signal()
    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, album: Album, watch: Watch) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._album, self._watch = window, segmenting, album, watch

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
            "Masks (*.png *.tif *.tiff *.bmp *.gif *.pgm *.ppm);;All files (*)",
        )
        if chosen:
            size = slice_shape(photo.annotation.shape, photo.viewpoint.key)
            self._run("Reading the mask…", partial(_read_masks, Path(chosen), size), partial(self._take_masks, photo))

    def _take_masks(self, photo: Photo, read: tuple[Sequence[MaskCrop], MaskCrop]) -> None:
        masks, all_in_one = read
        if self._segmenting.photo is not photo:
            return
        if len(masks) > 1:
            is_one_each = self._ask_whether_one_each(len(masks))
            if is_one_each is None:
                return
            masks = masks if is_one_each else [all_in_one]
        free = [free_pixels(photo.annotation, mask, self._segmenting.rule) for mask in masks]
        wanted = [mask for mask, count in zip(masks, free, strict=True) if count]
        given_up = [(mask, count) for mask, count in zip(masks, free, strict=True) if count < int(mask.pixels.sum())]
        if not wanted:
            self.troubled.emit("Nothing was imported: all of it lies on other objects, which keep their pixels.")
            return
        number = photo.annotation.state.next_object_id
        edit = mask_edit(photo.annotation, wanted, self._segmenting.class_for_new, self._segmenting.rule)
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
            read = partial(read_arrival, Path(chosen), tuple(self._album.paths), sizes)
            self._run("Reading the COCO file…", read, self._take_arrival)

    def _take_arrival(self, arrival: Arrival) -> None:
        photo = self._segmenting.photo
        if photo is None or not arrival.landings:
            self._report(arrival, Landed(), "")
            return
        self._album.keep(photo, is_leaving=False)
        turns = land(arrival, self._album, self._watch)
        bar = _progress_dialog("Importing…", self._window)
        bar.setRange(0, len(arrival.landings))
        timer = QTimer(self)
        timer.timeout.connect(partial(self._land_next, timer, bar, turns, arrival))
        timer.start()

    def _land_next(self, timer: QTimer, bar: QProgressDialog, turns: Iterator[Landed], arrival: Arrival) -> None:
        """Import one photo a turn of the event loop, so that the window stays alive."""
        trouble, landed = "", None
        try:
            if bar.wasCanceled():
                trouble = "Cancelled: the photos that come later in the file were not imported."
            else:
                landed = next(turns, None)
        except EditError as error:
            trouble = f"The import ended early: {error}"
        if landed is not None:
            timer.setProperty("landed", landed)
            bar.setValue(landed.photos)
            return
        timer.stop()
        so_far = timer.property("landed") or Landed()
        timer.deleteLater()
        bar.close()
        self.landed.emit()
        self._report(arrival, so_far, trouble)

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

    def _run(self, title: str, work: Callable[[Progress], object], take: Callable[..., None]) -> None:
        """Work away from the window's thread, and take what comes of it unless it was cancelled."""
        bar = _progress_dialog(title, self._window)
        job = LongJob(work, self)

        def end() -> None:
            bar.close()
            job.deleteLater()

        def show(done: int, total: int, name: str) -> None:
            bar.setRange(0, total)
            bar.setValue(done)
            bar.setLabelText(f"Reading “{name}”…")

        def finish(outcome: object) -> None:
            is_wanted = not bar.wasCanceled()
            end()
            if is_wanted:
                take(outcome)

        def fail(message: str) -> None:
            end()
            self.troubled.emit(message)

        bar.canceled.connect(job.cancel)
        job.progressed.connect(show)
        job.done.connect(finish)
        job.failed.connect(fail)
        job.cancelled.connect(end)
        job.start()


def _read_masks(path: Path, size: tuple[int, int], progress: Progress) -> tuple[list[MaskCrop], MaskCrop]:
    """Read the masks one by one, and all in one."""
    from isegformer_app.files.mask_import import read_masks

    progress(0, 0, path.name)
    masks = [each.mask for each in read_masks(path, size)]
    progress(0, 0, path.name)
    return masks, joined(masks, size)


def _progress_dialog(title: str, window: QWidget) -> QProgressDialog:
    bar = QProgressDialog(title, "Cancel", 0, 0, window)
    bar.setWindowModality(Qt.WindowModality.WindowModal)
    bar.setWindowTitle("Import")
    bar.setMinimumDuration(_QUICK_MS)
    bar.setAutoReset(False)
    bar.setAutoClose(False)
    bar.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    bar.setValue(0)
    return bar

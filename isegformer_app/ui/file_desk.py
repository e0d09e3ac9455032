"""Opening photos and turning the page."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album, Work
from isegformer_app.controllers.exporting import is_ready_to_export
from isegformer_app.controllers.opening import open_photo
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.files.errors import CannotRead, FileProblem, TooLarge
from isegformer_app.files.scan import IMAGE_SUFFIXES, FolderScan
from isegformer_app.files.session import SUFFIX
from isegformer_app.settings import Settings
from resources import ResourceError, resource_path

_SAMPLE = "samples/cat.png"


class FileDesk(QObject):
    """Keeps the album and puts its photos on the desk. Problems are told by `troubled`, reports by `noticed`."""

    opened = Signal()
    album_changed = Signal()
    session_wanted = Signal(Path)
    asked_for = Signal(Path)
    """A photo, folder or session that is to be opened."""
    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, settings: Settings) -> None:
        super().__init__(window)
        self.album = Album()
        self._window, self._segmenting, self._settings = window, segmenting, settings

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {
            "open": self.ask_for_photos,
            "open_folder": self.ask_for_folder,
            "open_sample": self.open_sample,
            "previous_photo": lambda: self.turn(-1),
            "next_photo": lambda: self.turn(1),
            "previous_unfinished": lambda: self.turn(-1, only_unfinished=True),
            "next_unfinished": lambda: self.turn(1, only_unfinished=True),
        }

    # Opening ----------------------------------------------------------------------------------------------------

    def ask_for_photos(self) -> None:
        """Let photos be chosen."""
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        chosen, _ = QFileDialog.getOpenFileNames(
            self._window, "Open photos", self._last_folder(), f"Photos ({patterns});;All files (*)"
        )
        self.open_paths([Path(each) for each in chosen])

    def ask_for_folder(self) -> None:
        """Let a folder be chosen."""
        chosen = QFileDialog.getExistingDirectory(self._window, "Open a folder of photos", self._last_folder())
        if chosen:
            self.open_paths([Path(chosen)])

    def open_sample(self) -> None:
        """Open the photo that travels with the program."""
        try:
            self.open_paths([resource_path(_SAMPLE)])
        except ResourceError as error:
            self.troubled.emit(str(error))

    def open_paths(self, paths: Iterable[Path]) -> None:
        """Queue photos and the photos of folders, and put the first of them on the desk; or open a session."""
        found: list[Path] = []
        for path in paths:
            self.asked_for.emit(path.absolute())
            if path.suffix.lower() == SUFFIX:
                self.session_wanted.emit(path.absolute())
            else:
                found += self._photos_of(path.absolute())
        if found:
            self.album.add(found)
            self.show(found[0])

    def show(self, path: Path, *, allow_large: bool = False) -> None:
        """Put a photo on the desk; where that fails the one before stays."""
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            photo = self._read(path, allow_large=allow_large)
        except TooLarge as problem:
            QGuiApplication.restoreOverrideCursor()
            self._ask_for_memory(path, problem)
            return
        except FileProblem as problem:
            QGuiApplication.restoreOverrideCursor()
            self.album.turn_to(path)
            self.album_changed.emit()
            self.troubled.emit(str(problem))
            return
        QGuiApplication.restoreOverrideCursor()
        self._lay_down(photo)

    def turn(self, step: int, *, only_unfinished: bool = False) -> None:
        """Go to a neighbour in the queue."""
        path = self.album.neighbour(step, only_unfinished=only_unfinished)
        if path is None:
            kind = "unfinished photo" if only_unfinished else "photo"
            self.noticed.emit(f"There is no {kind} {'after' if step > 0 else 'before'} this one.")
        elif is_ready_to_export(self._segmenting):
            self.show(path)
        else:
            self.noticed.emit("The last mask is still being computed: turn the page in a moment.")

    def _photos_of(self, path: Path) -> list[Path]:
        if not path.is_dir():
            return [path]
        try:
            found = [each for batch in FolderScan(path).batches() for each in batch]
        except FileProblem as problem:
            self.troubled.emit(str(problem))
            return []
        if not found:
            self.troubled.emit(f"There are no photos in “{path}”.")
        return found

    def _read(self, path: Path, *, allow_large: bool) -> Photo:
        before = self._segmenting.photo
        classes = None if before is None else before.annotation.classes
        photo = open_photo(path, classes, allow_large=allow_large)
        work = self.album.work(path)
        if before is not None and before.path == path:
            photo.annotation, photo.viewpoint = before.annotation, before.viewpoint
        elif work is not None:
            _take_up(photo, work)
        elif before is not None:
            photo.viewpoint.active_class = before.viewpoint.active_class
            photo.viewpoint.tool = before.viewpoint.tool
        return photo

    def _lay_down(self, photo: Photo) -> None:
        before = self._segmenting.photo
        if before is not None and before.path != photo.path:
            self.album.keep(before, is_leaving=True)
        self.album.turn_to(photo.path)
        self.album.keep(photo, is_leaving=False)
        self._segmenting.open(photo)
        self.opened.emit()
        self.album_changed.emit()
        for note in photo.notes:
            self.noticed.emit(note)

    def _ask_for_memory(self, path: Path, problem: TooLarge) -> None:
        answer = QMessageBox.question(self._window, "A very large photo", f"{problem}\n\nOpen it all the same?")
        if answer == QMessageBox.StandardButton.Yes:
            self.show(path, allow_large=True)

    def _last_folder(self) -> str:
        newest = Path(self._settings.recent[0]) if self._settings.recent else None
        return "" if newest is None else str(newest if newest.is_dir() else newest.parent)


def _take_up(photo: Photo, work: Work) -> None:
    """Go on with earlier work on the photo; raises `CannotRead` where its size has changed since."""
    if work.annotation.shape != photo.annotation.shape:
        raise CannotRead(
            f"“{photo.path.name}” has another size than when it was annotated; put the old picture back to go on."
        )
    if work.content_hash != photo.content_hash:
        photo.notes += ("The file was changed since it was annotated: check the masks.",)
    # Work that was not done on the desk, from a session or an import, does not know how to show the values.
    work.viewpoint.window = work.viewpoint.window or photo.viewpoint.window
    photo.annotation, photo.viewpoint = work.annotation, work.viewpoint

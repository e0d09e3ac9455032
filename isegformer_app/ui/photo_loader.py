"""Reading photos and volumes off the window's thread: the one that is wanted, and the next one ahead of time."""

import os
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from isegformer_app.controllers.opening import FirstSlice, VolumeChoice, VolumeSource, open_photo, open_volume
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Cancelled
from isegformer_app.files.errors import FileProblem

from .errands import Errand, Errands

SLOW_MS = 200
"""What takes longer than this is announced."""
_Stamp = tuple[int, int]


class PhotoLoader(QObject):
    """At most one photo is wanted, and at most one is kept that was read ahead; whatever else arrives is dropped."""

    loaded = Signal(object)
    """The `Photo` that is wanted."""
    failed = Signal(Path, object)
    """Path of the photo that is wanted, and the `FileProblem`."""
    lingers = Signal(Path)
    """The photo that is wanted takes long enough to say so."""
    loaded_ahead = Signal(object)
    """The `Photo` that is kept for later."""
    progressed = Signal(Path, int)
    """The volume that is wanted, and how much of it is read, in percent."""
    first_seen = Signal(object)
    """A `FirstSlice` of the volume that is wanted, before the whole is there."""
    _told = Signal(object, int)
    _showed = Signal(object, object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.wanted: Path | None = None
        """The photo that is awaited; None while there is none."""
        self._reading, self._reading_ahead = Errands(self, "photo reader"), Errands(self, "reader ahead")
        self._errand: Errand[Photo] | None = None
        self._ahead_path: Path | None = None
        self._ahead_errand: Errand[Photo] | None = None
        self._ahead: tuple[Photo, _Stamp | None] | None = None
        self._stop = threading.Event()
        """Ends the reading of a volume that is not wanted any more."""
        self._told.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._showed.connect(self._show_first, Qt.ConnectionType.QueuedConnection)
        self._patience = QTimer(self, interval=SLOW_MS, singleShot=True)
        self._patience.timeout.connect(lambda: self.lingers.emit(self.wanted))

    def want(self, path: Path, *, allow_large: bool = False) -> None:
        """Read a photo, or take the one that was read ahead; no other is wanted any more."""
        self.drop()
        self.wanted = path
        if self._ahead_path == path and not allow_large:
            kept = self._ahead
            if kept is not None and kept[1] is not None and kept[1] == _stamp(path):
                self._arrived(path, kept[0])
                return
            if kept is None and self._ahead_errand is not None:
                # It is being read at this moment: to begin anew would take longer.
                self._patience.start()
                return
        self._forget_ahead()
        self._patience.start()
        self._errand = self._reading.run(
            lambda: open_photo(path, allow_large=allow_large),
            lambda photo: self._arrived(path, photo),
            lambda problem: self._gave_up(path, problem),
        )

    def want_volume(self, path: Path, found: VolumeChoice | VolumeSource, *, allow_large: bool = False) -> None:
        """Read a volume; nothing else is wanted any more."""
        self.drop()
        self._forget_ahead()
        self.wanted, stop = path, threading.Event()
        self._stop = stop
        percent = -1

        def watch(done: int, total: int, name: str) -> None:
            nonlocal percent
            if stop.is_set():
                raise Cancelled
            if 100 * done // max(total, 1) != percent:
                percent = 100 * done // max(total, 1)
                self._told.emit(stop, percent)

        def show_first(first: FirstSlice) -> None:
            self._showed.emit(stop, first)

        self._patience.start()
        self._errand = self._reading.run(
            lambda: open_volume(path, found, watch, show_first, allow_large=allow_large),
            lambda photo: self._arrived(path, photo),
            lambda problem: self._gave_up(path, problem),
        )

    def drop(self) -> None:
        """Want nothing any more."""
        self.wanted = None
        self._stop.set()
        self._patience.stop()
        if self._errand is not None:
            self._errand.drop()
            self._errand = None

    def look_ahead(self, path: Path | None) -> None:
        """Read a photo that may be wanted next, and keep it in the place of the one that was kept."""
        if path == self._ahead_path:
            return
        self._forget_ahead()
        self._ahead_path = path
        if path is not None:
            stamp = _stamp(path)
            self._ahead_errand = self._reading_ahead.run(
                lambda: open_photo(path), lambda photo: self._kept(photo, stamp), lambda problem: self._lost(problem)
            )

    def close(self) -> None:
        """The window closes."""
        self.drop()
        self._forget_ahead()
        self._reading.close()
        self._reading_ahead.close()

    def _arrived(self, path: Path, photo: Photo) -> None:
        if path == self.wanted:
            self.drop()
            if self._ahead_path == path:
                self._forget_ahead()
            self.loaded.emit(photo)

    def _tell(self, stop: threading.Event, percent: int) -> None:
        if stop is self._stop and self.wanted is not None:
            self._patience.stop()
            self.progressed.emit(self.wanted, percent)

    def _show_first(self, stop: threading.Event, first: FirstSlice) -> None:
        if stop is self._stop and self.wanted is not None:
            self.first_seen.emit(first)

    def _gave_up(self, path: Path, problem: FileProblem) -> None:
        if path == self.wanted:
            self.drop()
            self.failed.emit(path, problem)

    def _kept(self, photo: Photo, stamp: _Stamp | None) -> None:
        self._ahead_errand = None
        self._ahead = photo, stamp
        if photo.path == self.wanted:
            self.want(photo.path)
        else:
            self.loaded_ahead.emit(photo)

    def _lost(self, problem: FileProblem) -> None:
        # Nobody asked yet: the same is told when somebody wants it, unless somebody does by now.
        path = self._ahead_path
        self._forget_ahead()
        if path is not None:
            self._gave_up(path, problem)

    def _forget_ahead(self) -> None:
        if self._ahead_errand is not None:
            self._ahead_errand.drop()
        self._ahead_path, self._ahead_errand, self._ahead = None, None, None


def _stamp(path: Path) -> _Stamp | None:
    """Tell a file from a later one in its place; None where it is not there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size

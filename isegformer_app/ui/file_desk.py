"""Opening photos and volumes, and turning the page."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.copying import CopiedObjects
from isegformer_app.controllers.exporting import is_ready_to_export
from isegformer_app.controllers.listing import Listed, list_paths, needs_a_look
from isegformer_app.controllers.opening import VolumeChoice, VolumeSource, take_up, volume_path
from isegformer_app.controllers.photo import Photo
from isegformer_app.controllers.progress import Cancelled
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.document import EditError
from isegformer_app.files.errors import FileProblem, TooLarge
from isegformer_app.files.scan import IMAGE_SUFFIXES
from isegformer_app.files.session import SUFFIX
from isegformer_app.files.volumes import Watch, warm_up
from isegformer_app.settings import Settings
from resources import ResourceError, resource_path

from .errands import Errand, Errands
from .photo_loader import SLOW_MS, PhotoLoader
from .volume_chooser import choose_volumes

_SAMPLE = "samples/cat.png"
_AHEAD_PIXELS = 100_000_000
"""Pixels of the photo on the desk and the next one together, above which the next is not encoded ahead: the engine
would have to forget the one on the desk for it."""


_VOLUME_PATTERNS = "*.nii *.nii.gz *.hdr *.img *.dcm *.dicom *.nrrd *.nhdr *.mha *.mhd DICOMDIR"
_PROBLEMS_SHOWN = 3


class FileDesk(QObject):
    """Keeps the album and puts its photos on the desk. Problems are told by `troubled`, reports by `noticed`."""

    opened = Signal()
    turned = Signal()
    """Another photo is wanted: what was said about the one before is over."""
    opening = Signal(str)
    """Name of what is being opened, once that takes a while."""
    opening_ended = Signal()
    album_changed = Signal()
    session_wanted = Signal(Path)
    asked_for = Signal(Path)
    """A photo or folder that was asked for has been opened."""
    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, settings: Settings) -> None:
        super().__init__(window)
        self.album = Album()
        self.loader = PhotoLoader(self)
        self._window, self._segmenting, self._settings = window, segmenting, settings
        self._scans = Errands(self, "folder scan")
        self._scan: Errand[Listed] | None = None
        self._stop_scan = threading.Event()
        self._choices: dict[Path, VolumeChoice] = {}
        self._heading, self._is_skipping = 1, False
        self._asked: set[Path] = set()
        self._named: dict[Path, Path] = {}
        self._copied: tuple[Path, CopiedObjects] | None = None
        self._next: Path | None = None
        """Where to turn as soon as the last mask of the photo on the desk is there."""
        self.loader.loaded.connect(self._loaded)
        self.loader.failed.connect(self._failed)
        self.loader.lingers.connect(lambda path: self.opening.emit(path.name))
        self.loader.loaded_ahead.connect(self._encode_ahead)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {
            "open": self.ask_for_photos,
            "open_folder": self.ask_for_folder,
            "open_sample": self.open_sample,
            "previous_photo": lambda: self.turn(-1),
            "next_photo": lambda: self.turn(1),
            "previous_unfinished": lambda: self.turn(-1, only_unfinished=True),
            "copy_to_next": self.copy_to_next,
            "next_unfinished": lambda: self.turn(1, only_unfinished=True),
        }

    # Opening ----------------------------------------------------------------------------------------------------

    def get_ready(self) -> None:
        """Something may be opened soon: it is being chosen, or dragged over the window."""
        self._scans.run(warm_up, lambda _: None)

    def ask_for_photos(self) -> None:
        """Let photos be chosen."""
        self.get_ready()
        patterns = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        chosen, _ = QFileDialog.getOpenFileNames(
            self._window,
            "Open photos or volumes",
            self._last_folder(),
            f"Photos and volumes ({patterns} {_VOLUME_PATTERNS});;All files (*)",
        )
        self.open_paths([Path(each) for each in chosen])

    def ask_for_folder(self) -> None:
        """Let a folder be chosen."""
        self.get_ready()
        chosen = QFileDialog.getExistingDirectory(
            self._window, "Open a folder of photos or volumes", self._last_folder()
        )
        if chosen:
            self.open_paths([Path(chosen)])

    def open_sample(self) -> None:
        """Open the photo that travels with the program."""
        try:
            self.open_paths([resource_path(_SAMPLE)])
        except ResourceError as error:
            self.troubled.emit(str(error))

    def open_paths(self, paths: Iterable[Path]) -> None:
        """Queue photos and volumes, those of folders too, and put the first on the desk; or open a session, alone."""
        wanted = [path.absolute() for path in paths]
        sessions = [path for path in wanted if path.suffix.lower() == SUFFIX]
        if sessions and len(wanted) > 1:
            self.troubled.emit(f"A session is opened alone: open “{sessions[0].name}” first, then the others.")
            return
        if sessions:
            self.session_wanted.emit(sessions[0])
            return
        self._asked = set(wanted)
        if any(needs_a_look(path) for path in wanted):
            self.give_up()
            stop = self._stop_scan = threading.Event()
            scan = self._scan = self._scans.run(lambda: list_paths(wanted, _watching(stop)), self._listed)
            QTimer.singleShot(SLOW_MS, self, lambda: self._say_scanning(scan, wanted[0]))
        elif wanted:
            self._listed(Listed(tuple(wanted)))

    @property
    def is_opening(self) -> bool:
        """Whether something is on its way to the desk."""
        return self._scan is not None or self.loader.wanted is not None

    def volume_of(self, path: Path) -> VolumeChoice | VolumeSource | None:
        """The volume that a path of the queue stands for, None for photos."""
        return self._choices.get(path) or self.album.sources.get(path)

    def show(self, path: Path, *, allow_large: bool = False) -> None:
        """Put a photo on the desk as soon as it is read; where that fails the one before stays."""
        self._next = None
        self.album.turn_to(path)
        self.album_changed.emit()
        self.turned.emit()
        found = self.volume_of(path)
        if found is None:
            self.loader.want(path, allow_large=allow_large)
        else:
            self.loader.want_volume(path, found, allow_large=allow_large)

    def go_to(self, path: Path) -> None:
        """Turn to a photo of the queue, as soon as nothing is left to do on the one on the desk."""
        if is_ready_to_export(self._segmenting):
            self.show(path)
        else:
            self._next = path
            self.noticed.emit(f"“{path.name}” comes as soon as the last mask is there.")

    def follow(self) -> None:
        """Something changed: perhaps the last mask is there, and the page is to be turned."""
        if self._next is not None:
            # Not amid the change itself.
            QTimer.singleShot(0, self, self._turn_at_last)

    def _turn_at_last(self) -> None:
        """Turn the page that waited; whoever works on meanwhile, or learns that the mask failed, stays."""
        segmenting, path = self._segmenting, self._next
        if path is None or segmenting.photo is None or segmenting.is_finishing:
            return
        self._next = None
        has_undone = segmenting.photo.annotation.history.redo_title is not None
        if not (segmenting.prompt.is_open or segmenting.has_failed or has_undone):
            self.show(path)

    def turn(self, step: int, *, only_unfinished: bool = False) -> None:
        """Go to a neighbour in the queue."""
        self._heading, self._is_skipping = step, only_unfinished
        path = self.album.neighbour(step, only_unfinished=only_unfinished)
        if path is None:
            kind = "unfinished photo" if only_unfinished else "photo"
            self.noticed.emit(f"There is no {kind} {'after' if step > 0 else 'before'} this one.")
        else:
            self.go_to(path)

    def copy_to_next(self) -> None:
        """Turn the page and take the objects along, to be corrected there."""
        photo, path = self._segmenting.photo, self.album.neighbour(1)
        if photo is None or not photo.annotation.objects:
            self.noticed.emit("There are no objects to copy.")
        elif path is None:
            self.noticed.emit("There is no photo after this one.")
        elif not is_ready_to_export(self._segmenting):
            self.noticed.emit("The last mask is still being computed: copy the objects in a moment.")
        else:
            self._copied = path, CopiedObjects.of(photo)
            self.show(path)

    def give_up(self) -> None:
        """Open nothing after all: the photo on the desk stays."""
        self._copied = None
        if self._scan is not None:
            self._stop_scan.set()
            self._scan.drop()
            self._scan = None
        self.loader.drop()
        self.opening_ended.emit()
        photo = self._segmenting.photo
        if photo is not None:
            self.album.turn_to(photo.path)
            self.album_changed.emit()

    def close(self) -> None:
        """The window closes."""
        self.loader.close()
        self._stop_scan.set()
        self._scans.close()

    def _listed(self, listed: Listed) -> None:
        self._scan = None
        self.opening_ended.emit()
        volumes = listed.volumes
        if listed.is_to_be_chosen_from:
            volumes = choose_volumes(self._window, volumes)
        chosen = {volume_path(each): each for each in volumes}
        self._choices |= chosen
        self.album.sources |= {path: each.source for path, each in chosen.items()}
        self._named = dict(listed.named)
        for path in listed.folders:
            self._asked.discard(path)
            self.asked_for.emit(path)
        self.album.add(listed.photos)
        self.album.add(chosen)
        first = next(iter(listed.photos or chosen), None)
        if first is not None:
            self.show(first)
        more = len(listed.problems) - _PROBLEMS_SHOWN
        if listed.problems:
            told = " ".join(listed.problems[:_PROBLEMS_SHOWN])
            self.troubled.emit(told + (f" {more} more cannot be opened." if more > 0 else ""))

    def _say_scanning(self, scan: Errand[Listed], path: Path) -> None:
        if self._scan is scan:
            self.opening.emit(path.name)

    def _loaded(self, photo: Photo) -> None:
        """Lay a photo that was read on the desk, with the work on it so far."""
        before, work = self._segmenting.photo, self.album.work(photo.path)
        try:
            if work is not None:
                take_up(photo, work)
            elif before is not None:
                photo.viewpoint.active_class = before.viewpoint.active_class
                photo.viewpoint.tool = before.viewpoint.tool
        except FileProblem as problem:
            self._failed(photo.path, problem)
        else:
            self._lay_down(photo)
            self._put_copies(photo)
            ahead = self.album.neighbour(self._heading, only_unfinished=self._is_skipping)
            self.loader.look_ahead(None if ahead in self.album.sources else ahead)

    def _put_copies(self, photo: Photo) -> None:
        copied, self._copied = self._copied, None
        if copied is None or copied[0] != photo.path:
            return
        try:
            edit = copied[1].edit(photo.annotation, self._segmenting.rule)
        except EditError as error:
            self.troubled.emit(str(error))
        else:
            self._segmenting.apply(edit)

    def _failed(self, path: Path, problem: FileProblem) -> None:
        self._copied = None
        self.opening_ended.emit()
        self.album.problems[path] = str(problem)
        self.album_changed.emit()
        if isinstance(problem, TooLarge):
            self._ask_for_memory(path, problem)
        else:
            self.troubled.emit(str(problem))

    def _encode_ahead(self, photo: Photo) -> None:
        before = self._segmenting.photo
        shapes = [photo.volume.shape] + ([] if before is None else [before.volume.shape])
        if sum(rows * cols for _, rows, cols in shapes) <= _AHEAD_PIXELS:
            self._segmenting.encode_ahead(photo)

    def _lay_down(self, photo: Photo) -> None:
        before = self._segmenting.photo
        if before is not None and before.path != photo.path:
            self.album.keep(before, is_leaving=True)
        self.album.lay_down(photo)
        self._segmenting.open(photo)
        self.opened.emit()
        self.album_changed.emit()
        asked = self._named.get(photo.path, photo.path)
        if asked in self._asked:
            self._asked.discard(asked)
            self.asked_for.emit(asked)
        # What was found odd about a volume stays until it was read: the desk of volumes tells it.
        for note in photo.notes if photo.image is None else ():
            self.noticed.emit(note)

    def _ask_for_memory(self, path: Path, problem: TooLarge) -> None:
        answer = QMessageBox.question(self._window, "A very large picture", f"{problem}\n\nOpen it all the same?")
        if answer == QMessageBox.StandardButton.Yes:
            self.show(path, allow_large=True)

    def _last_folder(self) -> str:
        newest = Path(self._settings.recent[0]) if self._settings.recent else None
        return "" if newest is None else str(newest if newest.is_dir() else newest.parent)


def _watching(stop: threading.Event) -> Watch:
    """What a listing calls to learn that it is not wanted any more."""

    def watch(done: int, total: int, name: str) -> None:
        if stop.is_set():
            raise Cancelled

    return watch

"""Keeping the work: saving it, opening it again, and asking before it would be lost."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTime, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.safekeeping import LeftWork, Safekeeping
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.session_keeping import Session, restore
from isegformer_app.document import Annotation
from isegformer_app.files.errors import CannotWrite
from isegformer_app.files.locking import FileLock
from isegformer_app.files.session import SUFFIX
from isegformer_app.files.volumes import VolumeSource
from isegformer_app.settings import Settings

from .restore_question import Choice, ask_to_restore, in_words
from .session_reader import SessionReader
from .session_saver import SessionSaver

SESSIONS = f"Sessions (*{SUFFIX})"
"""The kind of file, for those who let one be chosen."""
_NAMES_SHOWN = 3
_AGAIN_MS = 1000


class SessionDesk(QObject):
    """Knows the session file of the queue. Problems are told by `troubled`, reports by `noticed`.

    A session that another window has open is read-only: what is done to it here goes to another file.
    """

    restored = Signal(object)
    """Path of the photo to show, after a session was opened."""
    saved = Signal()
    state_changed = Signal(str)
    """A few words on when it was saved last."""
    troubled = Signal(str)
    noticed = Signal(str)
    settled = Signal(str)
    """A problem that was told is over."""
    _found_amiss = Signal(str)

    def __init__(
        self, window: QWidget, segmenting: SegmentingController, album: Album, journals: Path, settings: Settings
    ) -> None:
        super().__init__(window)
        self.path: Path | None = None
        self.is_read_only = False
        self._window, self._segmenting, self._album, self._settings = window, segmenting, album, settings
        self._safe = Safekeeping(journals, self._found_amiss.emit)
        # Journals are also written and read on other threads.
        self._found_amiss.connect(self.troubled, Qt.ConnectionType.QueuedConnection)
        self._reader = SessionReader(window)
        self._is_resting = False
        self._lock: FileLock | None = None
        self._new_lock: FileLock | None = None
        self._actions: Mapping[str, QAction] = {}
        self._saver = SessionSaver(self)
        self._saver.saved.connect(self._saved)
        self._saver.failed.connect(self._failed)
        self._is_quiet, self._has_failed, self._failure = False, False, ""
        self.autosave_timer = QTimer(self, interval=settings.autosave_seconds * 1000)
        self.autosave_timer.timeout.connect(self.autosave)
        self.autosave_timer.start()

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {
            "open_session": self.ask_to_open,
            "save": self.save,
            "save_as": self.save_as,
            "autosave": self.toggle_autosave,
        }

    @property
    def is_saving(self) -> bool:
        """Whether a save is under way."""
        return self._saver.is_saving

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Show the settings in the actions."""
        self._actions = actions
        actions["autosave"].setChecked(self._settings.autosave)

    def toggle_autosave(self) -> None:
        """Save by itself from now on, or no more."""
        self._settings.autosave = self._actions["autosave"].isChecked()

    def autosave(self) -> None:
        """Save what has changed where it was saved before; without a file there is nowhere to save it."""
        may_save = self.path is not None and not (self.is_read_only or self._is_resting or self._saver.is_saving)
        if self._settings.autosave and self.path is not None and may_save:
            self._keep_current()
            if self._album.unsaved():
                self._is_quiet = True
                self._saver.save(self._album, self.path)

    def save(self) -> bool:
        """Save where it was saved before, or ask where; whether it is being saved."""
        return self.save_as() if self.path is None or self.is_read_only else self._save_to(self.path)

    def save_as(self) -> bool:
        """Ask where to save; whether it is being saved."""
        current = self._album.current
        if current is None:
            self.noticed.emit("Open a photo first: there is nothing to save.")
            return False
        suggested = self.path or current.with_name(f"{current.parent.name or current.stem}{SUFFIX}")
        if self.is_read_only:
            # Its own name is that of the other window.
            suggested = suggested.with_stem(f"{suggested.stem}-2")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Save session", str(suggested), SESSIONS)
        if not chosen:
            return False
        target = Path(chosen)
        if target.suffix.lower() != SUFFIX:
            # The dialog asked about the name that was typed, not about this one.
            target = target.with_name(f"{target.name}{SUFFIX}")
            if target.exists() and not self._may_replace(target):
                return False
        return self._save_to(target)

    def ask_to_open(self) -> None:
        """Let a session be chosen."""
        folder = "" if self.path is None else str(self.path.parent)
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open session", folder, SESSIONS)
        if chosen:
            self.open(Path(chosen))

    def open(self, path: Path) -> None:
        """Go on with saved work; where that fails what is open stays."""
        self._reader.read(path, lambda session: self._take(path, session), self.troubled.emit)

    @property
    def is_reading(self) -> bool:
        """Whether a session is being read."""
        return self._reader.is_reading

    def _take(self, path: Path, session: Session) -> None:
        if not self.may_leave():
            return
        self._segmenting.open(None)
        self._claim(path)
        self._safe.begin(path)
        self.restored.emit(restore(self._album, session))
        self._tell_read_only()

    def watch(self) -> None:
        """Keep what is done to the photo on the desk safe from a crash."""
        photo = self._segmenting.photo
        if photo is not None:
            self._safe.watch(photo)

    def watch_work(self, path: Path, content_hash: str, annotation: Annotation, source: VolumeSource | None) -> None:
        """Keep what is done to another photo of the queue safe from a crash."""
        self._safe.watch_work(path, content_hash, annotation, source)

    def queue(self, photos: Mapping[Path, VolumeSource | None]) -> None:
        """Keep safe from a crash that photos joined the queue."""
        self._safe.queue(photos)

    def offer_left_work(self, then: Callable[[Path | None], object]) -> None:
        """Offer what windows that died had not saved, the newest first; `then` is told the session that was restored.

        That is None where none was.
        """
        if not self._safe.has_left_journals():
            then(None)
            return

        def fail(message: str) -> None:
            self.troubled.emit(message)
            then(None)

        self._reader.run(
            "Looking for unsaved work in", self._safe.left_work, partial(self._offer, then), fail, lambda: then(None)
        )

    def _offer(self, then: Callable[[Path | None], object], offers: list[LeftWork]) -> None:
        while offers:
            left = offers.pop()
            choice = ask_to_restore(self._window, left)
            if choice is Choice.RESTORE:
                for other in offers:
                    other.release()
                self._restore(left, then)
                return
            if choice is Choice.DISCARD:
                left.discard()
            else:
                left.release()
        then(None)

    def rest(self) -> None:
        """Save nothing until `go_on`: the queue is worked on by another thread."""
        self._saver.wait()
        self._is_resting = True

    def go_on(self) -> None:
        """Save by itself again."""
        self._is_resting = False

    def close(self) -> None:
        """The window closes, and what is not saved is not wanted."""
        self.autosave_timer.stop()
        self._reader.close()
        self._saver.close()
        self._safe.close()
        self._release()

    def break_off(self) -> None:
        """The program ends; what was neither saved nor given up is offered at the next start."""
        self.autosave_timer.stop()
        self._reader.close()
        self._saver.close()
        self._safe.break_off()
        self._release()

    def may_leave(self) -> bool:
        """Ask before unsaved work is lost; whether the queue may go."""
        return self._is_settled("is not saved. Save it in a session file?", QMessageBox.StandardButton.Discard)

    def may_train(self) -> bool:
        """Ask whether unsaved work is saved first; whether a training may read the session file now."""
        words = "is not saved, and a training reads what is saved alone. Save it first?"
        return self._is_settled(words, QMessageBox.StandardButton.No)

    def _is_settled(self, words: str, leave: QMessageBox.StandardButton) -> bool:
        """Ask what becomes of unsaved work; True once there is none, or where `leave` was answered."""
        self._saver.wait()
        self._keep_current()
        unsaved = self._album.unsaved()
        if not unsaved:
            return True
        names = ", ".join(f"“{path.name}”" for path in unsaved[:_NAMES_SHOWN])
        more = ", …" if len(unsaved) > _NAMES_SHOWN else ""
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.warning(
            self._window,
            "Unsaved work",
            f"The work on {names}{more} {words}",
            buttons.Save | leave | buttons.Cancel,
            buttons.Save,
        )
        if answer != buttons.Save:
            return answer == leave
        if not self.save():
            return False
        self._saver.wait()
        return not self._album.unsaved()

    # Saving -----------------------------------------------------------------------------------------------------

    def _may_replace(self, target: Path) -> bool:
        text = f"“{target.name}” already exists. Replace it?"
        return QMessageBox.question(self._window, "Save session", text) == QMessageBox.StandardButton.Yes

    def _save_to(self, target: Path) -> bool:
        if target != self.path or self._lock is None:
            self._saver.wait()
            lock = _claimed(target)
            if lock is None:
                self.troubled.emit(f"“{target.name}” is open in another window; save under another name.")
                return False
            # What was saved before stays ours until this one is written.
            self._new_lock = lock
        self._keep_current()
        self._is_quiet = False
        self.state_changed.emit("saving…")
        self._saver.save(self._album, target)
        return True

    def _saved(self, target: Path, is_complete: bool) -> None:
        if self._new_lock is not None:
            self._release(keep=self._new_lock)
        self.path, self.is_read_only, self._has_failed = target, False, False
        if is_complete:
            self._safe.saved(target)
        else:
            # The journal stays for what was done meanwhile; soon that is saved as well.
            QTimer.singleShot(_AGAIN_MS, self, self.autosave)
        self.settled.emit(self._failure)
        if not self._is_quiet:
            self.noticed.emit(f"Saved to “{target.name}”.")
        words = "autosaved" if self._is_quiet else "saved"
        self.state_changed.emit(f"{words} {QTime.currentTime().toString('HH:mm')}")
        self.saved.emit()

    def _failed(self, message: str) -> None:
        if self._new_lock is not None:
            self._new_lock.release()
            self._new_lock = None
        self.state_changed.emit("not saved")
        self._failure = message
        # An autosave that goes on failing is told once.
        if not (self._is_quiet and self._has_failed):
            self.troubled.emit(message)
        self._has_failed = self._is_quiet

    def _claim(self, path: Path) -> None:
        """Take over a session file, read-only where another window has it."""
        self._release()
        self.path, self._lock = path, _claimed(path)
        self.is_read_only = self._lock is None
        self.state_changed.emit("read-only" if self.is_read_only else "")

    def _tell_read_only(self) -> None:
        if self.is_read_only and self.path is not None:
            self.noticed.emit(
                f"“{self.path.name}” is open in another window and is read-only here: saving asks for another name."
            )

    def _release(self, keep: FileLock | None = None) -> None:
        if self._lock is not None:
            self._lock.release()
        self._lock, self._new_lock = keep, None

    def _restore(self, left: LeftWork, then: Callable[[Path | None], object]) -> None:
        nothing, path = Session((), None, {}), left.session
        if path is None:
            self._lay_upon(left, nothing)
            then(None)
            return

        def take(session: Session) -> None:
            self._claim(path)
            self._lay_upon(left, session)
            then(path)

        def fail(message: str) -> None:
            self._lay_upon(left, nothing, message)
            then(None)

        def give_up() -> None:
            left.release()
            then(None)

        self._reader.read(path, take, fail, give_up)

    def _lay_upon(self, left: LeftWork, session: Session, trouble: str = "") -> None:
        self._safe.adopt(left)
        self.restored.emit(restore(self._album, session, left))
        self.noticed.emit(f"Restored {in_words(left)}; save to keep it.")
        self._tell_read_only()
        if trouble:
            self.troubled.emit(trouble)

    def _keep_current(self) -> None:
        photo = self._segmenting.photo
        if photo is not None:
            self._album.keep(photo, is_leaving=False)


def _claimed(path: Path) -> FileLock | None:
    """Claim a session file; None where another window has it."""
    lock = FileLock.for_session(path)
    try:
        return lock if lock.acquire() else None
    except CannotWrite:
        # Where no lock can be made nothing can be saved either, and that is told when somebody tries.
        return lock

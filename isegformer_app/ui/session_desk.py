"""Keeping the work: saving it, opening it again, and asking before it would be lost."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.safekeeping import LeftWork, Safekeeping
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.session_keeping import Session, load_session, relocated, restore, save
from isegformer_app.files.errors import FileProblem
from isegformer_app.files.session import SUFFIX

from .restore_question import Choice, ask_to_restore, in_words

_KIND = f"Sessions (*{SUFFIX})"
_NAMES_SHOWN = 3


class SessionDesk(QObject):
    """Knows the session file of the queue. Problems are told by `troubled`, reports by `noticed`."""

    restored = Signal(object)
    """Path of the photo to show, after a session was opened."""
    saved = Signal()
    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, album: Album, journals: Path) -> None:
        super().__init__(window)
        self.path: Path | None = None
        self._window, self._segmenting, self._album = window, segmenting, album
        self._safe = Safekeeping(journals, self.troubled.emit)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"open_session": self.ask_to_open, "save": self.save, "save_as": self.save_as}

    def save(self) -> bool:
        """Save where it was saved before, or ask where; whether it was saved."""
        return self.save_as() if self.path is None else self._save_to(self.path)

    def save_as(self) -> bool:
        """Ask where to save; whether it was saved."""
        current = self._album.current
        if current is None:
            self.noticed.emit("Open a photo first: there is nothing to save.")
            return False
        suggested = self.path or current.with_name(f"{current.parent.name or current.stem}{SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Save session", str(suggested), _KIND)
        if not chosen:
            return False
        target = Path(chosen)
        return self._save_to(target if target.suffix else target.with_suffix(SUFFIX))

    def ask_to_open(self) -> None:
        """Let a session be chosen."""
        folder = "" if self.path is None else str(self.path.parent)
        chosen, _ = QFileDialog.getOpenFileName(self._window, "Open session", folder, _KIND)
        if chosen:
            self.open(Path(chosen))

    def open(self, path: Path) -> None:
        """Go on with saved work; where that fails what is open stays."""
        try:
            session = self._found(load_session(path))
        except FileProblem as problem:
            self.troubled.emit(str(problem))
            return
        if not self.may_leave():
            return
        self._segmenting.open(None)
        self.path = path
        self._safe.begin(path)
        self.restored.emit(restore(self._album, session))

    def watch(self) -> None:
        """Keep what is done to the photo on the desk safe from a crash."""
        photo = self._segmenting.photo
        if photo is not None:
            self._safe.watch(photo)

    def offer_left_work(self) -> bool:
        """Offer what windows that died had not saved, the newest first; whether some was restored."""
        offers = self._safe.left_work()
        while offers:
            left = offers.pop()
            choice = ask_to_restore(self._window, left)
            if choice is Choice.RESTORE:
                for other in offers:
                    other.release()
                self._restore(left)
                return True
            if choice is Choice.DISCARD:
                left.discard()
            else:
                left.release()
        return False

    def close(self) -> None:
        """The window closes, and what is not saved is not wanted."""
        self._safe.close()

    def break_off(self) -> None:
        """The program ends; what was neither saved nor given up is offered at the next start."""
        self._safe.break_off()

    def may_leave(self) -> bool:
        """Ask before unsaved work is lost; whether the queue may go."""
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
            f"The work on {names}{more} is not saved. Save it in a session file?",
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        return self.save() if answer == buttons.Save else answer == buttons.Discard

    def _save_to(self, target: Path) -> bool:
        self._keep_current()
        try:
            save(self._album, target)
        except FileProblem as problem:
            self.troubled.emit(str(problem))
            return False
        self.path = target
        self._safe.saved(target)
        self.noticed.emit(f"Saved to “{target.name}”.")
        self.saved.emit()
        return True

    def _restore(self, left: LeftWork) -> None:
        session, trouble = Session((), None, {}), ""
        if left.session is not None:
            try:
                session = self._found(load_session(left.session))
                self.path = left.session
            except FileProblem as problem:
                trouble = str(problem)
        self._safe.adopt(left)
        self.restored.emit(restore(self._album, session, left.photos, left.classes))
        self.noticed.emit(f"Restored {in_words(left)}; save to keep it.")
        if trouble:
            self.troubled.emit(trouble)

    def _found(self, session: Session) -> Session:
        """Ask once where the photos are, if some are not where they were."""
        missing = session.missing()
        if not missing:
            return session
        text = (
            f"{len(missing)} of {len(session.paths)} photos are not where they were. Show where “{missing[0].name}” is?"
        )
        if QMessageBox.question(self._window, "Photos have moved", text) != QMessageBox.StandardButton.Yes:
            return session
        chosen, _ = QFileDialog.getOpenFileName(self._window, f"Where is {missing[0].name}?", "")
        return relocated(session, missing[0], Path(chosen)) if chosen else session

    def _keep_current(self) -> None:
        photo = self._segmenting.photo
        if photo is not None:
            self._album.keep(photo, is_leaving=False)

"""The way from the File menu to a session that holds the photos and work of several."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.export_writing import counted
from isegformer_app.controllers.exporting import is_ready_to_export
from isegformer_app.controllers.joining import Joined, Joining, compared, join
from isegformer_app.controllers.progress import Progress
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.session_keeping import Session, Snapshot
from isegformer_app.controllers.session_matching import is_open_elsewhere, read_other

from .queue_work import QueueWork
from .report_dialog import ReportDialog
from .session_desk import SESSIONS, SessionDesk
from .session_reader import SessionReader

_TITLE = "Add photos and work"


class JoinDesk(QObject):
    """Reads another session away from the window's thread and adds it to the one that is open."""

    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(
        self,
        window: QWidget,
        segmenting: SegmentingController,
        album: Album,
        session: SessionDesk,
        queue_work: QueueWork,
    ) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._album = window, segmenting, album
        self._session, self._queue_work = session, queue_work
        self._reader = SessionReader(window)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"add_session": self.ask}

    def close(self) -> None:
        """The window closes."""
        self._reader.close()

    def ask(self) -> None:
        """Let another session be chosen, and add it."""
        photo, present = self._segmenting.photo, self._session.path
        if photo is None:
            self.noticed.emit("Open a photo or a session first: the other one is added to it.")
            return
        if not is_ready_to_export(self._segmenting):
            self.noticed.emit("The last mask is still being computed: add the session in a moment.")
            return
        folder = photo.path.parent if present is None else present.parent
        chosen, _ = QFileDialog.getOpenFileName(self._window, _TITLE, str(folder), SESSIONS)
        source = Path(chosen)
        if chosen and present is not None and present.exists() and source.exists() and source.samefile(present):
            self.noticed.emit(f"“{source.name}” is the session that is open: choose another one to add.")
        elif chosen:
            self._album.keep(photo, is_leaving=False)
            ours = Snapshot.of(self._album).session
            take = partial(self._compare, source, ours)
            self._reader.read(source, take, self.troubled.emit, reading=partial(read_other, ours))

    def _compare(self, source: Path, ours: Session, theirs: Session) -> None:
        self._reader.run("Comparing", partial(compared, ours, theirs), partial(self._take, source), self.troubled.emit)

    def _take(self, source: Path, joining: Joining) -> None:
        photo = self._segmenting.photo
        if photo is None:
            return
        wanted = self._settle(joining) if joining.contested else joining
        if wanted is None:
            return
        self._album.keep(photo, is_leaving=False)
        joined = Joined()
        self._queue_work.run(
            partial(_join, wanted, self._album, self._session, joined),
            partial(self._report, source, wanted, joined),
            title=_TITLE,
            words="Adding",
            cancelled="Cancelled: what was not yet added is left out.",
        )

    def _settle(self, joining: Joining) -> Joining | None:
        """Ask what becomes of photos on which both have objects; None where nothing is to be added after all."""
        text = f"On {counted(joining.contested, 'photo')} both sessions have objects, and not the same ones."
        box = QMessageBox(QMessageBox.Icon.Question, _TITLE, text, parent=self._window)
        box.setInformativeText(
            "With the objects of both, none loses pixels, and photos where some lie upon each other are flagged. "
            "Objects that are the same in both are never doubled."
        )
        both = box.addButton("Objects of &both", QMessageBox.ButtonRole.AcceptRole)
        ours = box.addButton("Only those &here", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(both)
        box.exec()
        pressed = box.clickedButton()
        box.deleteLater()
        return joining if pressed is both else joining.without_contested() if pressed is ours else None

    def _report(self, source: Path, joining: Joining, joined: Joined, trouble: str) -> None:
        words = _headline(joining, joined)
        lines = [*([trouble] if trouble else []), *joining.skipped, *joined.notes]
        if is_open_elsewhere(source):
            lines.append(f"“{source.name}” is open in another window: what is not saved there is not among it.")
        self.noticed.emit(words)
        if lines:
            ReportDialog(_TITLE, words, lines, self._window).open()


def _join(joining: Joining, album: Album, session: SessionDesk, joined: Joined, progress: Progress) -> str:
    join(joining, album, session, joined, progress)
    return ""


def _headline(joining: Joining, joined: Joined) -> str:
    """What was added, in a few sentences."""
    if not (joined.photos or joined.queued or joined.new_classes):
        return "Nothing was added: all of it is here already." if not joining.skipped else "Nothing was added."
    words = f"{counted(joined.objects, 'object')} added on {counted(joined.photos, 'photo')}"
    words += f", {counted(joined.queued, 'photo')} queued." if joined.queued else "."
    if joining.repeated:
        words += f" {counted(joining.repeated, 'object')} {'was' if joining.repeated == 1 else 'were'} here already."
    if joined.new_classes:
        words += f" New classes: {', '.join(joined.new_classes)}."
    return f"{words} Save to keep it."

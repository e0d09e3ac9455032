"""Writing the session file off the window's thread."""

from pathlib import Path

from PySide6.QtCore import QEventLoop, QObject, Signal

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.session_keeping import Snapshot

from .errands import Errands


class SessionSaver(QObject):
    """Saves one snapshot after the other."""

    saved = Signal(Path, bool)
    """Session file, and whether all that was done up to now is in it."""
    failed = Signal(str)
    _rests = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._errands = Errands(self, "session saver")
        self._under_way = 0

    @property
    def is_saving(self) -> bool:
        """Whether a save is under way."""
        return self._under_way > 0

    def save(self, album: Album, target: Path) -> None:
        """Save what the album is now; the outcome is told later."""
        snapshot = Snapshot.of(album)
        self._under_way += 1
        self._errands.run(
            lambda: snapshot.write(target),
            lambda _none: self.saved.emit(target, snapshot.mark_saved()),
            lambda problem: self.failed.emit(str(problem)),
            self._count_down,
        )

    def wait(self) -> None:
        """Wait until nothing is under way; meanwhile the window is drawn, but takes no clicks and keys."""
        if self.is_saving:
            loop = QEventLoop(self)
            self._rests.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
            loop.deleteLater()

    def close(self) -> None:
        """Finish what is under way and tell no more."""
        self._errands.close(wait=True)

    def _count_down(self) -> None:
        self._under_way -= 1
        if not self.is_saving:
            self._rests.emit()

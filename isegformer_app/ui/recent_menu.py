"""The submenu of what was opened last."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from isegformer_app.settings import Settings

_WITH_KEYS = 5
_LONGEST = 70


class RecentMenu(QObject):
    """Photos, folders and sessions, the newest first, kept in the settings."""

    chosen = Signal(Path)
    noticed = Signal(str)

    def __init__(self, menu: QMenu, settings: Settings) -> None:
        super().__init__(menu)
        self._menu, self._settings = menu, settings
        self._end = menu.actions()[0]
        self.actions_shown: list[QAction] = []
        self.refresh()

    def add(self, path: Path | None) -> None:
        """Put what was opened or saved at the head."""
        if path is not None:
            self._settings.add_recent(path)
            self.refresh()

    def clear(self) -> None:
        """Forget them all."""
        self._settings.recent = []
        self.refresh()

    def refresh(self) -> None:
        """Show the settings' list as it is now."""
        for action in self.actions_shown:
            self._menu.removeAction(action)
            action.deleteLater()
        self.actions_shown = [self._action(place, Path(each)) for place, each in enumerate(self._settings.recent, 1)]
        self._menu.insertActions(self._end, self.actions_shown)
        self._menu.setEnabled(bool(self.actions_shown))

    def _action(self, place: int, path: Path) -> QAction:
        folder = str(path.parent)
        shown = f"{path.name}   {folder if len(folder) <= _LONGEST else '…' + folder[-_LONGEST:]}".replace("&", "&&")
        action = QAction(f"&{place % 10} {shown}", self._menu)
        action.setToolTip(str(path))
        if place <= _WITH_KEYS:
            action.setShortcut(QKeySequence(f"Ctrl+{place}"))
        action.triggered.connect(lambda: self._open(path))
        return action

    def _open(self, path: Path) -> None:
        if path.exists():
            self.chosen.emit(path)
        else:
            self._settings.drop_recent(path)
            self.refresh()
            self.noticed.emit(f"“{path}” is not there any more and was taken off the list.")

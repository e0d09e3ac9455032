"""The models in the Model menu."""

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from isegformer_app.inference import KnownModel, known_models
from isegformer_app.settings import Settings

_MEGABYTE = 1_000_000


class ModelsMenu(QObject):
    """Lists at the head of the menu what is there whenever it is opened; `use` takes what the settings call a model."""

    def __init__(self, menu: QMenu, settings: Settings, use: Callable[[str], object]) -> None:
        super().__init__(menu)
        self._menu, self._settings, self._use = menu, settings, use
        self._end = menu.insertSeparator(menu.actions()[0])
        self._group = QActionGroup(self)
        self.actions_shown: list[QAction] = []
        menu.setToolTipsVisible(True)
        menu.aboutToShow.connect(self.refresh)

    def refresh(self) -> None:
        """Show what is there now, and which of it answers."""
        for action in self.actions_shown:
            self._menu.removeAction(action)
            self._group.removeAction(action)
            action.deleteLater()
        self.actions_shown = [self._action(model) for model in known_models(self._settings.model)]
        self._menu.insertActions(self._end, self.actions_shown)

    def _action(self, model: KnownModel) -> QAction:
        words = "cannot be used" if model.problem else f"{model.size / _MEGABYTE:.1f} MB, {model.speed}"
        origin = ", bundled" if model.is_bundled else ""
        action = QAction(f"{model.name} ({words}{origin})".replace("&", "&&"), self._group)
        action.setCheckable(True)
        action.setEnabled(not model.problem)
        action.setToolTip(model.problem or f"Licence: {model.licence}\nSpeed: {model.speed}\nFile: {model.path}")
        action.setChecked(model.is_meant_by(self._settings.model))
        action.triggered.connect(lambda: self._use(model.setting))
        return action

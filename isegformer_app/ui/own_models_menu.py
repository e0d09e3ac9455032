"""The submenu of the models that the annotator made."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from isegformer_app.controllers.training import own_models


class OwnModelsMenu(QObject):
    """Lists the folder of models whenever it is opened; `use` takes the path of the one that is chosen."""

    def __init__(self, menu: QMenu, models: Path, use: Callable[[str], object]) -> None:
        super().__init__(menu)
        self._models, self._use = models, use
        self.menu = menu.addMenu("Models of my &own")
        menu.aboutToShow.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what is there now."""
        self.menu.clear()
        for path in own_models(self._models):
            action = self.menu.addAction(path.stem.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(lambda _checked=False, path=path: self._use(str(path)))
        self.menu.setEnabled(not self.menu.isEmpty())

"""The way from the Model menu to a model of one's own."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from isegformer_app.inference import known_models
from isegformer_app.settings import Settings, data_folder, state_folder

from .session_desk import SessionDesk
from .train_dialog import TrainDialog


class TrainDesk(QObject):
    """Shows the training dialog, one for the whole life of the window: a training goes on while it is hidden."""

    def __init__(
        self,
        window: QWidget,
        settings: Settings,
        session: SessionDesk,
        use_new: Callable[[Path], object],
    ) -> None:
        super().__init__(window)
        self._window, self._settings, self._session, self._use_new = window, settings, session, use_new
        self.dialog: TrainDialog | None = None

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"train": self.show}

    def show(self) -> None:
        """Show the dialog: the training that is under way, or a new choice."""
        if (self.dialog is None or self.dialog.is_choosing) and not self._session.may_train():
            return
        if self.dialog is not None and self.dialog.run is None:
            self.dialog.deleteLater()
            self.dialog = None
        if self.dialog is None:
            self.dialog = self._make()
            self.dialog.check()
        self.dialog.show()
        self.dialog.activateWindow()

    def close_down(self) -> None:
        """The window closes: a training stops in order and can be gone on with."""
        if self.dialog is not None:
            self.dialog.close_down()

    def _make(self) -> TrainDialog:
        bases = [
            (f"{each.name} (bundled)" if each.is_bundled else each.name, each.setting)
            for each in known_models(self._settings.model)
            if not each.problem
        ]
        data = [] if self._session.path is None else [self._session.path]
        trainings = state_folder() / "trainings"
        dialog = TrainDialog(trainings, data_folder() / "models", data, bases, self._settings.model, self._window)
        dialog.kept.connect(self._use_new)
        return dialog

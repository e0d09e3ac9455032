"""The models of one's own and those to be had: used, removed, downloaded."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from isegformer_app.controllers.progress import Progress
from isegformer_app.inference import (
    EngineError,
    KnownModel,
    OfferedModel,
    fetch_offered,
    known_models,
    offered_models,
    remove_own,
)
from isegformer_app.settings import Settings

from .long_job import LongJob
from .model_desk import ModelDesk
from .models_dialog import ModelsDialog, table, terms

_KILO = 1000
"""Progress is told in thousands of bytes: a signal's whole numbers end at two thousand millions."""


class ModelsDesk(QObject):
    """Shows the list of models, and does what is asked there; a download goes on while the list is closed."""

    noticed = Signal(str)
    troubled = Signal(str)

    def __init__(self, window: QWidget, settings: Settings, model: ModelDesk) -> None:
        super().__init__(window)
        self._window, self._settings, self._model = window, settings, model
        self._job: LongJob | None = None
        self._fetched: OfferedModel | None = None
        self._dialog: ModelsDialog | None = None
        model.exchanged.connect(self._follow)

    @property
    def dialog(self) -> ModelsDialog:
        """The list; made when it is first asked for."""
        if self._dialog is None:
            dialog = self._dialog = ModelsDialog(self._window)
            dialog.use_wanted.connect(lambda chosen: self._model.use_model(chosen.setting))
            dialog.remove_wanted.connect(self.remove)
            dialog.download_wanted.connect(self.download)
            dialog.cancel_wanted.connect(self.cancel)
            dialog.file_wanted.connect(lambda: self._model.ask_for_model(dialog))
        return self._dialog

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"models": self.show}

    def show(self) -> None:
        """Show the list as it is now."""
        if self.dialog.isHidden():
            self.dialog.show_trouble("")
        self._refresh()
        self.dialog.show()
        self.dialog.activateWindow()

    def remove(self, model: KnownModel) -> None:
        """Delete a model of one's own, after it was asked whether to."""
        is_in_use = model.is_meant_by(self._settings.model)
        after = "It answers the clicks now; the bundled model will answer instead. " if is_in_use else ""
        box = QMessageBox(self.dialog)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Remove a model")
        box.setText(f"Remove “{model.name}”?")
        box.setInformativeText(f"{after}The file is deleted, which cannot be undone:\n{model.path}")
        remove = box.addButton("&Remove", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        if box.clickedButton() is not remove:
            return
        try:
            remove_own(model.name)
        except EngineError as error:
            self.dialog.show_trouble(str(error))
        else:
            self.dialog.show_trouble("")
            if is_in_use:
                self._model.use_model("")
        self._refresh()

    def download(self, model: OfferedModel) -> None:
        """Fetch a model from its authors, after its licence and address were shown and agreed to."""
        if self._job is not None or not self._is_agreed(model):
            return
        self.dialog.show_trouble("")
        self._fetched = model
        job = self._job = LongJob(partial(_fetch, model.name), self)
        job.progressed.connect(self._show_progress)
        job.done.connect(self._finish)
        job.failed.connect(self._fail)
        job.cancelled.connect(self._end)
        self.dialog.show_progress(model.name, model.came, 0)
        job.start()

    def cancel(self) -> None:
        """End the download; what has come stays, to go on from."""
        if self._job is not None and self._fetched is not None:
            self._job.cancel()
            self.dialog.show_cancelling(self._fetched.name)

    def close_down(self) -> None:
        """The window closes: a download ends, and can be gone on with."""
        if self._job is not None:
            self._job.abandon()
        if self._dialog is not None:
            self._dialog.close()

    def _is_agreed(self, model: OfferedModel) -> bool:
        box = QMessageBox(self.dialog)
        box.setWindowTitle("Download a model")
        box.setText(f"Download “{model.name}”?")
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        box.setInformativeText(f"{table(terms(model))}<p>Do you accept this licence?</p>")
        agree = box.addButton("&Accept and download", QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        return box.clickedButton() is agree

    def _show_progress(self, done: int, total: int, name: str) -> None:
        if self._job is not None and not self._job.is_unwanted:
            self.dialog.show_progress(name, done * _KILO, total * _KILO)

    def _finish(self, path: Path) -> None:
        self._end()
        self.dialog.choose(path.stem)
        self.noticed.emit(f"“{path.stem}” is in the Model menu now.")

    def _fail(self, message: str) -> None:
        page = "" if self._fetched is None else self._fetched.project
        self._end()
        self.dialog.show_trouble(message, page)
        if not self.dialog.isVisible():
            self.troubled.emit(message)

    def _end(self) -> None:
        if self._job is not None:
            self._job.deleteLater()
        self._job = self._fetched = None
        self.dialog.show_idle()
        self._refresh()

    def _follow(self) -> None:
        if self._dialog is not None and self._dialog.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        setting = self._settings.model
        self.dialog.show_models(known_models(setting), offered_models(), setting)


def _fetch(name: str, progress: Progress) -> Path:
    return fetch_offered(name, lambda done, total: progress(done // _KILO, (total or 0) // _KILO, name))

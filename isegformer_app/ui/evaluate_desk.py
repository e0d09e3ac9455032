"""The way from the Model menu to what the model is worth on one's own objects."""

from collections.abc import Callable, Mapping
from datetime import datetime

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from isegformer_app.controllers.album import Album
from isegformer_app.controllers.evaluating import Asked, EvaluationRun
from isegformer_app.controllers.exporting import is_ready_to_export
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.session_keeping import Snapshot
from isegformer_app.settings import Settings, state_folder

from .errands import Errands
from .evaluate_dialog import EvaluateDialog


class EvaluateDesk(QObject):
    """Evaluates the model that answers on the finished objects of the queue. Problems are told by `troubled`."""

    troubled = Signal(str)
    noticed = Signal(str)

    def __init__(self, window: QWidget, segmenting: SegmentingController, album: Album, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._segmenting, self._album, self._settings = window, segmenting, album, settings
        self._errands = Errands(self, "copy of the project")
        self.dialog: EvaluateDialog | None = None
        self.extra: tuple[str, ...] = ()
        """Further options of the command, for tests."""

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        return {"evaluate": self.ask}

    def ask(self) -> None:
        """Finish what is open, and evaluate on a copy of the project."""
        photo = self._segmenting.photo
        if self.dialog is not None:
            self.dialog.activateWindow()
            return
        if photo is None:
            self.noticed.emit("Open a photo or a session first: there is nothing to evaluate on.")
            return
        if not is_ready_to_export(self._segmenting):
            self.noticed.emit("The last mask is still being computed: evaluate again in a moment.")
            return
        self._album.keep(photo, is_leaving=False)
        if not any(work.annotation.objects for _, work in self._album.works()):
            self.noticed.emit("There is no finished object yet: the model is measured on yours.")
            return
        folder = state_folder() / "evaluations" / datetime.now().strftime("%Y-%m-%d %H.%M.%S")
        settings = self._settings
        run = EvaluationRun(folder, Asked(settings.model, settings.device, settings.threads, self.extra))
        snapshot = Snapshot.of(self._album)
        dialog = self.dialog = EvaluateDialog(run, self._window)
        dialog.failed.connect(self.troubled)
        dialog.finished.connect(self._closed)
        dialog.show()
        self._errands.run(
            lambda: run.lay_ready(snapshot),
            lambda _none: self._begin(dialog),
            lambda problem: self._fail(dialog, str(problem)),
        )

    def close_down(self) -> None:
        """The window closes: an evaluation ends with it."""
        self._errands.close()
        if self.dialog is not None:
            self.dialog.reject()

    def _begin(self, dialog: EvaluateDialog) -> None:
        if self.dialog is dialog:
            dialog.begin()

    def _fail(self, dialog: EvaluateDialog, message: str) -> None:
        self.troubled.emit(message)
        if self.dialog is dialog:
            dialog.reject()

    def _closed(self) -> None:
        self.dialog = None

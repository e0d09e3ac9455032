"""Which network answers, on which device, and with how many threads."""

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QSpinBox, QWidget

from isegformer_app.controllers.progress import Cancelled, Progress
from isegformer_app.controllers.segmenting import SegmentingController
from isegformer_app.controllers.training import kept_model_path
from isegformer_app.inference import Engine, Worker, WorkerState, import_among_own, trouble_with
from isegformer_app.settings import Settings, data_folder

from .slow_work import run_slowly

EngineMaker = Callable[[str | None, str, int | None], Engine]
"""Makes an engine of a model (bundled name, file, or None for the default), a device, and a number of CPU threads."""

DEVICES = ("auto", "cpu", "cuda")
_OWN_SUFFIX = ".safetensors"
_BY_ITSELF = "choose by itself"
_STATES = {WorkerState.LOADING: "loading the model…", WorkerState.BUSY: "thinking…"}


class ModelDesk(QObject):
    """Exchanges the engine behind the worker; annotations are not touched."""

    text_changed = Signal(str)
    exchanged = Signal()
    """Another model, device or number of threads answers from now on."""
    noticed = Signal(str)
    troubled = Signal(str)

    def __init__(
        self, window: QWidget, worker: Worker, segmenting: SegmentingController, settings: Settings, make: EngineMaker
    ) -> None:
        super().__init__(window)
        self._window, self._worker, self._segmenting = window, worker, segmenting
        self._settings, self._make = settings, make
        self._actions: Mapping[str, QAction] = {}
        self._answerer = ""

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """What the actions of this desk do."""
        handlers: dict[str, Callable[[], object]] = {
            "model_file": self.ask_for_model,
            "threads": self.ask_for_threads,
        }
        return handlers | {f"device_{name}": partial(self.use_device, name) for name in DEVICES}

    def adopt(self, actions: Mapping[str, QAction]) -> None:
        """Show the settings in the actions."""
        self._actions = actions
        self._show()

    def ask_for_model(self, parent: QWidget | None = None) -> None:
        """Let a file of weights be chosen; the keyboard goes back to `parent`."""
        chosen, _ = QFileDialog.getOpenFileName(
            parent or self._window, "Open a model", "", "Models (*.safetensors *.pth *.pt);;All files (*)"
        )
        if chosen:
            self.open_model(Path(chosen))

    def open_model(self, file: Path) -> None:
        """Answer with a model's file; one of another project is imported among the annotator's own first.

        Where the file is no model the one before goes on answering.
        """
        if file.suffix.lower() == _OWN_SUFFIX:
            trouble = trouble_with(file)
            if trouble:
                self.troubled.emit(trouble)
            else:
                self.use_model(str(file))
            return
        work = partial(_import, file, kept_model_path(data_folder() / "models", file.stem).stem)
        told = self.use_new, self.troubled.emit
        run_slowly(self._window, work, *told, title="Import a model", words="Importing", is_in_the_way=True)

    def use_new(self, path: Path) -> None:
        """Answer with a model that was not there before, and say where it is found from now on."""
        self.noticed.emit(f"“{path.stem}” is in the Model menu now, and answers from the next click on.")
        self.use_model(str(path))

    def use_model(self, model: str) -> None:
        """Answer with another model; what is open is asked again."""
        self._settings.model = model
        self._exchange()

    def use_device(self, device: str) -> None:
        """Answer on another device."""
        self._settings.device = device
        self._exchange()

    def ask_for_threads(self) -> None:
        """Let a number of CPU threads be chosen."""
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle("CPU threads")
        dialog.setLabelText("Processor threads of the network; fewer leave more to other programs.")
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(0, max(os.cpu_count() or 1, self._settings.threads))
        dialog.setIntValue(self._settings.threads)
        for box in dialog.findChildren(QSpinBox):
            box.setSpecialValueText(_BY_ITSELF)
            box.selectAll()
        if dialog.exec() == QDialog.DialogCode.Accepted and dialog.intValue() != self._settings.threads:
            self.use_threads(dialog.intValue())
        dialog.deleteLater()

    def use_threads(self, threads: int) -> None:
        """Answer with another number of CPU threads, 0 to leave it to PyTorch."""
        self._settings.threads = threads
        self._exchange()

    def state_changed(self, state: WorkerState) -> None:
        """The worker began or ended something."""
        self.text_changed.emit(_STATES.get(state, self._answerer or self._chosen()))

    def answered(self, model: str, device: str) -> None:
        """Remember who answered."""
        self._answerer = f"{model} on {device.upper() if device == 'cpu' else device}"

    def _exchange(self) -> None:
        model, device, threads = self._settings.model or None, self._settings.device, self._settings.threads or None
        self._answerer = ""
        self._worker.replace_engine(lambda: self._make(model, device, threads))
        self._segmenting.forget_answers()
        self._show()
        self.exchanged.emit()
        photo = self._segmenting.photo
        if photo is not None:
            key = photo.viewpoint.key
            self._worker.warm_up(photo.image_key(key), photo.rgb(key))

    def _show(self) -> None:
        for name in DEVICES:
            self._actions[f"device_{name}"].setChecked(name == self._settings.device)
        self.text_changed.emit(self._chosen())

    def _chosen(self) -> str:
        model = Path(self._settings.model).stem if self._settings.model else "bundled model"
        return model if self._settings.device == "auto" else f"{model} on {self._settings.device}"


def _import(file: Path, name: str, progress: Progress) -> Path:
    progress(0, 0, file.name)
    path = import_among_own(file, name)
    try:
        progress(1, 1, file.name)
    except Cancelled:
        path.unlink(missing_ok=True)
        raise
    return path

"""*Train on my annotations*: choose, watch, and judge. The window stays free for work meanwhile."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QLabel, QStackedWidget, QVBoxLayout, QWidget

from isegformer_app.controllers.training import (
    Phase,
    Run,
    keep_model,
    left_over_run,
    new_run_folder,
)
from isegformer_app.files.errors import FileProblem

from .sizes import begin_with
from .train_choice import TrainChoice
from .train_result import TrainResult
from .train_watch import TrainWatch

_POLL_MS = 500


class TrainDialog(QDialog):
    """One training at a time, in a folder of `trainings`; `kept` tells the file of a model that is kept."""

    kept = Signal(Path)

    def __init__(
        self,
        trainings: Path,
        models: Path,
        data: Sequence[Path],
        bases: Sequence[tuple[str, str]],
        base: str,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train on my annotations")
        self._trainings, self._models = trainings, models
        self.run: Run | None = None
        self._is_check = False
        self.choice, self.watch, self.verdict = TrainChoice(data, bases, base), TrainWatch(), TrainResult()
        self.trouble = QLabel()
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        self.pages = QStackedWidget()
        for page in (self.choice, self.watch, self.verdict):
            self.pages.addWidget(page)
        layout = QVBoxLayout(self)
        layout.addWidget(self.pages, stretch=1)
        layout.addWidget(self.trouble)
        begin_with(self, 720, 640)
        self._timer = QTimer(self, interval=_POLL_MS)
        self._timer.timeout.connect(self._poll)
        self.choice.changed.connect(self.check)
        self.choice.start_wanted.connect(self.start)
        self.choice.continue_wanted.connect(self.go_on)
        self.watch.pause_wanted.connect(self._pause)
        self.watch.stop_wanted.connect(self._stop)
        self.verdict.keep_wanted.connect(self._keep)
        self.verdict.discard_wanted.connect(self._discard)
        self._offer_left_over()

    # Choosing ---------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Have the data checked and the time estimated, by the very command that will train."""
        # A field that loses the keyboard tells of a change where there is none.
        if not self.is_choosing or self._is_checked:
            return
        self._drop_check()
        self.choice.show_checking()
        wanted = self.choice.wanted
        if wanted is None:
            return
        self.run, self._is_check = Run(new_run_folder(self._trainings), wanted), True
        self._start(self.run, check_only=True)

    @property
    def is_choosing(self) -> bool:
        """Whether no training is watched or judged."""
        return self.pages.currentWidget() is self.choice

    @property
    def _is_checked(self) -> bool:
        """Whether what is chosen is what was given to the check."""
        return self._is_check and self.run is not None and self.run.wanted == self.choice.wanted

    def start(self) -> None:
        """Start the training that was checked; what was changed since is checked first."""
        if self.run is None or not self._is_checked:
            self.check()
            return
        self._is_check = False
        self.pages.setCurrentWidget(self.watch)
        self._start(self.run, resume=True)

    def go_on(self) -> None:
        """Go on with a training that was not ended, after a stop or a restart."""
        left = left_over_run(self._trainings)
        if left is None:
            return
        self._drop_check()
        self.choice.show_left_over("", "")
        self.run, self._is_check = left, False
        self.pages.setCurrentWidget(self.watch)
        if left.is_alive or left.result:
            self._timer.start()
        else:
            self._start(left, resume=True)

    def _offer_left_over(self) -> None:
        left = left_over_run(self._trainings)
        if left is None:
            self.choice.show_left_over("", "")
            return
        date = left.folder.name[:10]
        if left.result:
            self.choice.show_left_over(f"The training of {date} has ended.", "See the o&utcome")
        elif left.is_alive:
            self.choice.show_left_over(f"The training of {date} is still running.", "&Watch it")
        else:
            self.choice.show_left_over(f"The training of {date} is not finished.", "&Go on with it")

    def _start(self, run: Run, *, resume: bool = False, check_only: bool = False) -> None:
        self.trouble.hide()
        try:
            run.start(resume=resume, check_only=check_only)
        except FileProblem as problem:
            self._fail(str(problem))
            return
        self._timer.start()

    def _drop_check(self) -> None:
        if self.run is not None and self._is_check:
            self.run.end()
            shutil.rmtree(self.run.folder, ignore_errors=True)
        self.run, self._is_check = None, False

    # Watching ---------------------------------------------------------------------------------------------------

    def _poll(self) -> None:
        run = self.run
        if run is None:
            self._timer.stop()
            return
        phase = run.phase
        if not self._is_check:
            self.watch.show_run(run)
        if phase in (Phase.RUNNING, Phase.PAUSED):
            return
        self._timer.stop()
        if phase is Phase.FAILED:
            self._fail(run.last_words())
        elif self._is_check:
            self.choice.show_report(str(run.report.get("text", "")))
        elif phase is Phase.DONE:
            self.verdict.show_result(run.result, f"tuned-{run.folder.name[:10]}")
            self.verdict.show_pictures(*run.pictures_at_the_end())
            self.pages.setCurrentWidget(self.verdict)
        else:
            self._back_to_choice("The training was stopped; nothing is lost.")

    def _fail(self, message: str) -> None:
        if self._is_check:
            self.choice.show_trouble(message)
            self._drop_check()
        else:
            self._back_to_choice(message)

    def _back_to_choice(self, message: str) -> None:
        if self.run is not None:
            try:
                self.run.lay_down()
            except FileProblem as problem:
                message = f"{message} {problem}"
        self.run = None
        self._offer_left_over()
        self.pages.setCurrentWidget(self.choice)
        self.check()
        self.trouble.setText(message)
        self.trouble.show()

    def _pause(self, is_wanted: bool) -> None:
        self._wish("pause" if is_wanted else "")

    def _stop(self) -> None:
        self._wish("stop")
        self.watch.show_stopping()

    def _wish(self, wish: str) -> None:
        if self.run is None:
            return
        try:
            self.run.wish(wish)
        except FileProblem as problem:
            self.trouble.setText(str(problem))
            self.trouble.show()

    # The end ----------------------------------------------------------------------------------------------------

    def _keep(self, name: str) -> None:
        if self.run is None:
            return
        try:
            path = keep_model(self.run, self._models, name)
        except FileProblem as problem:
            self.trouble.setText(str(problem))
            self.trouble.show()
            return
        self._discard()
        self.kept.emit(path)

    def _discard(self) -> None:
        """Take the run folder away, and begin anew next time."""
        if self.run is not None:
            shutil.rmtree(self.run.folder, ignore_errors=True)
        self.run = None
        self.accept()

    def close_down(self) -> None:
        """The program ends: a training stops in order and can be gone on with, a check is dropped."""
        self._timer.stop()
        if self._is_check:
            self._drop_check()
        elif self.run is not None and self.run.is_alive:
            self._wish("stop")

    def reject(self) -> None:
        """Hide; a training goes on in the background."""
        self.hide()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide only."""
        event.ignore()
        self.hide()

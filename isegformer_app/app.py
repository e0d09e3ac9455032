"""Composition root of the window: builds what it needs, connects it, and runs it."""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from .inference import Engine, EngineError, Worker
from .inference.cases import Case, read_case
from .settings import Settings, state_folder
from .ui.main_window import MainWindow
from .ui.model_desk import EngineMaker
from .ui.worker_bridge import WorkerBridge

logger = logging.getLogger(__name__)

_BAD_USAGE = 2


def _make_engine(model: str | None, device: str, threads: int | None) -> Engine:
    from .inference.engine import SegmenterEngine

    return SegmenterEngine(model, device, threads)


def main(arguments: Sequence[str]) -> int:
    """Open the window on the photos and folders in `arguments` and return the exit code."""
    trouble = _trouble(arguments)
    if trouble:
        print(f"isegformer: {trouble}", file=sys.stderr)  # noqa: T201 - there is no window yet to say it in
        return _BAD_USAGE
    return _run(arguments)


def open_case(arguments: Sequence[str]) -> int:
    """Open the photo of an evaluated object (folder of the evaluation, name of the object) and click it again."""
    try:
        if len(arguments) != 2:  # noqa: PLR2004
            raise EngineError("open-case needs the folder of an evaluation and SET/STEM/OBJECT.")
        case = read_case(Path(arguments[0]), arguments[1])
    except EngineError as error:
        print(f"isegformer: {error}", file=sys.stderr)  # noqa: T201 - there is no window yet to say it in
        return _BAD_USAGE
    trouble = _trouble([str(case.photo)])
    if trouble:
        print(f"isegformer: {trouble}", file=sys.stderr)  # noqa: T201
        return _BAD_USAGE
    return _run([str(case.photo)], case)


def _run(arguments: Sequence[str], case: Case | None = None) -> int:
    app = _application()
    with opened(arguments, _make_engine, case) as window:
        _report_surprises(window)
        return app.exec()


@contextmanager
def opened(
    arguments: Sequence[str], make_engine: EngineMaker = _make_engine, case: Case | None = None
) -> Iterator[MainWindow]:
    """Show the window and begin to open what `arguments` name; at the end its worker stops.

    What a window that died had not saved is offered first. `make_engine` builds what answers the clicks. The clicks of
    a `case` are made once its photo is there, and answered by the model that was measured.
    """
    settings = Settings.load()
    bridge = WorkerBridge()
    model = settings.model if case is None else case.model
    worker = Worker(
        lambda: make_engine(model or None, settings.device, settings.threads or None),
        bridge.send_answer,
        bridge.send_failure,
        bridge.send_state,
    )
    try:
        window = MainWindow(settings, worker, bridge, make_engine, state_folder() / "journals")
        window.show()
        if case is not None:
            window.files.opened.connect(_Replay(window, case))
        # The first paint comes before the photo is read and before torch is imported.
        QTimer.singleShot(0, window, lambda: _begin(window, worker, arguments))
        try:
            yield window
        finally:
            window.close_down()
            window.session.break_off()
    finally:
        worker.close()


def _begin(window: MainWindow, worker: Worker, arguments: Sequence[str]) -> None:
    paths = [Path(each).absolute() for each in arguments]

    def go_on(restored: Path | None) -> None:
        wanted = [path for path in paths if path != restored]
        if wanted:
            window.files.open_paths(wanted)
        if not (window.files.is_opening or window.session.is_reading):
            # Otherwise the photo comes first: importing torch would slow its reading down.
            worker.prepare()

    window.session.offer_left_work(go_on)


class _Replay:
    """Makes the clicks of a case on its photo, once."""

    def __init__(self, window: MainWindow, case: Case) -> None:
        self._window, self._case = window, case
        self._is_done = False

    def __call__(self) -> None:
        """Something was opened."""
        photo, case = self._window.segmenting.photo, self._case
        if self._is_done or photo is None or photo.path != case.photo.absolute():
            return
        self._is_done = True
        for row, col, is_positive in case.clicks:
            self._window.segmenting.click(row, col, is_positive)
        words = f"The {len(case.clicks)} clicks of {case.name}: Undo takes them back one by one."
        if case.measured:
            words += f" They were measured on {case.measured}; here the model answers."
        self._window.notice(words)


def _application() -> QApplication:
    known = QApplication.instance()
    app = known if isinstance(known, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("isegformer")
    app.setApplicationDisplayName("iSegFormer")
    app.setStyle("Fusion")
    return app


def _report_surprises(window: MainWindow) -> None:
    """Bring what nobody expected to the message bar: the work is still there and can be saved."""

    def report(kind: type[BaseException], error: BaseException, trace: object) -> None:
        logger.error("unexpected error", exc_info=error)
        window.problem(f"Something unexpected went wrong ({kind.__name__}: {error}); your work is still here.", False)

    sys.excepthook = report
    # Python's own handler would wait until the next Python call: Ctrl+C in the terminal ends the program at once.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _trouble(arguments: Sequence[str]) -> str:
    """What is wrong with the command line or the machine, in words; empty where nothing is."""
    for each in arguments:
        if each.startswith("-"):
            return f"there is no option {each!r}; see isegformer --help."
        if not Path(each).exists():
            return f"“{each}” is not there; check the path."
    has_display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform.startswith("linux") and not has_display:
        return "there is no display to open a window on; isegformer segment works without one."
    return ""

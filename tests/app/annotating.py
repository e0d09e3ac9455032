"""The real program, annotating by a script until it is killed, or restoring what was left of that.

A process of its own: `python -m tests.app.annotating LOG SEED PATH...` works, and `... LOG restore PATH...` restores
what is offered. Each line of the log names the whole work as it is after one change; nothing else may be restored than
what the last line or the next one names.
"""

import hashlib
import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox

from isegformer_app import app
from isegformer_app.controllers.album import Album
from isegformer_app.document import Annotation, Status
from isegformer_app.document.object_edits import NewClass
from isegformer_app.files.document_json import state_json
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.main_window import MainWindow

GESTURES = 90
SESSION = "work.isegformer"
_WAITING_MS = 5
_ACTS = ("undo", "undo", "redo", "hide", "lock", "move_up", "fill_holes", "reopen", "delete", "mark_done", "flag")
_PAGES = ("next_photo", "previous_photo", "copy_to_next")
_KINDS = ("click",) * 6 + ("finish",) * 4 + ("stroke",) * 2 + ("act",) * 3 + ("page", "class")

Wait = Callable[[], bool]


def digest(album: Album) -> str:
    """Name all that must not be lost; photos that nothing was done to do not count."""
    works = []
    for path, work in sorted(album.works()):
        state = work.annotation.state
        runs = work.annotation.label_map.runs()
        pixels = hashlib.sha1(usedforsecurity=False)
        for layer in runs:
            pixels.update(layer.values.tobytes() + (b"" if layer.ends is None else layer.ends.tobytes()))
        is_blank = not state.objects and state.status is Status.TO_DO
        works += [] if is_blank else [(path.name, state_json(state), pixels.hexdigest())]
    return hashlib.sha1(json.dumps(works).encode(), usedforsecurity=False).hexdigest()


class Annotator:
    """Does one gesture after the other, each when the one before is over."""

    def __init__(self, window: MainWindow, log: int, seed: int) -> None:
        self._window, self._log = window, log
        self._chance = random.Random(seed)
        self._watched: set[Annotation] = set()
        window.files.opened.connect(self._watch)
        self._gestures = self._work()
        self._is_over: Wait = self._is_at_rest
        self._timer = QTimer(window, interval=_WAITING_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def say(self, words: str) -> None:
        os.write(self._log, f"{words}\n".encode())

    def _watch(self) -> None:
        photo = self._window.segmenting.photo
        if photo is not None and photo.annotation not in self._watched:
            # After the journal's own subscription: what is said here stands there already.
            self._watched.add(photo.annotation)
            photo.annotation.subscribe(lambda change: self.say(digest(self._window.files.album)))

    def _is_at_rest(self) -> bool:
        window = self._window
        segmenting = window.segmenting
        is_thinking = segmenting.is_waiting or segmenting.is_finishing
        return segmenting.photo is not None and not (is_thinking or window.files.is_opening)

    def _go_on(self) -> None:
        if self._is_over() and next(self._gestures, "end") == "end":
            self.say("end")
            os._exit(0)

    def _work(self) -> Iterator[None]:
        window, chance = self._window, self._chance
        for number in range(GESTURES):
            kind = chance.choice(_KINDS)
            if number == GESTURES // 3 or number == GESTURES // 2:
                window.actions_by_name["save"].trigger()
            elif kind == "click":
                button = chance.choice((Qt.MouseButton.LeftButton,) * 3 + (Qt.MouseButton.RightButton,))
                QTest.mouseClick(window.canvas.viewport(), button, Qt.KeyboardModifier.NoModifier, self._somewhere())
            elif kind == "finish":
                window.objects.finish()
            elif kind == "stroke":
                self._stroke()
            elif kind == "class":
                window.segmenting.apply(NewClass(f"class {number}"))
            else:
                window.actions_by_name[chance.choice(_PAGES if kind == "page" else _ACTS)].trigger()
            yield

    def _somewhere(self) -> QPoint:
        view = self._window.canvas.geometry_of_view
        assert view is not None
        x, y = view.to_screen(self._chance.randrange(10, 290) + 0.5, self._chance.randrange(10, 440) + 0.5)
        return QPoint(round(x), round(y))

    def _stroke(self) -> None:
        self._window.actions_by_name[self._chance.choice(("brush", "eraser"))].trigger()
        surface, keys = self._window.canvas.viewport(), Qt.KeyboardModifier.NoModifier
        start, end = self._somewhere(), self._somewhere()
        QTest.mousePress(surface, Qt.MouseButton.LeftButton, keys, start)
        QTest.mouseMove(surface, (QPointF(start + end) / 2).toPoint())
        QTest.mouseMove(surface, end)
        QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, keys, end)
        self._window.actions_by_name["points"].trigger()


class Restorer:
    """Says Restore to what is offered, and names what is there afterwards."""

    def __init__(self, window: MainWindow, log: int) -> None:
        self._window, self._log = window, log
        self._asked = ""
        self._timer = QTimer(window, interval=_WAITING_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        window, box = self._window, QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            # A second question would be whether a session is to be opened over what was restored.
            wanted = "Cancel" if self._asked else "Restore"
            self._asked = self._asked or box.text()
            next(each for each in box.buttons() if each.text() == wanted).click()
        elif not (window.files.is_opening or window.session.is_reading) and window.segmenting.photo is not None:
            outcome = {"asked": self._asked, "told": window.message_bar.text, "work": digest(window.files.album)}
            os.write(self._log, json.dumps(outcome).encode())
            # It dies as well: what was restored must not be lost by that.
            os.kill(os.getpid(), 9)


def main(log_path: str, task: str, paths: list[str]) -> None:
    log = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    target = str(Path(log_path).with_name(SESSION))
    setattr(QFileDialog, "getSaveFileName", lambda *_args, **_options: (target, ""))  # noqa: B010 - as mypy wants it
    app._make_engine = lambda model, device, threads: FakeEngine()
    kept: list[object] = [QApplication(sys.argv[:1])]

    def begin() -> None:
        window = next((each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)), None)
        if window is None:
            QTimer.singleShot(0, begin)
        else:
            kept.append(Restorer(window, log) if task == "restore" else Annotator(window, log, int(task)))

    QTimer.singleShot(0, begin)
    app.main(paths)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

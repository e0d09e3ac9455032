"""Started as a process of its own: opens the window as the command does and says when its first picture stood."""

import sys
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from isegformer_app.app import opened
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.main_window import MainWindow


class FirstPaint(QObject):
    """Waits until the empty window, or the photo that it was started with, has been painted."""

    def __init__(self, window: MainWindow, is_photo_wanted: bool) -> None:
        super().__init__()
        self._window, self._is_photo_wanted = window, is_photo_wanted
        self.at = 0.0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - the name that Qt calls
        """Answer Qt: nothing ends here."""
        if event.type() == QEvent.Type.Paint and not self.at and watched is self._wanted():
            # The event is not painted yet: after it the queue is empty.
            QTimer.singleShot(0, self, self._stop)
        return False

    def _wanted(self) -> QWidget | None:
        if not self._is_photo_wanted:
            return self._window.empty_state
        return self._window.canvas.viewport() if self._window.segmenting.photo is not None else None

    def _stop(self) -> None:
        if not self.at:
            self.at = time.time()
            QApplication.quit()


def main(paths: list[str]) -> None:
    """Print the seconds since 1970 at which the window had its first picture."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    with opened(paths, lambda model, device, threads: FakeEngine()) as window:
        first = FirstPaint(window, bool(paths))
        app.installEventFilter(first)
        app.exec()
        print(first.at)
        window.close()


if __name__ == "__main__":
    main(sys.argv[1:])

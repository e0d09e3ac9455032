"""Work on the photos of the queue by another thread, while nobody else touches them."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from isegformer_app.controllers.progress import Progress
from isegformer_app.controllers.segmenting import SegmentingController

from .slow_work import run_slowly


class QueueWork(QObject):
    """Takes the photo off the desk, lets the work be done, and lays it back."""

    begun = Signal()
    """The queue is to be left alone until `ended`."""
    ended = Signal()

    def __init__(self, window: QWidget, segmenting: SegmentingController) -> None:
        super().__init__(window)
        self._window, self._segmenting = window, segmenting

    def run(
        self,
        work: Callable[[Progress], str],
        over: Callable[[str], object],
        *,
        title: str,
        words: str,
        cancelled: str,
    ) -> None:
        """Do `work` on another thread; `over` is told in a sentence what ended it early, nothing where it is done.

        `cancelled` is that sentence where the annotator did.
        """
        photo = self._segmenting.photo
        self.begun.emit()
        self._segmenting.open(None)

        def end(trouble: str) -> None:
            self._segmenting.open(photo)
            self.ended.emit()
            over(trouble)

        run_slowly(self._window, work, end, end, lambda: end(cancelled), title=title, words=words, is_in_the_way=True)

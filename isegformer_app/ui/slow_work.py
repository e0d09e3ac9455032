"""A long job with a dialog that shows how far it is and can end it."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QProgressDialog, QWidget

from isegformer_app.controllers.progress import Progress

from .long_job import LongJob

Result = TypeVar("Result")
_QUICK_MS = 400
"""What is done sooner shows no progress."""


def run_slowly(  # noqa: PLR0913 - what to do, and what to do afterwards, however it ends
    window: QWidget,
    work: Callable[[Progress], Result],
    done: Callable[[Result], object],
    failed: Callable[[str], object],
    given_up: Callable[[], object] = lambda: None,
    *,
    title: str,
    words: str,
    is_in_the_way: bool = False,
) -> LongJob:
    """Begin `work` away from the window's thread; one of the last three is told how it ended.

    The dialog stands under `title` and says `words` ("Reading") of what is in hand. It holds the window's gestures up,
    at once if they are `is_in_the_way`, otherwise as soon as it is seen. Afterwards the job is gone.
    """
    bar, amount = _progress_dialog(window, title, f"{words}…")
    if is_in_the_way:
        bar.show()
    job = LongJob(work, window)

    def show(count: int, total: int, name: str) -> None:
        # The dialog's own `setValue` would handle events, and with them what comes next, in the middle of this.
        amount.setRange(0, total)
        amount.setValue(count)
        bar.setLabelText(f"{words} “{name}”…")

    def end() -> None:
        bar.canceled.disconnect(job.cancel)
        bar.close()
        job.deleteLater()

    def finish(outcome: Result) -> None:
        # It may have been cancelled when there was nothing left to end: nobody wants it all the same.
        is_wanted = not bar.wasCanceled() or is_in_the_way
        end()
        if is_wanted:
            done(outcome)
        else:
            given_up()

    def fail(message: str) -> None:
        end()
        failed(message)

    def give_up() -> None:
        end()
        given_up()

    bar.canceled.connect(job.cancel)
    job.progressed.connect(show)
    job.done.connect(finish)
    job.failed.connect(fail)
    job.cancelled.connect(give_up)
    job.start()
    return job


def _progress_dialog(window: QWidget, title: str, text: str) -> tuple[QProgressDialog, QProgressBar]:
    amount = QProgressBar()
    bar = QProgressDialog(text, "Cancel", 0, 0, window)
    bar.setBar(amount)
    bar.setWindowModality(Qt.WindowModality.WindowModal)
    bar.setWindowTitle(title)
    bar.setMinimumDuration(_QUICK_MS)
    bar.setAutoReset(False)
    bar.setAutoClose(False)
    bar.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    bar.setValue(0)
    return bar, amount

"""A line that floats over the canvas: what went wrong and what to do, or something worth knowing."""

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from .icons import icon

_NOTICE_MS = 6000
_MARGIN = 12
_WIDEST = 760
_ICON = QSize(18, 18)


class MessageBar(QFrame):
    """Hidden while there is nothing to say. A problem stays until it is closed or settled, a notice goes by itself.

    A notice stands below a problem that is on show, so that neither hides the other.

    It floats at the lower edge of its parent, so that the photo does not move under the cursor when it appears.
    """

    retried = Signal()
    given_up = Signal()
    """What was announced as under way is not wanted any more."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._floor = parent
        self._problem = ""
        self._interrupted: tuple[str, bool, bool] | None = None
        """What progress is shown in the place of: the words, whether they tell a problem, and whether to retry."""
        parent.installEventFilter(self)
        self.setObjectName("messageBar")
        self._picture = QLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        # Names are shown as they are, also where they look like HTML.
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.retry_button = QPushButton("Retry")
        self.retry_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.retry_button.clicked.connect(self._retry)
        self.close_button = QToolButton()
        self.close_button.setAutoRaise(True)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.close_button.setToolTip("Close this message")
        self.close_button.clicked.connect(self._close)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(10)
        layout.addWidget(self._picture)
        layout.addWidget(self._text, stretch=1)
        layout.addWidget(self.retry_button)
        layout.addWidget(self.close_button)
        self._timer = QTimer(self, interval=_NOTICE_MS, singleShot=True)
        self._timer.timeout.connect(self._end_notice)
        self.hide()

    @property
    def text(self) -> str:
        """What it says, empty while hidden."""
        return "" if self.isHidden() else self._text.text()

    def show_problem(self, message: str, can_retry: bool) -> None:
        """Say what went wrong."""
        self._problem = message
        self._show(message, "problem")
        self.retry_button.setVisible(can_retry)
        self._timer.stop()

    def show_notice(self, message: str) -> None:
        """Say something for a while; a problem on show stays above it."""
        if self._is_problem_shown:
            self._say(f"{self._problem}\n{message}")
        else:
            self._show(message, "notice")
            self.retry_button.hide()
        self._timer.start()

    def show_progress(self, message: str) -> None:
        """Say what is under way, until `clear` or something else is said; closing it means to give that up.

        What was said before comes back when that is over.
        """
        if not (self.isHidden() or self.property("kind") == "progress"):
            is_problem = self._is_problem_shown
            self._interrupted = (
                self._problem if is_problem else self._text.text(),
                is_problem,
                self.retry_button.isVisibleTo(self),
            )
        self._show(message, "progress")
        self.close_button.setToolTip("Give it up")
        self.retry_button.hide()
        self._timer.stop()

    def go_on_with(self, message: str) -> None:
        """Say what is under way now; nothing where it is over."""
        if message:
            self.show_progress(message)
        else:
            self.end_progress()

    def end_progress(self) -> None:
        """What was under way is over, one way or the other."""
        if self.property("kind") != "progress":
            return
        interrupted = self._interrupted
        self.clear()
        if interrupted is not None:
            message, is_problem, can_retry = interrupted
            if is_problem:
                self.show_problem(message, can_retry)
            else:
                self.show_notice(message)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay at the lower edge when the parent changes its size."""
        if event.type() == QEvent.Type.Resize:
            self._settle_down()
        return False

    def dress(self) -> None:
        """Draw the icons in the colours of the present theme."""
        self._picture.setPixmap(icon("warning" if self.property("kind") == "problem" else "notice").pixmap(_ICON))
        self.close_button.setIcon(icon("close"))

    def clear(self) -> None:
        """Say nothing."""
        self._interrupted = None
        self._timer.stop()
        self.hide()

    def settle(self) -> None:
        """The trouble that could be retried is over."""
        if not self.retry_button.isHidden():
            self.clear()

    def take_back(self, problem: str) -> None:
        """A problem is over; whatever else is said stays."""
        if self._is_problem_shown and self._problem == problem:
            self.clear()

    def _show(self, message: str, kind: str) -> None:
        self.setProperty("kind", kind)
        self.close_button.setToolTip("Close this message")
        self.style().unpolish(self)
        self.style().polish(self)
        self.dress()
        self.show()
        self.raise_()
        self._say(message)

    def _say(self, message: str) -> None:
        self._text.setText(message)
        self._settle_down()

    @property
    def _is_problem_shown(self) -> bool:
        return not self.isHidden() and self.property("kind") == "problem"

    def _end_notice(self) -> None:
        if self._is_problem_shown:
            self._say(self._problem)
        else:
            self.clear()

    def _settle_down(self) -> None:
        width = min(self._floor.width() - 2 * _MARGIN, _WIDEST)
        height = max(self.heightForWidth(width), self.minimumSizeHint().height())
        self.setGeometry((self._floor.width() - width) // 2, self._floor.height() - height - _MARGIN, width, height)

    def _close(self) -> None:
        was_progress = self.property("kind") == "progress"
        self.clear()
        if was_progress:
            self.given_up.emit()

    def _retry(self) -> None:
        self.clear()
        self.retried.emit()

"""The second page of the training dialog: how far it is, two plots, sample predictions, pause and stop."""

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from isegformer_app.controllers.training import Curves, Progress, Run

from .train_pictures import CAPTION, TrainPictures

_PICTURE = 190
_LOSS, _HELD_OUT = "#e69f00", "#0072b2"
_STEPS = 1000
_SIXTY = 60
_FEWEST = 10
"""Samples that a plot shows at least."""


class TrainWatch(QWidget):
    """Shows a run; emits `pause_wanted` (to pause, or to go on) and `stop_wanted`."""

    pause_wanted = Signal(bool)
    stop_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.stage = QLabel()
        self.stage.setObjectName("sectionTitle")
        self.time_left = QLabel()
        self.time_left.setObjectName("faint")
        self.bar = QProgressBar(minimum=0, maximum=_STEPS)
        self.bar.setTextVisible(False)
        self._loss = _Plot("Loss", _LOSS)
        self._held_out = _Plot("IoU on held-out images, mean over 5 clicks", _HELD_OUT, symbol="o", highest=1.0)
        self._pictures = TrainPictures(_PICTURE)
        self.caption = QLabel(CAPTION)
        self.caption.setObjectName("faint")
        self.pause_button = QPushButton("&Pause")
        self.stop_button = QPushButton("&Stop")
        for button in (self.pause_button, self.stop_button):
            button.setAutoDefault(False)
        self._is_paused = False
        self.pause_button.clicked.connect(lambda: self.pause_wanted.emit(not self._is_paused))
        self.stop_button.clicked.connect(self.stop_wanted)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.addWidget(self.stage, stretch=1)
        head.addWidget(self.time_left)
        plots = QHBoxLayout()
        plots.addWidget(self._loss.widget)
        plots.addWidget(self._held_out.widget)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(self.pause_button)
        buttons.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addLayout(plots, stretch=1)
        layout.addWidget(self._pictures)
        layout.addWidget(self.caption)
        layout.addLayout(buttons)
        self.caption.hide()

    def show_run(self, run: Run) -> None:
        """Show how far the run is now."""
        self.show_progress(run.progress)
        if run.curves.follow(run.folder):
            self.show_curves(run.curves)
            paths = run.pictures()
            self.caption.setVisible(bool(paths))
            self._pictures.show_files(paths)

    def show_progress(self, progress: Progress) -> None:
        """Show the stage, its share and the time left."""
        self.stage.setText(f"{progress.words}…" if progress.words not in ("Paused", "Done") else progress.words)
        self.bar.setValue(round(_STEPS * progress.share))
        self.time_left.setText("" if progress.seconds_left is None else f"{in_words(progress.seconds_left)} left")
        self._is_paused = progress.is_paused
        self.pause_button.setText("&Continue" if progress.is_paused else "&Pause")

    def show_curves(self, curves: Curves) -> None:
        """Draw the curves anew."""
        self._loss.draw(curves.loss)
        self._held_out.draw(curves.held_out)

    def show_stopping(self) -> None:
        """It was asked to stop and will do so in a moment."""
        self.stage.setText("Stopping…")
        self.time_left.setText("")


class _Plot:
    """A small plot in the colours of the theme."""

    def __init__(self, title: str, colour: str, symbol: str | None = None, highest: float | None = None) -> None:
        self.widget, self._symbol = pg.PlotWidget(), symbol
        palette = self.widget.palette()
        ink = palette.windowText().color()
        self.widget.setBackground(palette.base().color())
        self.widget.setMinimumHeight(150)
        self.widget.setTitle(title, color=ink, size="9pt")
        self.widget.setMouseEnabled(x=False, y=False)
        self.widget.hideButtons()
        self.widget.setMenuEnabled(False)
        # Around a single point there would be fewer than no samples, and an IoU above 1.
        self.widget.setLimits(xMin=0, minXRange=_FEWEST, yMin=0, yMax=highest)
        for side in ("left", "bottom"):
            axis = self.widget.getAxis(side)
            axis.setPen(ink)
            axis.setTextPen(ink)
            axis.enableAutoSIPrefix(False)
        self.widget.setLabel("bottom", "samples")
        self._curve = self.widget.plot(
            [], [], pen=pg.mkPen(colour, width=2), symbol=symbol, symbolBrush=colour, symbolPen=None, symbolSize=7
        )

    def draw(self, points: Sequence[tuple[int, float]]) -> None:
        """Draw (samples, value) pairs."""
        # No line goes through a single point.
        symbol = "o" if len(points) == 1 else self._symbol
        self._curve.setData([float(x) for x, _ in points], [y for _, y in points], symbol=symbol)


def in_words(seconds: float) -> str:
    """Say a time as people do: `40 s`, `3 min`, `1 h 20 min`."""
    if seconds < _SIXTY:
        return f"{max(1, round(seconds))} s"
    hours, minutes = divmod(round(seconds / _SIXTY), _SIXTY)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

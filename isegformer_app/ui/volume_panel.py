"""The panel of a volume: which planes, which grey window, which colours, and what the model sees."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QHBoxLayout, QLabel, QToolButton, QWidget

from isegformer_app.document.normalisation import DISPLAY
from isegformer_app.document.windowing import Window, level_width, of_level_width

from .choice_box import ChoiceBox
from .colour_maps import COLOUR_MAPS

_FARTHEST = 1e9
_OWN = "own"


class VolumePanel(QWidget):
    """Shown for volumes only. Level and width can be typed."""

    window_named = Signal(str)
    window_typed = Signal(object)
    colours_chosen = Signal(str)
    network_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("volumePanel")
        self._planes = QHBoxLayout()
        self._planes.setSpacing(2)
        self.named, self.colours, self.network = ChoiceBox(), ChoiceBox(), ChoiceBox()
        self.level, self.width_field = self._number("Level"), self._number("Width")
        for name, words in COLOUR_MAPS.items():
            self.colours.addItem(words, name)
        self.network.setToolTip(
            "The values that the model gets as black and white. Fixed, so that masks do not depend on the display"
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 4, 8, 4)
        grid.setColumnStretch(1, 1)
        grid.addLayout(self._planes, 0, 0, 1, 3)
        values = QHBoxLayout()
        values.addWidget(self.level)
        values.addWidget(self.width_field)
        rows = (("Window", self.named), ("Colours", self.colours), ("Model sees", self.network))
        for row, (words, field) in enumerate(rows, start=1):
            label = QLabel(words)
            label.setBuddy(field)
            field.setAccessibleName(words)
            grid.addWidget(label, 2 * row, 0)
            grid.addWidget(field, 2 * row, 1, 1, 2)
        grid.addWidget(QLabel("Level, width"), 3, 0)
        grid.addLayout(values, 3, 1, 1, 2)
        self.named.activated.connect(lambda _place: self.window_named.emit(self.named.currentData()))
        self.colours.activated.connect(lambda _place: self.colours_chosen.emit(self.colours.currentData()))
        self.network.activated.connect(lambda _place: self.network_chosen.emit(self.network.currentData()))
        for number in (self.level, self.width_field):
            number.editingFinished.connect(self._typed)

    def add_buttons(self, actions: Iterable[QAction]) -> None:
        """Put the planes to choose from at the head."""
        for action in actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self._planes.addWidget(button)
        self._planes.addStretch(1)

    def offer(self, windows: Mapping[str, Window]) -> None:
        """Offer other windows to choose from."""
        for choice in (self.named, self.network):
            choice.clear()
            for name in windows:
                choice.addItem(name.capitalize(), name)
        self.named.addItem("Own", _OWN)
        self.network.addItem("As displayed", DISPLAY)
        for field in (self.named, self.level, self.width_field, self.colours, self.network):
            field.setEnabled(bool(windows))

    def show_window(self, window: Window | None, windows: Mapping[str, Window]) -> None:
        """Show the present window."""
        if window is None:
            return
        name = next((each for each, known in windows.items() if known == window), _OWN)
        self.named.setCurrentIndex(self.named.findData(name))
        level, width = level_width(window)
        for field, value in ((self.level, level), (self.width_field, width)):
            with QSignalBlocker(field):
                field.setDecimals(_decimals(width))
                field.setValue(value)

    def show_choices(self, colours: str, network: str) -> None:
        """Show the present colours, and the name of what the network sees."""
        self.colours.setCurrentIndex(self.colours.findData(colours))
        place = self.network.findData(network)
        if place < 0 and network:
            self.network.addItem(network.capitalize(), network)
            place = self.network.count() - 1
        self.network.setCurrentIndex(place)

    def _typed(self) -> None:
        width = self.width_field.value()
        if width:
            self.window_typed.emit(of_level_width(self.level.value(), width))

    def _number(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(-_FARTHEST, _FARTHEST)
        field.setKeyboardTracking(False)
        field.setAccessibleName(name)
        field.setToolTip(name)
        field.setMinimumWidth(70)
        return field


def _decimals(width: float) -> int:
    """Digits after the point that tell two levels of a window apart."""
    steps = ((10.0, 0), (1.0, 1), (0.1, 2))
    return next((digits for least, digits in steps if abs(width) >= least), 4)

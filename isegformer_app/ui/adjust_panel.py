"""Sliders and choices: how sure a pixel must be, how the overlay looks, how large the brush is."""

from math import exp, log

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from isegformer_app.document import OverlapRule

from .choice_box import ChoiceBox

OVERLAY_STYLES = ("both", "fill", "outline")
_STYLE_WORDS = {"both": "Fill and outline", "fill": "Fill", "outline": "Outline"}
_RULE_WORDS = {
    OverlapRule.KEEP: "Keep existing objects",
    OverlapRule.OVERWRITE: "Overwrite others",
    OverlapRule.ALLOW: "Allow overlap",
}
_BRUSH_STEPS = 100
_BRUSH_LEAST, _BRUSH_MOST = 0.5, 500.0


class AdjustPanel(QWidget):
    """What can be turned while looking at the photo."""

    threshold_changed = Signal(float)
    opacity_changed = Signal(float)
    style_changed = Signal(str)
    rule_changed = Signal(object)
    brush_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(8, 4, 8, 8)
        self._grid.setColumnStretch(1, 1)
        self.threshold, self._threshold_text = self._slider("Threshold", 5, 95)
        self.threshold.setToolTip("Probability a pixel needs to belong to the object: lower makes the mask larger")
        self.opacity, self._opacity_text = self._slider("Opacity", 0, 100)
        self.opacity.setToolTip("Of the overlay's fill (Alt+wheel over the photo)")
        self.brush, self._brush_text = self._slider("Brush", 0, _BRUSH_STEPS)
        self.brush.setToolTip("Radius in pixels of the photo ([ and ], or Shift+wheel over the photo)")
        self.style_choice = self._choice("Overlay", [(_STYLE_WORDS[each], each) for each in OVERLAY_STYLES])
        self.rule_choice = self._choice("Overlap", [(words, rule.value) for rule, words in _RULE_WORDS.items()])
        self.rule_choice.setToolTip(
            "What happens where a new mask meets other objects; where objects overlap, the newest is seen"
        )
        self.threshold.valueChanged.connect(self._threshold_turned)
        self.opacity.valueChanged.connect(self._opacity_turned)
        self.brush.valueChanged.connect(self._brush_turned)
        self.style_choice.activated.connect(lambda _place: self.style_changed.emit(self.style_choice.currentData()))
        self.rule_choice.activated.connect(self._rule_picked)

    def show_threshold(self, value: float) -> None:
        """Show a probability."""
        self._show(self.threshold, round(value * 100))
        self._threshold_text.setText(f"{value:.2f}")

    def show_opacity(self, value: float) -> None:
        """Show an opacity, 0 to 1."""
        self._show(self.opacity, round(value * 100))
        self._opacity_text.setText(f"{value * 100:.0f} %")

    def show_brush(self, radius: float) -> None:
        """Show a radius in pixels."""
        self._show(self.brush, _brush_step(radius))
        self._brush_text.setText(f"{radius:.1f} px" if radius < 10 else f"{radius:.0f} px")  # noqa: PLR2004

    def show_style(self, style: str) -> None:
        """Show the style of the overlay."""
        self.style_choice.setCurrentIndex(self.style_choice.findData(style))

    def show_rule(self, rule: OverlapRule) -> None:
        """Show the overlap rule."""
        self.rule_choice.setCurrentIndex(self.rule_choice.findData(rule.value))

    def _slider(self, title: str, low: int, high: int) -> tuple[QSlider, QLabel]:
        slider, text = QSlider(Qt.Orientation.Horizontal), QLabel()
        slider.setRange(low, high)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.setAccessibleName(title)
        text.setMinimumWidth(48)
        text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(title), row, 0)
        self._grid.addWidget(slider, row, 1)
        self._grid.addWidget(text, row, 2)
        return slider, text

    def _choice(self, title: str, options: list[tuple[str, str]]) -> ChoiceBox:
        choice = ChoiceBox()
        choice.setAccessibleName(title)
        for words, data in options:
            choice.addItem(words, data)
        row = self._grid.rowCount()
        self._grid.addWidget(QLabel(title), row, 0)
        self._grid.addWidget(choice, row, 1, 1, 2)
        return choice

    @staticmethod
    def _show(slider: QSlider, value: int) -> None:
        with QSignalBlocker(slider):
            slider.setValue(value)

    def _threshold_turned(self, value: int) -> None:
        self._threshold_text.setText(f"{value / 100:.2f}")
        self.threshold_changed.emit(value / 100)

    def _opacity_turned(self, value: int) -> None:
        self._opacity_text.setText(f"{value} %")
        self.opacity_changed.emit(value / 100)

    def _brush_turned(self, step: int) -> None:
        radius = _brush_radius(step)
        self.show_brush(radius)
        self.brush_changed.emit(radius)

    def _rule_picked(self) -> None:
        self.rule_changed.emit(OverlapRule(self.rule_choice.currentData()))


def limited_brush(radius: float) -> float:
    """Keep a radius within what the slider can show."""
    return min(max(radius, _BRUSH_LEAST), _BRUSH_MOST)


def _brush_radius(step: int) -> float:
    """Radius of a slider step: each step is the same factor, so that small brushes can be set finely."""
    return exp(log(_BRUSH_LEAST) + step / _BRUSH_STEPS * log(_BRUSH_MOST / _BRUSH_LEAST))


def _brush_step(radius: float) -> int:
    return round(log(limited_brush(radius) / _BRUSH_LEAST) / log(_BRUSH_MOST / _BRUSH_LEAST) * _BRUSH_STEPS)

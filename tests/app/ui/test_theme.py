"""Both themes can be read: the contrast that WCAG asks for, 4.5 to 1."""

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from isegformer_app.ui.theme import apply_theme

Role = QPalette.ColorRole
PAIRS = [
    (Role.WindowText, Role.Window),
    (Role.Text, Role.Base),
    (Role.Text, Role.AlternateBase),
    (Role.ButtonText, Role.Button),
    (Role.ToolTipText, Role.ToolTipBase),
    (Role.PlaceholderText, Role.Base),
    (Role.HighlightedText, Role.Highlight),
    (Role.Link, Role.Window),
]


def luminance(colour: QColor) -> float:
    """Relative luminance of sRGB, 0 to 1."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_words_stand_out_from_what_they_stand_on(qapp: QApplication, theme: str, ink: Role, paper: Role) -> None:
    before, rules = qapp.palette(), qapp.styleSheet()
    apply_theme(qapp, theme)
    dark, bright = sorted(luminance(qapp.palette().color(role)) for role in (ink, paper))
    qapp.setPalette(before)
    qapp.setStyleSheet(rules)
    assert (bright + 0.05) / (dark + 0.05) >= 4.5

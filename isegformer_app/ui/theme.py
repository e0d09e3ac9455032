"""Light and dark: palettes for Qt's Fusion style and a few rules on top of them."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

THEMES = ("system", "light", "dark")

_LIGHT = {
    QPalette.ColorRole.Window: "#f3f4f6",
    QPalette.ColorRole.WindowText: "#1b1f24",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#f6f7f9",
    QPalette.ColorRole.Text: "#1b1f24",
    QPalette.ColorRole.Button: "#e9ebee",
    QPalette.ColorRole.ButtonText: "#1b1f24",
    QPalette.ColorRole.ToolTipBase: "#ffffff",
    QPalette.ColorRole.ToolTipText: "#1b1f24",
    QPalette.ColorRole.PlaceholderText: "#6b7480",
    QPalette.ColorRole.Highlight: "#0b66c3",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Link: "#0b66c3",
}
_DARK = {
    QPalette.ColorRole.Window: "#22252a",
    QPalette.ColorRole.WindowText: "#e4e7eb",
    QPalette.ColorRole.Base: "#1a1c20",
    QPalette.ColorRole.AlternateBase: "#202327",
    QPalette.ColorRole.Text: "#e4e7eb",
    QPalette.ColorRole.Button: "#2f333a",
    QPalette.ColorRole.ButtonText: "#e4e7eb",
    QPalette.ColorRole.ToolTipBase: "#2f333a",
    QPalette.ColorRole.ToolTipText: "#e4e7eb",
    QPalette.ColorRole.PlaceholderText: "#8b939e",
    QPalette.ColorRole.Highlight: "#2775c9",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Link: "#6cb0ff",
}
_FADED = {"light": "#9aa1ab", "dark": "#666d77"}
_TEXTS = (
    QPalette.ColorRole.WindowText,
    QPalette.ColorRole.Text,
    QPalette.ColorRole.ButtonText,
    QPalette.ColorRole.HighlightedText,
)

_RULES = """
QToolBar {{ border: 0; border-bottom: 1px solid {line}; padding: 3px 6px; spacing: 2px; }}
QToolBar::separator {{ background: {line}; width: 1px; margin: 4px 6px; }}
QStatusBar {{ border-top: 1px solid {line}; }}
QStatusBar::item {{ border: 0; }}
QStatusBar QLabel {{ padding: 1px 6px; color: {faint}; }}
QDockWidget::title {{ padding: 6px 8px; font-weight: 600; }}
QRadioButton::indicator:unchecked, QCheckBox::indicator:unchecked {{
    border: 1px solid #8b939e; background: palette(base); width: 12px; height: 12px;
}}
QRadioButton::indicator:unchecked {{ border-radius: 7px; }}
QCheckBox::indicator:unchecked {{ border-radius: 2px; }}
QRadioButton::indicator:unchecked:disabled, QCheckBox::indicator:unchecked:disabled {{ border-color: {line}; }}
#messageBar {{ border: 1px solid {line}; border-radius: 6px; }}
#messageBar[kind="problem"] {{ background: {alarm}; }}
#messageBar[kind="notice"], #messageBar[kind="progress"] {{ background: {hint}; }}
#emptyState QPushButton {{ padding: 7px 16px; font-size: 14px; }}
#emptyState {{ background: {canvas}; }}
#emptyTitle {{ color: #eceff3; font-size: 22px; font-weight: 600; }}
#emptyHint {{ color: #b9c0ca; font-size: 14px; }}
#sectionTitle {{ font-weight: 600; padding-top: 6px; }}
#faint {{ color: {faint}; }}
#trouble {{ background: {alarm}; border: 1px solid {line}; border-radius: 6px; padding: 6px 8px; }}
#volumePanel QToolButton {{ padding: 3px 8px; }}
#volumePanel QToolButton:checked {{ background: palette(highlight); color: palette(highlighted-text); }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QToolTip {{ border: 1px solid {line}; padding: 4px; }}
"""
_SHADES = {
    "light": {"line": "#d3d7dd", "faint": "#4d5661", "alarm": "#fde3e1", "hint": "#e2eefc", "canvas": "#26282c"},
    "dark": {"line": "#383d45", "faint": "#b0b7c1", "alarm": "#5a2b2b", "hint": "#263a52", "canvas": "#16181b"},
}


def resolve(theme: str) -> str:
    """`light` or `dark`, after the system where it is to be followed."""
    if theme in {"light", "dark"}:
        return theme
    return "dark" if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else "light"


def apply_theme(app: QApplication, theme: str) -> None:
    """Dress the application; `theme` is one of `THEMES`."""
    kind = resolve(theme)
    palette = QPalette()
    for role, colour in (_DARK if kind == "dark" else _LIGHT).items():
        palette.setColor(role, QColor(colour))
    for role in _TEXTS:
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(_FADED[kind]))
    app.setPalette(palette)
    app.setStyleSheet(_RULES.format(**_SHADES[kind]))

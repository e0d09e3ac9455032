"""Grey windows: which values of a volume are shown as black and as white."""

Window = tuple[float, float]
"""The value shown as black and the one shown as white; the first is the greater where a negative is shown."""

PRESETS: dict[str, Window] = {
    "lung": (-1350.0, 150.0),
    "bone": (-500.0, 1300.0),
    "liver": (-45.0, 105.0),
    "brain": (0.0, 80.0),
    "soft tissue": (-160.0, 240.0),
}
"""For CT, in HU."""

_DRAG = 400.0
"""Logical pixels that double a window or move it by its width."""

_NARROWEST = 1e-6


def level_width(window: Window) -> tuple[float, float]:
    """Middle and width, the way radiologists name a window; the width of a negative is below 0."""
    low, high = window
    return (low + high) / 2, high - low


def of_level_width(level: float, width: float) -> Window:
    """Window of a middle and a width."""
    return level - width / 2, level + width / 2


def dragged(window: Window, right: float, down: float, span: float) -> Window:
    """Window after a drag: to the right it widens, downwards its level rises.

    `span` is the width to measure by, so that a narrow window moves no slower than it can be seen.
    """
    level, width = level_width(window)
    sign = -1.0 if width < 0 else 1.0
    step = max(abs(span), abs(width) / 4, _NARROWEST) / _DRAG
    return of_level_width(level + down * step, sign * max(abs(width) + right * step, _NARROWEST))

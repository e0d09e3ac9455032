"""Pictures of an evaluation, drawn by matplotlib without a screen: curves, histogram, the worst cases."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.objects import BoolMask
from .metrics import number_of_clicks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Okabe and Ito's, which colour-blind people can tell apart."""
_DPI = 160
_TRUTH, _FOUND, _POSITIVE, _NEGATIVE = (0, 158, 115), (213, 94, 0), (0, 114, 178), (204, 121, 167)
_SHEET_SIDE, _SHEET_COLUMNS, _CAPTION, _GAP = 260, 4, 44, 8
_CAPTION_LETTERS = 34
_LEGEND = (("truth", _TRUTH), ("answer", _FOUND), ("click on the object", _POSITIVE), ("click beside it", _NEGATIVE))
_LEGEND_HEIGHT, _LEGEND_WIDTH = 28, 150
_TICKS = (1, 5, 10, 15, 20)


@dataclass(frozen=True)
class Curve:
    """The mean IoU (K,) of a model after 1 .. K clicks, and the interval of it, in [0, 1]."""

    name: str
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Case:
    """One object for the contact sheet: the photo (H, W, 3) uint8, truth and last answer (H, W), the clicks."""

    name: str
    words: str
    image: NDArray[np.uint8]
    truth: BoolMask
    mask: BoolMask
    clicks: Sequence[Click]


def draw_curves(curves: Sequence[Curve], title: str) -> "Figure":
    """Draw the IoU against the number of clicks, a line a model with its 95 % band."""
    figure = _figure()
    axes = figure.add_subplot()
    for place, curve in enumerate(curves):
        colour = _COLOURS[place % len(_COLOURS)]
        clicks = np.arange(1, len(curve.mean) + 1)
        axes.plot(clicks, np.multiply(curve.mean, 100), marker="o", markersize=3, color=colour, label=curve.name)
        low, high = np.multiply(curve.low, 100), np.multiply(curve.high, 100)
        axes.fill_between(clicks, low, high, color=colour, alpha=0.15, linewidth=0)
    for target in (85, 90):
        axes.axhline(target, color="0.6", linewidth=0.8, linestyle=":")
    axes.set(xlabel="clicks", ylabel="mean IoU and its 95 % interval, %", title=title, ylim=(0, 100))
    axes.set_yticks([0, 20, 40, 60, 80, 85, 90, 100])
    axes.set_xticks(_ticks(max(len(curve.mean) for curve in curves)))
    axes.legend(loc="lower right", frameon=False)
    return figure


def draw_histogram(
    ious: Sequence[Sequence[float]], max_clicks: int, title: str, targets: Sequence[int] = (85, 90)
) -> "Figure":
    """Draw how many objects need how many clicks to IoU `targets`, in percent; the last bar holds the failures."""
    from matplotlib.ticker import MaxNLocator

    figure = _figure()
    axes = figure.add_subplot()
    clicks = np.arange(1, max_clicks + 1)
    for place, percent in enumerate(targets):
        counts = [number_of_clicks(curve, percent / 100, max_clicks) for curve in ious]
        bars = np.bincount(counts, minlength=max_clicks + 1)[1:]
        axes.bar(clicks + 0.4 * place - 0.2, bars, width=0.4, color=_COLOURS[place], label=f"to IoU {percent} %")
    axes.set(xlabel="clicks needed", ylabel="objects", title=title)
    ticks = _ticks(max_clicks)
    axes.set_xticks(ticks, [f"≥{count}" if count == max_clicks else str(count) for count in ticks])
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    return figure


def png_of(figure: "Figure") -> bytes:
    """Put a figure into the bytes of a PNG file."""
    stream = BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


def _ticks(max_clicks: int) -> list[int]:
    """Clicks that are labelled; the last one is, and none right beside it."""
    return [*(count for count in _TICKS if count < max_clicks - 1), max_clicks]


def draw_cases(cases: Sequence[Case]) -> NDArray[np.uint8]:
    """Lay the cases out as a contact sheet (H, W, 3) uint8: truth green, answer orange, clicks blue and pink."""
    tiles = [_tile(case) for case in cases]
    blank = np.full((_SHEET_SIDE + _CAPTION, _SHEET_SIDE + _GAP, 3), 255, np.uint8)
    tiles += [blank] * (-len(tiles) % min(_SHEET_COLUMNS, max(1, len(tiles))))
    columns = min(_SHEET_COLUMNS, len(tiles))
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.asarray(np.vstack([_legend(rows[0].shape[1]), *rows]), np.uint8)


def _legend(width: int) -> NDArray[np.uint8]:
    """Say what the colours are, in as many lines as `width` pixels ask for."""
    columns = max(1, width // _LEGEND_WIDTH)
    lines = -(-len(_LEGEND) // columns)
    legend = np.full((_LEGEND_HEIGHT * lines, width, 3), 255, np.uint8)
    for place, (words, colour) in enumerate(_LEGEND):
        x, y = _LEGEND_WIDTH * (place % columns) + 8, _LEGEND_HEIGHT * (place // columns) + 14
        if colour in (_TRUTH, _FOUND):
            cv2.line(legend, (x - 5, y), (x + 5, y), colour, 3 if colour == _TRUTH else 2)
        else:
            cv2.circle(legend, (x, y), 4, colour, cv2.FILLED, cv2.LINE_AA)
        _write(legend, words, (x + 10, y + 4))
    return legend


def curve_of(name: str, summary: Mapping[str, object]) -> Curve:
    """Take the curve of a model out of its summary, as `summary.json` holds it."""
    names: list[str] = []
    while f"miou@{len(names) + 1}" in summary:
        names.append(f"miou@{len(names) + 1}")
    intervals = summary["intervals"]
    if not isinstance(intervals, dict):
        raise TypeError(intervals)
    means = [float(str(summary[each])) for each in names]
    return Curve(name, means, [intervals[each][0] for each in names], [intervals[each][1] for each in names])


def _figure() -> "Figure":
    # Imported here: it takes a while, and only the end of an evaluation needs it.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _tile(case: Case) -> NDArray[np.uint8]:
    """Cut the photo round truth and answer, with a margin, and draw outlines, clicks and a caption."""
    left, top, width, height = cv2.boundingRect((case.truth | case.mask).view(np.uint8))
    margin = max(8, max(width, height) // 5)
    rows = slice(max(0, top - margin), top + height + margin)
    cols = slice(max(0, left - margin), left + width + margin)
    cut = case.image[rows, cols]
    scale = _SHEET_SIDE / max(cut.shape[:2])
    size = (max(1, round(cut.shape[1] * scale)), max(1, round(cut.shape[0] * scale)))
    shown = np.ascontiguousarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
    # The thin outline on the broad one: where both run together, both are seen.
    for mask, colour, thickness in ((case.truth, _TRUTH, 4), (case.mask, _FOUND, 2)):
        small = cv2.resize(mask[rows, cols].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        outlines, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(shown, outlines, -1, colour, thickness)
    for click in case.clicks:
        place = round((click.col - cols.start + 0.5) * scale), round((click.row - rows.start + 0.5) * scale)
        cv2.circle(shown, place, 4, (255, 255, 255), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(shown, place, 3, _POSITIVE if click.is_positive else _NEGATIVE, cv2.FILLED, cv2.LINE_AA)
    tile = np.full((_SHEET_SIDE + _CAPTION, _SHEET_SIDE + _GAP, 3), 255, np.uint8)
    tile[: size[1], : size[0]] = shown
    for line, text in enumerate((case.name, case.words)):
        words = text if len(text) <= _CAPTION_LETTERS else f"...{text[3 - _CAPTION_LETTERS :]}"
        _write(tile, words, (2, _SHEET_SIDE + 14 + 16 * line))
    return tile


def _write(canvas: NDArray[np.uint8], words: str, place: tuple[int, int]) -> None:
    cv2.putText(canvas, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA)

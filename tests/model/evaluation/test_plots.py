"""What the pictures of an evaluation show is what its tables and its summary say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.clicks import Click
from model.evaluation.plots import Case, Curve, draw_cases, draw_curves, draw_histogram, png_of
from model.evaluation.protocol import ProtocolSettings
from model.evaluation.summary import CURVES_FILE, HISTOGRAM_FILE, figures_of, summary_of, tables_of
from tests.model.conftest import Dataset

from .test_run import DATASET, Disk, evaluation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREEN, ORANGE, BLUE, PINK, WHITE = (0, 158, 115), (213, 94, 0), (0, 114, 178), (204, 121, 167), (255, 255, 255)


class Squares(Disk):
    """Answers a square round each click: of blocks of about its size some are found at once, others never."""

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        rows, cols = np.indices(self._size)
        answer = np.zeros(self._size, np.float32)
        for click in clicks:
            distance = np.maximum(abs(rows - click.row), abs(cols - click.col))
            answer[distance <= (9 if click.is_positive else 1)] = click.is_positive
        return answer


@pytest.fixture
def measured(dataset: Dataset) -> tuple[dict[str, Any], str, dict[str, "Figure"]]:
    """Summary, tables and figures of an evaluation of six objects, some of which are never reached."""
    asked = evaluation(dataset("a", 3), None, ProtocolSettings(max_clicks=6))
    outcome = asked.run(Squares())
    summary = summary_of(asked, outcome, DATASET)
    return summary, tables_of(asked, outcome, DATASET), figures_of(asked, outcome, summary)


def only(figure: "Figure") -> "Axes":
    (axes,) = figure.axes
    return axes


def legend(axes: "Axes") -> list[str]:
    found = axes.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def test_the_curve_is_the_table(measured: tuple[dict[str, Any], str, dict[str, "Figure"]]) -> None:
    summary, tables, figures = measured
    axes = only(figures[CURVES_FILE])
    line = axes.get_lines()[0]
    clicks, ious = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    assert clicks.tolist() == [1, 2, 3, 4, 5, 6]
    assert ious == pytest.approx([100 * summary[f"miou@{count}"] for count in range(1, 7)])
    head, _, row = (tables.splitlines()[place].split("|") for place in range(3))
    for count in (1, 3, 5):
        place = next(place for place, words in enumerate(head) if words.strip() == f"IoU@{count}")
        assert float(row[place].split()[0]) == pytest.approx(ious[count - 1], abs=0.06)
    assert line.get_label() == "d"
    assert legend(axes) == ["d"]
    assert axes.get_title() == "blocks, 6 objects"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("clicks", "mean IoU and its 95 % interval, %")
    assert axes.get_ylim() == (0, 100)
    assert [each.get_ydata() for each in axes.get_lines()[1:]] == [[85, 85], [90, 90]]


def test_the_band_is_the_interval(measured: tuple[dict[str, Any], str, dict[str, "Figure"]]) -> None:
    summary, _, figures = measured
    (band,) = only(figures[CURVES_FILE]).collections
    corners = np.asarray(band.get_paths()[0].vertices)
    for count in range(1, 7):
        low, high = summary["intervals"][f"miou@{count}"]
        heights = corners[corners[:, 0] == count, 1]
        assert (heights.min(), heights.max()) == pytest.approx((100 * low, 100 * high))


def test_the_bars_count_the_objects_and_the_last_one_the_failures(
    measured: tuple[dict[str, Any], str, dict[str, "Figure"]],
) -> None:
    summary, _, figures = measured
    axes = only(figures[HISTOGRAM_FILE])
    assert legend(axes) == ["to IoU 85 %", "to IoU 90 %"]
    assert 0 < summary["failures@85"] < summary["failures@90"] < 6
    for percent, bars in zip((85, 90), axes.containers, strict=True):
        heights = [bar.get_height() for bar in bars]
        assert sum(heights) == summary["objects"]
        assert heights[-1] == summary[f"failures@{percent}"]
        mean = sum(clicks * height for clicks, height in enumerate(heights, start=1)) / summary["objects"]
        assert mean == pytest.approx(summary[f"noc@{percent}"])
        middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        assert middles == pytest.approx([count - 0.2 + 0.4 * (percent == 90) for count in range(1, 7)])
    assert axes.get_xticklabels()[-1].get_text() == "≥6"
    assert axes.get_title() == "d on blocks, 6 objects"


def test_every_model_has_a_line_a_band_and_a_colour_of_its_own() -> None:
    curves = [Curve(name, [0.5, value], [0.4, 0.5], [0.6, 0.9]) for name, value in (("ours", 0.8), ("theirs", 0.7))]
    axes = only(draw_curves(curves, "two"))
    lines = axes.get_lines()[:2]
    assert [np.asarray(line.get_ydata())[-1] for line in lines] == pytest.approx([80, 70])
    assert legend(axes) == ["ours", "theirs"]
    assert len({line.get_color() for line in lines}) == 2
    assert len(axes.collections) == 2


def test_a_curve_that_ends_early_counts_as_unreached() -> None:
    axes = only(draw_histogram([[0.5, 0.86], [0.2, 0.3], [0.95]], 4, "three", [85]))
    assert [bar.get_height() for bar in axes.containers[0]] == [1, 1, 0, 1]


def test_what_was_drawn_is_in_the_file() -> None:
    figure = draw_curves([Curve("ours", [0.5, 0.8], [0.4, 0.7], [0.6, 0.9])], "one")
    picture = cv2.imdecode(np.frombuffer(png_of(figure), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture is not None
    assert picture.shape == (720, 1120, 3)
    assert (picture == (0, 114, 178)).all(axis=2).any()  # the line, in the first colour


def colours_in(picture: NDArray[np.uint8]) -> set[tuple[int, ...]]:
    return {tuple(each) for each in np.unique(picture.reshape(-1, 3), axis=0).tolist()}


def test_the_sheet_shows_truth_answer_and_clicks_where_they_are() -> None:
    image, truth, mask = np.zeros((100, 100, 3), np.uint8), *np.zeros((2, 100, 100), np.bool_)
    truth[20:60, 20:60] = True
    mask[40:80, 40:80] = True
    clicks = [Click(30, 30, is_positive=True), Click(70, 70, is_positive=False)]
    sheet = draw_cases([Case("a/0/1", "IoU 0.143", image, truth, mask, clicks)])
    # The cut: rows and columns 20 to 80 with 12 pixels round them, 84 pixels on 260.
    scale, top = 260 / 84, sheet.shape[0] - 260 - 44

    def at(row: float, col: float) -> tuple[int, ...]:
        return tuple(sheet[top + round((row - 8) * scale), round((col - 8) * scale)].tolist())

    assert at(20.5, 30) == at(30, 20.5) == GREEN
    assert at(79.5, 70) == at(70, 79.5) == ORANGE
    assert at(30.5, 30.5) == BLUE
    assert at(70.5, 70.5) == PINK
    assert at(10, 10) == (0, 0, 0)
    assert {GREEN, ORANGE, BLUE, PINK} <= colours_in(sheet[:top])
    caption = sheet[top + 260 :]
    assert (caption < 128).any()
    assert WHITE in colours_in(caption)


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (4, (1, 4)), (5, (2, 4))])
def test_the_sheet_has_a_place_for_each_case(count: int, shape: tuple[int, int]) -> None:
    image, mask = np.full((40, 40, 3), 99, np.uint8), np.ones((40, 40), np.bool_)
    sheet = draw_cases([Case(str(place), "", image, mask, mask, ()) for place in range(count)])
    assert sheet.shape[1] == shape[1] * 268
    assert (sheet.shape[0] - 304 * shape[0]) % 28 == 0
    grey = (sheet == 99).all(axis=2)
    tiles = grey[-304 * shape[0] :].reshape(shape[0], 304, shape[1], 268).any(axis=(1, 3))
    assert tiles.sum() == count

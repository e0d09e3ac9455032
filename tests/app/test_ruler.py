"""Measuring by hand: in all planes, on photos, with ends that move, and without a trace in the document."""

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.document import Ruler, SliceKey, Tool
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.canvas import Canvas

from .conftest import Hands, Start
from .volumes import NO_KEYS, SHAPE, SPACING, click, move, point, turn, write_volume

Left = Qt.MouseButton.LeftButton


def drag(canvas: Canvas, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(canvas.viewport(), Left, NO_KEYS, start)
    move(canvas, start + (end - start) / 2, held=Left)
    move(canvas, end, held=Left)
    QTest.mouseRelease(canvas.viewport(), Left, NO_KEYS, end)


def measure(canvas: Canvas, start: tuple[float, float], end: tuple[float, float]) -> None:
    drag(canvas, point(canvas, *start), point(canvas, *end))


def only(canvas: Canvas) -> Ruler:
    (ruler,) = canvas.ruler.rulers
    return ruler


def tool(hands: Hands) -> Tool:
    return hands.photo.viewpoint.tool


@pytest.fixture
def volume(start: Start, tmp_path: Path) -> Hands:
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    hands.do("axial")
    hands.do("ruler")
    return hands


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_plane_is_measured_in_millimetres(volume: Hands, axis: int) -> None:
    volume.do("three_planes")
    canvas = volume.window.planes.panes[axis].canvas
    down, across = (SPACING[each] for each in range(3) if each != axis)
    measure(canvas, (5, 5), (15, 5))
    assert canvas.ruler.words_of(only(canvas)).endswith(" mm")
    view = canvas.geometry_of_view
    assert view is not None
    near = 2 * max(down, across) / min(view.scales)
    assert float(canvas.ruler.words_of(only(canvas)).split()[0]) == pytest.approx(10 * down, abs=near)
    other = volume.window.planes.panes[(axis + 1) % 3].canvas
    assert other.ruler.rulers == ()


def test_measuring_in_another_plane_leaves_the_open_object_alone(volume: Hands) -> None:
    volume.do("three_planes")
    volume.do("points")
    click(volume, 0, 10, 10)
    volume.do("ruler")
    measure(volume.window.planes.panes[1].canvas, (4, 5), (12, 20))
    assert volume.photo.viewpoint.key.axis == 0
    assert volume.clicks == [(10, 10, True)]
    assert volume.photo.annotation.history.undo_title == "Add click"


def test_ruler_stays_on_its_slice_and_in_no_undo(volume: Hands) -> None:
    canvas, middle = volume.window.canvas, SHAPE[0] // 2
    measure(canvas, (5, 5), (20, 15))
    assert volume.photo.annotation.history.undo_title is None
    assert not volume.photo.annotation.is_dirty
    turn(canvas, 1)
    assert canvas.ruler.rulers == ()
    turn(canvas, -1)
    assert canvas.ruler.rulers == volume.photo.viewpoint.rulers[SliceKey(0, middle)]
    only(canvas)


def test_ends_are_moved_and_several_lines_stay(volume: Hands) -> None:
    canvas = volume.window.canvas
    measure(canvas, (5, 5), (20, 5))
    measure(canvas, (5, 15), (20, 15))
    first, second = canvas.ruler.rulers
    drag(canvas, point(canvas, *second.end), point(canvas, 30, 20))
    assert canvas.ruler.rulers[0] == first
    assert canvas.ruler.rulers[1].start == second.start
    assert canvas.ruler.rulers[1].end == pytest.approx((30, 20), abs=0.2)


def test_lines_are_removed_one_by_one_and_all_at_once(volume: Hands) -> None:
    canvas = volume.window.canvas
    for col in (5, 12, 20):
        measure(canvas, (5, col), (25, col))
    first, second, third = canvas.ruler.rulers
    move(canvas, point(canvas, *second.start))
    volume.press(Qt.Key.Key_Delete)
    assert list(canvas.ruler.rulers) == [first, third]
    volume.press(Qt.Key.Key_Backspace)
    assert only(canvas) == first
    volume.do("clear_rulers")
    assert not canvas.ruler.rulers
    assert volume.photo.viewpoint.rulers == {}


def test_escape_puts_the_line_back_and_then_the_ruler_away(volume: Hands) -> None:
    canvas = volume.window.canvas
    volume.do("brush")
    volume.press(Qt.Key.Key_M)
    assert tool(volume) is Tool.RULER
    measure(canvas, (5, 5), (25, 5))
    kept = canvas.ruler.rulers
    QTest.mousePress(canvas.viewport(), Left, NO_KEYS, point(canvas, 5, 15))
    move(canvas, point(canvas, 30, 15), held=Left)
    volume.press(Qt.Key.Key_Escape)
    assert canvas.ruler.rulers == kept
    QTest.mouseRelease(canvas.viewport(), Left, NO_KEYS, point(canvas, 30, 15))
    volume.press(Qt.Key.Key_Escape)
    assert tool(volume) is Tool.BRUSH
    assert canvas.ruler.rulers == kept


def test_click_without_a_drag_measures_nothing(volume: Hands) -> None:
    canvas = volume.window.canvas
    QTest.mouseClick(canvas.viewport(), Left, NO_KEYS, point(canvas, 10, 10))
    assert canvas.ruler.rulers == ()
    assert volume.photo.annotation.objects == ()


def test_photo_is_measured_in_pixels_and_no_further_than_its_edge(cat: Hands) -> None:
    canvas = cat.window.canvas
    cat.do("ruler")
    measure(canvas, (100, 50), (100, 150))
    length, unit = canvas.ruler.words_of(only(canvas)).split()
    assert float(length) == pytest.approx(100, abs=1)
    assert unit == "px"
    rows, cols = cat.photo.annotation.shape[1:]
    canvas.ruler.show(())
    drag(canvas, cat.at(100, 50), QPoint(canvas.width() - 1, canvas.height() - 1))
    end = only(canvas).end
    assert end[0] <= rows - 0.5
    assert end[1] <= cols - 0.5


def test_length_of_a_line_that_is_out_of_sight_is_not_written(cat: Hands) -> None:
    cat.do("ruler")
    canvas = cat.window.canvas
    drag(canvas, cat.at(250, 30), cat.at(250, 60))
    cat.do("points")
    canvas.zoom(20, QPointF(cat.at(50, 400)))
    QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
    shown = canvas.grab().toImage()
    cat.do("clear_rulers")
    assert canvas.grab().toImage() == shown

"""Volumes in the window: slices, planes, grey windows, and clicks in all of them."""

import threading
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from isegformer_app.document import SliceKey
from isegformer_app.files.volumes import FirstSlice, NamedWindow
from isegformer_app.inference import FakeEngine

from .conftest import Hands, Start
from .volumes import NO_KEYS, SHAPE, SPACING, click, move, point, turn, values, write_volume

Shift, Control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def volume(start: Start, tmp_path: Path) -> Hands:
    """The window with a volume on its middle axial slice."""
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    hands.window.actions_by_name["axial"].trigger()
    hands.window.message_bar.clear()
    return hands


def index(hands: Hands) -> int:
    return hands.photo.viewpoint.key.index


def test_volume_opens_in_the_patients_order(volume: Hands) -> None:
    assert volume.photo.volume.shape == SHAPE
    np.testing.assert_array_equal(volume.photo.volume.array, values()[..., 0])
    assert volume.photo.viewpoint.key.index == SHAPE[volume.photo.viewpoint.key.axis] // 2
    assert volume.window.volumes.panel.isVisible()


def test_first_volume_ever_says_that_this_is_no_medical_device(start: Start, tmp_path: Path) -> None:
    first = start(write_volume(tmp_path / "volume.nii"))
    first.wait_until(lambda: "never for a diagnosis" in first.window.message_bar.text)
    first.window.close()
    again = start(tmp_path / "volume.nii")
    again.wait_for_photo()
    assert "diagnosis" not in again.window.message_bar.text


def test_wheel_and_keys_turn_slices_and_shift_skips_five(volume: Hands) -> None:
    canvas, middle = volume.window.canvas, SHAPE[0] // 2
    turn(canvas, 1)
    assert index(volume) == middle + 1
    volume.press(Qt.Key.Key_PageUp)
    volume.press(Qt.Key.Key_Up)
    assert index(volume) == middle - 1
    volume.press(Qt.Key.Key_PageDown, Shift)
    assert index(volume) == middle + 4
    for _ in range(9):
        volume.press(Qt.Key.Key_Down, Shift)
    assert index(volume) == SHAPE[0] - 1


def test_wheel_with_control_zooms(volume: Hands) -> None:
    before = volume.window.canvas.geometry_of_view
    turn(volume.window.canvas, -1, Control)
    after = volume.window.canvas.geometry_of_view
    assert before is not None
    assert after is not None
    assert after.scale > before.scale
    assert index(volume) == SHAPE[0] // 2


def test_clicks_belong_to_their_slice_and_masks_stay_behind(volume: Hands) -> None:
    click(volume, 0, 10, 10)
    turn(volume.window.canvas, 1)
    assert volume.clicks == []
    click(volume, 0, 20, 15)
    turn(volume.window.canvas, -1)
    assert volume.clicks == [(10, 10, True)]
    annotation, middle = volume.photo.annotation, SHAPE[0] // 2
    assert len(annotation.objects) == 1
    assert annotation.mask(1, SliceKey(0, middle))[10, 10]
    assert annotation.mask(1, SliceKey(0, middle + 1))[20, 15]
    assert not annotation.mask(1, SliceKey(0, middle + 1))[10, 10]


def test_slice_that_is_left_before_its_mask_is_there_gets_it_all_the_same(start: Start, tmp_path: Path) -> None:
    gate = threading.Event()
    hands = start(write_volume(tmp_path / "volume.nii"), engine=FakeEngine(radius=4, script=[gate]))
    hands.wait_for_photo()
    hands.window.actions_by_name["axial"].trigger()
    canvas, key = hands.window.canvas, hands.photo.viewpoint.key
    QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, NO_KEYS, point(canvas, 10, 10))
    turn(canvas, 3)
    assert not hands.photo.annotation.mask(1, key).any()
    gate.set()
    hands.wait_until(lambda: bool(hands.photo.annotation.mask(1, key)[10, 10]))
    assert index(hands) == key.index + 3


def test_undo_goes_back_to_the_slice_that_it_changes(volume: Hands) -> None:
    click(volume, 0, 10, 10)
    volume.press(Qt.Key.Key_Space)
    turn(volume.window.canvas, 5)
    volume.do("undo")
    assert index(volume) == SHAPE[0] // 2
    assert volume.clicks == [(10, 10, True)]
    assert volume.preview_area > 0


def test_planes_show_pixels_square_in_millimetres_and_letters_of_the_patient(volume: Hands) -> None:
    letters = {0: ("A", "P", "R", "L"), 1: ("S", "I", "R", "L"), 2: ("S", "I", "A", "P")}
    volume.do("three_planes")
    for pane in volume.window.planes.panes:
        down, across = (SPACING[axis] for axis in range(3) if axis != pane.axis)
        view = pane.canvas.geometry_of_view
        assert view is not None
        assert pane.canvas.isVisible()
        assert view.scales[0] / view.scales[1] == pytest.approx(down / across)
        assert pane._marks.letters == letters[pane.axis]
        assert pane._marks.millimetres == min(down, across)


def test_neurological_convention_mirrors_axial_and_coronal_only(volume: Hands) -> None:
    volume.do("three_planes")
    axial, coronal, sagittal = volume.window.planes.panes
    assert point(axial.canvas, 5, 0).x() < point(axial.canvas, 5, 20).x()
    volume.do("neurological")
    for pane in (axial, coronal):
        assert point(pane.canvas, 5, 0).x() > point(pane.canvas, 5, 20).x()
        assert pane._marks.letters[2:] == ("L", "R")
    assert point(sagittal.canvas, 5, 0).x() < point(sagittal.canvas, 5, 20).x()
    click(volume, 0, 10, 8)
    assert volume.clicks == [(10, 8, True)]
    # What lies under the click on the screen is what was clicked.
    picture = axial.canvas.grab().toImage()
    place = point(axial.canvas, 10, 25)
    ratio = picture.devicePixelRatio()
    assert volume.window.labels.plane is not None
    assert picture.pixelColor(round(place.x() * ratio), round(place.y() * ratio)).saturation() == 0


def test_click_in_any_plane_goes_into_one_label_map(volume: Hands) -> None:
    volume.do("three_planes")
    click(volume, 1, 10, 12)
    assert volume.photo.viewpoint.key == SliceKey(1, SHAPE[1] // 2)
    assert volume.window.actions_by_name["coronal"].isChecked()
    click(volume, 2, 10, 30)
    volume.press(Qt.Key.Key_Space)
    voxels = volume.photo.annotation.label_map.voxels(1)
    assert voxels[10, SHAPE[1] // 2, 12]
    assert voxels[10, 30, SHAPE[2] // 2]
    # The third plane shows where the two others meet it.
    plane = volume.window.labels.plane
    assert plane is not None
    assert plane[SHAPE[1] // 2, 12] == 1
    assert plane[30, SHAPE[2] // 2] == 1


def test_moving_with_shift_lets_the_planes_meet_under_the_cursor(volume: Hands) -> None:
    volume.do("three_planes")
    canvas = volume.window.canvas
    before = volume.photo.viewpoint.cursor
    move(canvas, point(canvas, 7, 21), Shift)
    assert before != (10, 7, 21)
    assert volume.photo.viewpoint.cursor == (10, 7, 21)
    assert [pane.key.index for pane in volume.window.planes.panes] == [10, 7, 21]
    words = volume.window.status_bar.position.text()
    assert words.startswith("voxel 21, 7, 10")
    affine = np.asarray(nibabel.load(volume.photo.path).affine)  # type: ignore[attr-defined]
    expected = affine @ (SHAPE[2] - 1 - 21, SHAPE[1] - 1 - 7, SHAPE[0] - 1 - 10, 1)
    sides = ("L" if expected[0] < 0 else "R", "P" if expected[1] < 0 else "A", "I" if expected[2] < 0 else "S")
    assert words.endswith(" ".join(f"{s} {abs(v):.1f}" for s, v in zip(sides, expected[:3], strict=True)) + " mm")
    assert volume.window.status_bar.value.text() == f"value {values()[10, 7, 21, 0]}"


def test_value_is_that_of_the_slice_that_the_wheel_turned_to(volume: Hands) -> None:
    canvas = volume.window.canvas
    move(canvas, point(canvas, 7, 21))
    for step in (1, 1, -1):
        before = volume.photo.viewpoint.key.index
        turn(canvas, step)
        index = volume.photo.viewpoint.key.index
        assert index != before
        assert volume.window.status_bar.position.text().startswith(f"voxel 21, 7, {index}")
        assert volume.window.status_bar.value.text() == f"value {values()[index, 7, 21, 0]}"


def test_right_drag_changes_the_window_and_not_the_masks(volume: Hands) -> None:
    click(volume, 0, 10, 10)
    window, asked = volume.photo.viewpoint.window, len(volume.engine.predicted)
    assert window is not None
    canvas, place = volume.surface, QPoint(100, 100)
    QTest.mousePress(canvas, Qt.MouseButton.RightButton, NO_KEYS, place)
    for step in (5, 20, 60):
        move(volume.window.canvas, place + QPoint(step, step), held=Qt.MouseButton.RightButton)
    QTest.mouseRelease(canvas, Qt.MouseButton.RightButton, NO_KEYS, place + QPoint(60, 60))
    changed = volume.photo.viewpoint.window
    assert changed is not None
    assert changed[1] - changed[0] > window[1] - window[0]
    assert sum(changed) > sum(window)
    assert len(volume.clicks) == 1
    assert len(volume.engine.predicted) == asked


def test_presets_and_typed_windows_show_in_the_panel(volume: Hands) -> None:
    volume.press(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert volume.photo.viewpoint.window == (-1350, 150)
    panel = volume.window.volumes.panel
    assert (panel.level.value(), panel.width_field.value()) == (-600, 1500)
    panel.level.setValue(50)
    panel.level.editingFinished.emit()
    assert volume.photo.viewpoint.window == (-700, 800)
    assert panel.named.currentText() == "Own"
    volume.press(Qt.Key.Key_J, Control)
    assert panel.named.currentText() == "Automatic"


def test_network_sees_a_fixed_window_or_the_one_on_the_screen_by_value(volume: Hands) -> None:
    click(volume, 0, 10, 10)
    fixed = volume.engine.predicted[-1]
    volume.do("window_lung")
    volume.window.segmenting.forget_answers()
    volume.wait_for_mask()
    assert volume.engine.predicted[-1].image_key == fixed.image_key
    np.testing.assert_array_equal(volume.engine.predicted[-1].image, fixed.image)
    panel = volume.window.volumes.panel
    panel.network_chosen.emit("display window")
    volume.wait_for_mask()
    displayed = volume.engine.predicted[-1]
    assert displayed.image_key != fixed.image_key
    assert (displayed.image != fixed.image).any()
    volume.do("window_bone")
    volume.wait_until(lambda: volume.engine.predicted[-1].image_key != displayed.image_key)
    assert "display window" in volume.engine.predicted[-1].image_key


def test_time_points_turn_with_shift_and_the_wheel(start: Start, tmp_path: Path) -> None:
    hands = start(write_volume(tmp_path / "times.nii.gz", times=3))
    hands.wait_for_photo()
    turn(hands.window.planes.active, 1, Shift)
    assert hands.photo.viewpoint.time == 1
    np.testing.assert_array_equal(hands.photo.volume.array, values(3)[..., 1])
    hands.do("next_time")
    hands.window.message_bar.clear()
    hands.do("next_time")
    assert hands.photo.viewpoint.time == 2
    assert "no time point beyond" in hands.window.message_bar.text


def test_arrows_move_where_three_planes_meet_and_as_they_are_seen(volume: Hands) -> None:
    volume.do("three_planes")
    _, row, col = volume.photo.viewpoint.cursor
    volume.press(Qt.Key.Key_Right)
    assert volume.photo.viewpoint.cursor[1:] == (row, col + 1)
    assert index(volume) == SHAPE[0] // 2
    volume.do("neurological")
    volume.press(Qt.Key.Key_Right)
    assert volume.photo.viewpoint.cursor[1:] == (row, col)
    for _ in range(SHAPE[2]):
        volume.press(Qt.Key.Key_Left)
    assert volume.photo.viewpoint.cursor[2] == SHAPE[2] - 1
    volume.do("three_planes")
    volume.press(Qt.Key.Key_Right)
    assert volume.photo.viewpoint.cursor[2] == SHAPE[2] - 1
    assert "one time point" in volume.window.message_bar.text


def test_photo_after_a_volume_is_a_photo_again(volume: Hands, cat_photo: Path) -> None:
    volume.do("three_planes")
    volume.window.files.open_paths([cat_photo])
    volume.wait_for_photo("cat.png")
    assert not volume.window.volumes.panel.isVisible()
    assert [pane.isVisible() for pane in volume.window.planes.panes] == [True, False, False]
    assert not volume.window.actions_by_name["next_slice"].isEnabled()
    before = volume.window.canvas.geometry_of_view
    turn(volume.window.canvas, -1)
    after = volume.window.canvas.geometry_of_view
    assert before is not None
    assert after is not None
    assert after.scale > before.scale
    # The mouse rests on a pixel that the volume has not.
    move(volume.window.canvas, volume.at(250, 300))
    volume.window.files.turn(-1)
    volume.wait_for_photo("volume.nii.gz")
    assert volume.photo.viewpoint.are_three_shown
    assert all(pane.isVisible() for pane in volume.window.planes.panes)


def test_first_slice_stands_in_for_the_volume_while_it_is_read(cat: Hands) -> None:
    window = cat.window
    pixels = values()[..., 0][3]
    window.files.loader.first_seen.emit(
        FirstSlice(SliceKey(0, 3), pixels, NamedWindow("automatic", 3000, 4000), SHAPE, SPACING)
    )
    page = window.first_slice
    assert window.stack.currentWidget() is page
    view = page.geometry_of_view
    assert view is not None
    assert view.image == pixels.shape
    assert view.scales[0] / view.scales[1] == pytest.approx(SPACING[1] / SPACING[2])
    window.files.give_up()
    assert window.stack.currentWidget() is window.planes

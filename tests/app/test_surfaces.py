"""The 3-D view in the window: it follows the objects, is turned by hand, and can be left alone."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from isegformer_app.controllers import surfacing
from isegformer_app.document.object_edits import RecolourObject
from isegformer_app.inference import FakeEngine
from isegformer_app.ui.surface_view import SurfaceView
from isegformer_app.ui.turntable import Turntable

from .conftest import Hands, Start
from .volumes import NO_KEYS, SHAPE, click, write_volume

Left = Qt.MouseButton.LeftButton


@pytest.fixture
def volume(start: Start, tmp_path: Path) -> Hands:
    """Three planes of a volume, with one finished object on the patient's right."""
    hands = start(write_volume(tmp_path / "volume.nii.gz"), engine=FakeEngine(radius=4))
    hands.wait_for_photo("volume.nii.gz")
    hands.do("axial")
    hands.do("three_planes")
    put_object(hands, 20, 6)
    return hands


def put_object(hands: Hands, row: int, col: int) -> None:
    click(hands, 0, row, col)
    hands.press(Qt.Key.Key_Space)


def view_of(hands: Hands) -> SurfaceView:
    return hands.window.surfaces.view


def picture(hands: Hands) -> NDArray[np.int64]:
    """The 3-D view, (H, W, 3): blue, green and red."""
    image = view_of(hands).grab().toImage()
    raw = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return raw[:, : image.width(), :3].astype(np.int64)


def seen(hands: Hands) -> NDArray[np.bool_]:
    """Which pixels of the 3-D view are neither background nor letters: surfaces are coloured."""
    coloured: NDArray[np.bool_] = np.ptp(picture(hands), axis=2) > 40
    return coloured


def wait_for_surface(hands: Hands, is_there: bool = True) -> None:
    hands.wait_until(lambda: bool(seen(hands).any()) == is_there)


def test_finished_objects_appear_in_the_corner_of_three_planes(volume: Hands) -> None:
    assert view_of(volume).isVisible()
    wait_for_surface(volume)
    assert volume.window.actions_by_name["surfaces"].isChecked()
    volume.do("three_planes")
    assert not view_of(volume).isVisible()


def test_the_patients_right_is_on_the_left_seen_from_the_front(volume: Hands) -> None:
    wait_for_surface(volume)
    assert view_of(volume).view.letters()[2:] == ("R", "L")
    put_object(volume, 20, SHAPE[2] - 6)
    first, second = volume.photo.annotation.objects
    volume.wait_until(lambda: len(volume.window.surfaces._made) == 2)
    # Column 6 of an axial slice is the patient's right side.
    assert volume.window.segmenting.apply(RecolourObject(first.id, (255, 0, 0)))
    assert volume.window.segmenting.apply(RecolourObject(second.id, (0, 0, 255)))

    def columns(of: int, other: int) -> NDArray[np.int64]:
        shown = picture(volume)
        return np.argwhere(shown[..., of] - shown[..., other] > 60)[:, 1]

    volume.wait_until(lambda: bool(columns(2, 0).size and columns(0, 2).size))
    assert columns(2, 0).max() < columns(0, 2).min()


def test_hidden_and_deleted_objects_are_not_shown(volume: Hands) -> None:
    wait_for_surface(volume)
    (each,) = volume.photo.annotation.objects
    volume.window.objects.toggle_eye(each.id)
    wait_for_surface(volume, is_there=False)
    volume.window.objects.toggle_eye(each.id)
    wait_for_surface(volume)
    volume.window.objects.choose(each.id)
    volume.do("delete")
    wait_for_surface(volume, is_there=False)
    volume.do("undo")
    wait_for_surface(volume)


def test_hand_turns_moves_and_zooms_it(volume: Hands) -> None:
    wait_for_surface(volume)
    view = view_of(volume)
    QTest.mousePress(view, Left, NO_KEYS, QPoint(80, 80))
    # `QTest` knows no buttons while the mouse moves.
    place, kind = QPointF(90, 60), QEvent.Type.MouseMove
    QApplication.sendEvent(
        view, QMouseEvent(kind, place, view.mapToGlobal(place), Qt.MouseButton.NoButton, Left, NO_KEYS)
    )
    QTest.mouseRelease(view, Left, NO_KEYS, QPoint(90, 60))
    # What faces the viewer goes to the right and up: the viewer to the patient's right and down.
    assert view.view == Turntable(azimuth=355, elevation=-10)
    place, none = QPointF(80, 80), Qt.ScrollPhase.NoScrollPhase
    wheel = QWheelEvent(
        place, view.mapToGlobal(place), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton, NO_KEYS, none, False
    )
    view.wheelEvent(wheel)
    assert view.view.zoom == pytest.approx(1.2)
    before = int(seen(volume).sum())
    volume.wait_until(lambda: int(seen(volume).sum()) > before)
    view.look_from("L")
    assert view.view == Turntable(azimuth=90)
    QTest.mouseDClick(view, Left, NO_KEYS, QPoint(80, 80))
    assert view.view == Turntable()


def test_view_stands_beside_one_plane_when_asked(volume: Hands) -> None:
    volume.do("three_planes")
    volume.do("surfaces")
    wait_for_surface(volume)
    plane = volume.window.planes.active_pane
    assert view_of(volume).isVisible()
    assert view_of(volume).width() == pytest.approx(plane.width(), rel=0.1)
    volume.do("surfaces")
    assert not view_of(volume).isVisible()


def test_making_can_be_given_up_and_asked_for_again(volume: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_for_surface(volume)
    gate, made = threading.Event(), surfacing.make_surfaces

    def slowly(photo: object, ids: object, progress: Callable[[int, int, str], None]) -> object:
        progress(0, 2, "surfaces")
        assert gate.wait(60)
        return made(photo, ids, progress)  # type: ignore[arg-type]

    monkeypatch.setattr("isegformer_app.ui.surface_desk.make_surfaces", slowly)
    put_object(volume, 30, 20)
    view = view_of(volume)
    volume.wait_until(view._cancel.isVisible)
    view._cancel.click()
    gate.set()
    volume.wait_until(view._update.isVisible)
    assert len(volume.window.surfaces._made) == 1
    view._update.click()
    volume.wait_until(lambda: len(volume.window.surfaces._made) == 2)
    assert not view._update.isVisible()


def test_photos_have_no_3d_view(cat: Hands) -> None:
    assert not cat.window.actions_by_name["surfaces"].isEnabled()
    assert not cat.window.surfaces.view.isVisible()

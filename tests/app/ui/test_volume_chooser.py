"""The chooser of volumes: patients, studies, series, counts, and middle slices that come by and by."""

import threading
from pathlib import Path

import numpy as np
import pydicom.data
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from isegformer_app.files.volumes import VolumeChoice, find_volumes
from isegformer_app.ui.volume_chooser import VolumeChooser
from tests.app.files.volumes.made import write_nifti

STUDIES = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"
READ = "isegformer_app.ui.volume_chooser.read_thumbnail_of"


@pytest.fixture(scope="module")
def choices() -> tuple[VolumeChoice, ...]:
    """Two patients with several studies."""
    return find_volumes([STUDIES]).choices


def shown(chooser: VolumeChooser, row: int) -> NDArray[np.int64]:
    """The picture of a row: (rows, columns) of its red."""
    image = chooser._rows[row].icon(0).pixmap(QSize(200, 200)).toImage()
    return np.array([[image.pixelColor(x, y).red() for x in range(image.width())] for y in range(image.height())])


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    return made


def test_volumes_stand_below_their_patient_and_study(window: QWidget, choices: tuple[VolumeChoice, ...]) -> None:
    chooser = VolumeChooser(choices, window)
    parents = [chooser.tree.topLevelItem(row) for row in range(chooser.tree.topLevelItemCount())]
    titles = [each.text(0) for each in parents if each is not None]
    assert any("Doe Archibald, 77654033, 2001-01-01 XR C Spine" in title for title in titles)
    assert sum(each.childCount() for each in parents if each is not None) == len(choices)
    files = [row.text(5) for row in chooser._rows]
    assert files == [str(each.files) for each in choices]
    chooser.reject()


def test_files_of_one_name_are_told_apart_by_their_folders(window: QWidget, tmp_path: Path) -> None:
    paths = [tmp_path / each for each in ("a/x/scan.nii", "b/x/scan.nii", "b/y/scan.nii", "b/y/other.nii")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_nifti(path, np.zeros((2, 3, 4), np.int16), np.eye(4))
    chooser = VolumeChooser(find_volumes([tmp_path]).choices, window)
    assert sorted(row.text(0) for row in chooser._rows) == ["a/x/scan.nii", "b/x/scan.nii", "other.nii", "y/scan.nii"]
    chooser.reject()


def test_middle_slices_arrive_while_the_list_is_there_already(
    qtbot: QtBot, window: QWidget, choices: tuple[VolumeChoice, ...]
) -> None:
    chooser = VolumeChooser(choices[:4], window)
    assert not any(shown(chooser, row).any() for row in range(4))
    qtbot.waitUntil(lambda: all(shown(chooser, row).any() for row in range(4)), timeout=60_000)
    assert max(shown(chooser, 0).shape) == round(56 * chooser.devicePixelRatioF())
    chooser.reject()


def test_closing_ends_the_reading(
    qtbot: QtBot, window: QWidget, choices: tuple[VolumeChoice, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, gate, read = threading.Event(), threading.Event(), []

    def slowly(choice: VolumeChoice, side: int) -> None:
        read.append(choice)
        begun.set()
        assert gate.wait(60)

    monkeypatch.setattr(READ, slowly)
    chooser = VolumeChooser(choices, window)
    assert begun.wait(60)
    chooser.reject()
    gate.set()
    thread = chooser._pictures._thread
    assert thread is not None
    thread.join(60)
    assert not thread.is_alive()
    assert read == [choices[0]]

"""What stands on a plane, drawn on a picture of its own."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from isegformer_app.ui.plane_marks import PlaneMarks
from isegformer_app.ui.view_geometry import ViewGeometry

WIDTH, HEIGHT, LINE = 260, 200, 16


def drawn(title: str, letter: str) -> NDArray[np.bool_]:
    """Where something is drawn, (rows, columns), with the letter at the upper edge."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGBA8888)
    image.fill(0)
    painter = QPainter(image)
    PlaneMarks(title, (letter, "", "", "")).draw(painter, ViewGeometry((HEIGHT, WIDTH), (WIDTH, HEIGHT)))
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(HEIGHT, WIDTH, 4)[..., 3] > 0


@pytest.mark.parametrize(("title", "line"), [("Axial  4 / 6", 0), ("Axial  4 / 6   time 3 / 30", 1)])
def test_the_letter_of_the_upper_edge_does_not_lie_on_the_title(qtbot: QtBot, title: str, line: int) -> None:
    letter = drawn(title, "S") & ~drawn(title, "")
    rows = np.flatnonzero(letter.any(axis=1))
    assert rows.min() >= 6 + line * LINE
    assert rows.max() < 26 + line * LINE
    assert not (drawn("", "S") & drawn(title, "")).any() or line == 1


def test_a_long_title_ends_in_dots(qtbot: QtBot) -> None:
    title = "Axial  4 / 6   time 3 / 30   look at object 1, object 2, object 3"
    assert not drawn(title, "")[:, WIDTH - 4 :].any()

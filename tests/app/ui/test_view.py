"""Geometry and colours of the canvas: plain arithmetic, checked against what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.document import LabelObject
from isegformer_app.ui.overlay_layer import OverlayLayer
from isegformer_app.ui.overlay_render import colour_tables, render
from isegformer_app.ui.view_geometry import MAX_SCALE, ViewGeometry

places = st.floats(0, 300)
views = st.builds(
    ViewGeometry,
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    st.tuples(st.integers(1, 3000), st.integers(1, 2000)),
    st.floats(0.05, 64),
    places,
    places,
    st.sampled_from([(1.0, 1.0), (5.3, 1.0), (1.0, 2.5)]),
    st.booleans(),
)


@given(views, places, places)
def test_screen_and_image_are_inverse(view: ViewGeometry, row: float, col: float) -> None:
    back = view.to_image(*view.to_screen(row, col))
    np.testing.assert_allclose(back, (row, col), atol=1e-6)


@given(views, places, places, st.floats(1, 20))
def test_millimetres_are_as_long_down_as_across(view: ViewGeometry, row: float, col: float, length: float) -> None:
    x, y = view.to_screen(row, col)
    down = view.to_screen(row + length / view.pixel[0], col)[1] - y
    across = view.to_screen(row, col + length / view.pixel[1])[0] - x
    np.testing.assert_allclose(down, abs(across), atol=1e-6)
    assert (across < 0) == view.is_mirrored


@given(views, places, places)
def test_sheet_begins_at_the_corner_that_is_shown_first(view: ViewGeometry, row: float, col: float) -> None:
    """What the photo is drawn by and what the overlay and the clicks are placed by say the same."""
    left, top, width, height = view.sheet()
    across = view.image[1] - col if view.is_mirrored else col
    on_screen = (across * view.pixel[1] - left) * view.scale, (row * view.pixel[0] - top) * view.scale
    np.testing.assert_allclose(on_screen, view.to_screen(row, col), atol=1e-6)
    np.testing.assert_allclose((width * view.scale, height * view.scale), view.canvas)


@given(views, st.floats(0.1, 10), places, places)
def test_zoom_stays_within_limits_and_on_the_image(view: ViewGeometry, factor: float, x: float, y: float) -> None:
    zoomed = view.zoomed(factor, x, y)
    assert 0 < zoomed.scale <= MAX_SCALE
    assert 0 <= zoomed.row <= view.image[0]
    assert 0 <= zoomed.col <= view.image[1]


@given(st.tuples(st.integers(1, 9000), st.integers(1, 9000)), st.tuples(st.integers(50, 3000), st.integers(50, 2000)))
def test_fitted_image_is_whole_and_in_the_middle(image: tuple[int, int], canvas: tuple[int, int]) -> None:
    view = ViewGeometry(image, canvas).fitted()
    (left, top), (right, bottom) = view.to_screen(0, 0), view.to_screen(*image)
    assert left >= -1e-6
    assert top >= -1e-6
    np.testing.assert_allclose((left + right, top + bottom), canvas, atol=1e-6)


def objects() -> list[LabelObject]:
    return [LabelObject(1, "a", 1, (200, 100, 0)), LabelObject(2, "b", 1, (0, 0, 255), is_visible=False)]


def test_render_colours_inside_and_edge_and_nothing_else() -> None:
    labels = np.zeros((9, 9), dtype=np.uint16)
    labels[2:7, 2:7] = 1
    labels[8, 8] = 2
    tables = colour_tables(objects(), 0.5, "both")
    grid = np.linspace(-1.5, 10.5, 13)
    drawn = render(labels, grid, grid, tables)
    inside, edge = drawn[6, 6], drawn[4, 4]
    assert inside == 128 << 24 | 100 << 16 | 50 << 8
    assert edge >> 24 > inside >> 24
    assert drawn[10, 10] == 0
    assert np.count_nonzero(drawn) == 25


@pytest.mark.parametrize(("pixel", "is_mirrored"), [((1.0, 1.0), False), ((1.7, 1.0), True)])
def test_changed_box_draws_what_a_full_redraw_would(pixel: tuple[float, float], is_mirrored: bool) -> None:
    """The overlay after a small change equals one that was drawn from nothing."""
    rng = np.random.default_rng(1)
    labels = np.zeros((80, 90), dtype=np.uint16)
    labels[10:60, 20:70] = 1
    view = ViewGeometry((80, 90), (200, 160), 2.3, 37.0, 41.0, pixel, is_mirrored)
    kept = OverlayLayer()
    kept.set_labels(labels)
    kept.set_tables(colour_tables(objects(), 0.5, "both"))
    before = kept.colours(view, 1.5).copy()
    for _ in range(20):
        top, left = (int(each) for each in rng.integers(0, 70, 2))
        labels[top : top + 8, left : left + 9] = rng.integers(0, 2)
        kept.changed((top, left, top + 8, left + 9))
    fresh = OverlayLayer()
    fresh.set_labels(labels)
    fresh.set_tables(colour_tables(objects(), 0.5, "both"))
    assert (before != kept.colours(view, 1.5)).any()
    np.testing.assert_array_equal(kept.colours(view, 1.5), fresh.colours(view, 1.5))

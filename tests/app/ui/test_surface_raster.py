"""Surfaces on the screen: at every pixel the nearest triangle, nothing mirrored, no gaps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes

from isegformer_app.ui.surface_raster import Mesh, render
from isegformer_app.ui.turntable import SIDES, Turntable

NIGHT = (0, 0, 0)
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
BALL = 40.0


def mesh(points: NDArray[np.float64], faces: NDArray[np.int64], owners: NDArray[np.int64]) -> Mesh:
    """With normals away from the middle, as a ball has them."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    lengths = np.linalg.norm(points - middle, axis=1, keepdims=True)
    normals = (points - middle) / np.where(lengths > 0, lengths, 1)
    return Mesh(points.astype(np.float32), normals.astype(np.float32), owners.astype(np.uint16), faces.astype(np.int32))


def ball(middle: tuple[float, float, float], radius: float, owner: int, rings: int = 24) -> Mesh:
    """A ball of triangles in LPS millimetres."""
    from skimage.measure import marching_cubes

    grid = np.mgrid[-1.2 : 1.2 : rings * 1j, -1.2 : 1.2 : rings * 1j, -1.2 : 1.2 : rings * 1j]
    corners, faces, _, _ = marching_cubes(  # type: ignore[no-untyped-call]
        1 - np.sqrt((grid**2).sum(axis=0)), 0.0, spacing=(2.4 / (rings - 1),) * 3
    )
    points = (corners - 1.2) * radius
    one, two, three = (points[faces[:, corner]] for corner in range(3))
    if np.einsum("ij,ij->", one, np.cross(two, three)) < 0:
        faces = faces[:, ::-1]
    return mesh(points + middle, faces, np.full(len(points), owner))


def joined(*parts: Mesh) -> Mesh:
    starts = np.cumsum([0, *(len(each.points) for each in parts[:-1])])
    return Mesh(
        np.concatenate([each.points for each in parts]),
        np.concatenate([each.normals for each in parts]),
        np.concatenate([each.owners for each in parts]),
        np.concatenate([each.faces + start for each, start in zip(parts, starts, strict=True)]).astype(np.int32),
    )


def places(picture: NDArray[np.uint8], owner: int) -> NDArray[np.float64]:
    """Mean row and column of what is seen of an owner."""
    shown = np.argwhere(picture[..., owner] > 0)
    assert len(shown)
    mean: NDArray[np.float64] = shown.mean(axis=0)
    return mean


@pytest.mark.parametrize(
    ("side", "letters"),
    [
        ("A", ("S", "I", "R", "L")),
        ("P", ("S", "I", "L", "R")),
        ("R", ("S", "I", "P", "A")),
        ("L", ("S", "I", "A", "P")),
        ("S", ("P", "A", "R", "L")),
        ("I", ("A", "P", "R", "L")),
    ],
)
def test_sides_are_where_the_letters_say_and_never_mirrored(side: str, letters: tuple[str, str, str, str]) -> None:
    view = SIDES[side]
    assert view.letters() == letters
    axes = view.axes().astype(np.float64)
    np.testing.assert_allclose(np.cross(axes[0], axes[1]), axes[2], atol=1e-6)
    towards = {"L": (1, 0, 0), "R": (-1, 0, 0), "P": (0, 1, 0), "A": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    np.testing.assert_allclose(axes[2], towards[side], atol=1e-6)
    # A mark at the patient's side that stands at the right edge is drawn on the right.
    right = np.array(towards[letters[3]]) * 60.0
    picture = render(
        joined(ball((0, 0, 0), BALL, 0), ball(tuple(right.tolist()), 15, 1)), COLOURS, view, (90, 120), NIGHT
    )
    assert places(picture, 1)[1] > places(picture, 0)[1]


def test_nearer_surfaces_hide_those_behind() -> None:
    front, back = ball((0, -60, 0), 20, 0), ball((0, 60, 0), 20, 1)
    seen = render(joined(back, front), COLOURS, SIDES["A"], (80, 80), NIGHT)
    assert (seen[..., 0] > 0).any()
    assert not (seen[..., 1] > 0).any()
    behind = render(joined(back, front), COLOURS, SIDES["P"], (80, 80), NIGHT)
    assert (behind[..., 1] > 0).any()
    assert not (behind[..., 0] > 0).any()


@pytest.mark.parametrize("rings", [8, 60])
@pytest.mark.parametrize("size", [(60, 60), (300, 260)])
def test_closed_surface_has_no_gaps_and_the_right_size(rings: int, size: tuple[int, int]) -> None:
    """Triangles much larger and much smaller than pixels; the ball takes 0.9 of the shorter side."""
    picture = render(ball((5, 6, 7), BALL, 0, rings), COLOURS, Turntable(33, 21), size, NIGHT)
    is_hit = picture.any(axis=2)
    assert (binary_fill_holes(is_hit) == is_hit).all()
    radius = 0.9 * min(size) / 2
    share = is_hit.sum() / (np.pi * radius**2)
    assert 0.9 < share < 1.03 if rings > 8 else 0.7 < share < 1.03
    # The light comes from the viewer: the middle is bright, the rim is dark.
    assert picture[size[0] // 2, size[1] // 2, 0] > 230
    assert picture[is_hit][:, 0].min() < 110


def test_zoom_and_shift_move_the_picture() -> None:
    body = ball((0, 0, 0), BALL, 0)
    plain = render(body, COLOURS, Turntable(), (100, 100), NIGHT)
    large = render(body, COLOURS, Turntable().zoomed(0.5), (100, 100), NIGHT)
    assert plain.any(axis=2).sum() == pytest.approx(4 * large.any(axis=2).sum(), rel=0.1)
    moved = render(body, COLOURS, Turntable().zoomed(0.5).moved(0.4, -0.2), (100, 100), NIGHT)
    np.testing.assert_allclose(places(moved, 0) - places(large, 0), (-10, 20), atol=0.6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1), (7, 11), (40, 30)]), st.floats(0.5, 6))
def test_every_pixel_shows_the_nearest_triangle(seed: int, size: tuple[int, int], zoom: float) -> None:
    """Against a search of all triangles at each pixel, one by one; triangles reach beyond the picture."""
    chance = np.random.default_rng(seed)
    points = chance.normal(0, 20, (30, 3))
    soup = mesh(points, np.arange(30).reshape(10, 3), np.repeat(np.arange(10) % 3, 3))
    view = Turntable(float(chance.uniform(0, 360)), float(chance.uniform(-80, 80)), zoom)
    picture = render(soup, COLOURS, view, size, NIGHT)
    expected, is_sure = _by_search(soup, view, size)
    shown = np.where(picture.any(axis=2), picture.argmax(axis=2), -1)
    np.testing.assert_array_equal(shown[is_sure], expected[is_sure])


def _by_search(soup: Mesh, view: Turntable, size: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The owner seen at each pixel, -1 for none, and where that is not a matter of rounding."""
    middle, radius = soup.ball()
    axes = view.axes().astype(np.float64)
    half = min(size) / 2
    seen = (soup.points.astype(np.float64) - middle) @ axes.T * (0.9 * view.zoom * half / radius)
    flat = np.stack([size[1] / 2 + seen[:, 0], size[0] / 2 - seen[:, 1]], axis=1)
    owner, is_sure = np.full(size, -1), np.ones(size, dtype=bool)
    for row in range(size[0]):
        for col in range(size[1]):
            depths = []
            for face in soup.faces:
                a, b, c = flat[face]
                edges = np.stack([b - a, c - a], axis=1)
                if np.linalg.det(edges) >= 0:
                    continue
                second, third = np.linalg.solve(edges, np.array([col, row]) + 0.5 - a)
                least = min(second, third, 1 - second - third)
                is_sure[row, col] &= abs(least) > 1e-3
                if least > 0:
                    depth = seen[face, 2] @ (1 - second - third, second, third)
                    depths.append((depth, int(soup.owners[face[0]])))
            depths.sort(reverse=True)
            if depths:
                owner[row, col] = depths[0][1]
                is_sure[row, col] &= len(depths) == 1 or depths[0][0] - depths[1][0] > 1e-2
    return owner, is_sure

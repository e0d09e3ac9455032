"""Surfaces drawn by the processor alone, so that they are seen on every screen. Plain numpy, no Qt.

At every pixel the triangle nearest to the viewer is looked for. Depth, owner and light of what covers a pixel make one
number, the greatest of which stays: so all triangles are drawn in a few passes, in no order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .turntable import Turntable

Floats = NDArray[np.float32]
Group = tuple[Floats, NDArray[np.uint16], NDArray[np.int32], tuple[int, int]]

_SHARE = 0.9
"""Share of the picture that a ball round all surfaces fills at zoom 1."""

_SIDES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Lengths in pixels of the boxes round triangles that are drawn together."""

_AT_ONCE = 1_000_000
_MIDDLE = np.float32(0.5)
_EDGE = np.float32(1e-4)
"""So far beside its edge a triangle still covers a pixel: neighbours leave no gap."""

_DEPTHS, _LIGHTS = 1 << 24, 1 << 8
_OWNER_BITS, _LIGHT_BITS = 16, 8
_DARKEST = 0.22


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """Surfaces in LPS millimetres: corners (n, 3), their unit normals (n, 3), their owners (n,), triangles (m, 3).

    An owner is a place in a table of colours. Seen from outside, corners run counterclockwise.
    """

    points: Floats
    normals: Floats
    owners: NDArray[np.uint16]
    faces: NDArray[np.int32]

    def ball(self) -> tuple[Floats, float]:
        """Middle and radius (mm) of a ball round all of it; of nothing, one of radius 1."""
        if not len(self.points):
            return np.zeros(3, np.float32), 1.0
        middle = (self.points.min(axis=0) + self.points.max(axis=0)) / 2
        return middle, float(np.linalg.norm(self.points - middle, axis=1).max()) or 1.0


def render(
    mesh: Mesh, colours: NDArray[np.uint8], view: Turntable, size: tuple[int, int], background: tuple[int, int, int]
) -> NDArray[np.uint8]:
    """Draw a mesh in parallel projection as (height, width, 3) uint8 for `size` = (height, width).

    `colours` (k, 3) are those of the owners; the light comes from the viewer. May run on any thread.
    """
    height, width = size
    axes, half = view.axes(), min(height, width) / 2
    middle, radius = mesh.ball()
    seen = (mesh.points - middle) @ axes.T / np.float32(radius)
    scale = np.float32(_SHARE * view.zoom * half)
    x = width / 2 + view.right * half + seen[:, 0] * scale
    y = height / 2 + view.down * half - seen[:, 1] * scale
    depth = 1 + (seen[:, 2] * 0.5 + 0.5).clip(0, 1) * (_DEPTHS - 2)
    light = (mesh.normals @ axes[2]).clip(0, 1) * (_LIGHTS - 1)
    corners = np.stack([x, y, depth, light], axis=1).astype(np.float32)
    nearest = np.zeros(size, np.int64)
    for group in _groups(mesh, corners, size):
        _keep_nearest(nearest, *group)
    return _coloured(nearest, colours, background)


def _groups(mesh: Mesh, corners: Floats, size: tuple[int, int]) -> Iterator[Group]:
    """Yield triangles whose boxes of pixels are of one size.

    Corners (f, 3, 4), owners (f,), first column and row (f, 2), columns and rows of the box. Only triangles that face
    the viewer and may cover the middle of a pixel of the picture.
    """
    places = [[corners[:, axis][mesh.faces[:, corner]] for corner in range(3)] for axis in range(2)]
    (x0, x1, x2), (y0, y1, y2) = places
    # Rows run downwards on the screen: there, counterclockwise has the other sign.
    is_seen = (x1 - x0) * (y2 - y0) - (y1 - y0) * (x2 - x0) < 0
    first, lengths = np.empty((len(mesh.faces), 2), np.int32), np.empty((len(mesh.faces), 2), np.int32)
    for axis, length in enumerate(size[::-1]):
        low = np.minimum(np.minimum(*places[axis][:2]), places[axis][2])
        high = np.maximum(np.maximum(*places[axis][:2]), places[axis][2])
        first[:, axis] = np.ceil(low - _MIDDLE).clip(0, length)
        lengths[:, axis] = np.floor(high - _MIDDLE).clip(-1, length - 1) - first[:, axis] + 1
        is_seen &= lengths[:, axis] > 0
    kept = np.flatnonzero(is_seen)
    classes = np.searchsorted(_SIDES, lengths[kept])
    kinds = classes[:, 0] * len(_SIDES) + classes[:, 1]
    for kind in np.unique(kinds).tolist():
        box = _SIDES[kind // len(_SIDES)], _SIDES[kind % len(_SIDES)]
        members = kept[kinds == kind]
        step = max(_AT_ONCE // (box[0] * box[1]), 1)
        for start in range(0, len(members), step):
            some = members[start : start + step]
            faces = mesh.faces[some]
            yield corners[faces], mesh.owners[faces[:, 0]], first[some], box


def _keep_nearest(
    nearest: NDArray[np.int64],
    triangles: Floats,
    owners: NDArray[np.uint16],
    first: NDArray[np.int32],
    box: tuple[int, int],
) -> None:
    """Draw one group into the numbers (height, width) of what is nearest so far."""
    across, down = (each.reshape(1, -1) for each in np.mgrid[: box[0], : box[1]].astype(np.float32))
    origin, one, other = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    turn = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    # How much the second and the third corner count grows evenly across and down.
    x, y = (first[:, axis, None] - origin[:, axis, None] + _MIDDLE for axis in range(2))
    x, y = x + across, y + down
    second = x * (other[:, 1] / turn)[:, None] - y * (other[:, 0] / turn)[:, None]
    third = y * (one[:, 0] / turn)[:, None] - x * (one[:, 1] / turn)[:, None]
    face, pixel = np.nonzero((second >= -_EDGE) & (third >= -_EDGE) & (second + third <= 1 + _EDGE))
    second, third = second[face, pixel], third[face, pixel]
    col, row = first[face, 0] + across[0, pixel].astype(np.int64), first[face, 1] + down[0, pixel].astype(np.int64)
    depth, light = (origin[face, each] + second * one[face, each] + third * other[face, each] for each in (2, 3))
    number = depth.clip(1, _DEPTHS - 1).astype(np.int64) << (_OWNER_BITS + _LIGHT_BITS)
    number |= owners[face].astype(np.int64) << _LIGHT_BITS
    number |= light.clip(0, _LIGHTS - 1).astype(np.int64)
    is_inside = (row < nearest.shape[0]) & (col < nearest.shape[1])
    np.maximum.at(nearest, (row[is_inside], col[is_inside]), number[is_inside])


def _coloured(
    nearest: NDArray[np.int64], colours: NDArray[np.uint8], background: tuple[int, int, int]
) -> NDArray[np.uint8]:
    picture = np.empty((*nearest.shape, 3), np.uint8)
    picture[:] = background
    is_hit = nearest > 0
    hits = nearest[is_hit]
    light = _DARKEST + (1 - _DARKEST) * (hits & (_LIGHTS - 1)) / (_LIGHTS - 1)
    owners = (hits >> _LIGHT_BITS) & ((1 << _OWNER_BITS) - 1)
    picture[is_hit] = (colours[owners] * light[:, None]).astype(np.uint8)
    return picture

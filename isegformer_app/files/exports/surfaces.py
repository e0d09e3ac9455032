"""Surfaces of objects as STL and OBJ, in patient millimetres (LPS, as DICOM and 3D Slicer count them)."""

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import LabelObject, Shape
from isegformer_app.document.geometry import bounding_box

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from .labelled_volume import LabelledVolume
from .report import Export, Watch, free_names, unwatched

Points = NDArray[np.float32]
Faces = NDArray[np.int64]

_HALF = 0.5
_HEAD = 80
_TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("spare", "<u2")])
_TO_LPS = np.array([-1.0, -1.0, 1.0])


def surface(volume: LabelledVolume, mask: NDArray[np.bool_], lower: Shape = (0, 0, 0)) -> tuple[Points, Faces]:
    """The closed surface round the True voxels: corners (n, 3) in LPS millimetres, and triangles (m, 3).

    `mask` is (D, H, W), or that part of it which begins at the voxel `lower`.
    It runs half way between the middles of inner and outer voxels; seen from outside, corners run counterclockwise.
    """
    from skimage.measure import marching_cubes

    box = bounding_box(mask)
    if box is None:
        return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int64)
    padded = np.pad(mask[box.slices], 1).astype(np.float32)
    corners, faces, _, _ = marching_cubes(padded, _HALF)  # type: ignore[no-untyped-call]
    index = corners.astype(np.float64) - 1 + np.array(box.lower) + np.array(lower)
    affine = volume.grid.affine
    if affine is None:
        placed = (index * np.array(volume.spacing))[:, ::-1]
    else:
        matrix = affine @ volume.grid.order.index_affine(volume.grid.shape)
        placed = (index @ matrix[:3, :3].T + matrix[:3, 3]) * _TO_LPS
    points, triangles = placed.astype(np.float32), faces.astype(np.int64)
    return points, (triangles[:, ::-1] if _signed_volume(placed, triangles) < 0 else triangles)


def _signed_volume(points: NDArray[np.float64], faces: Faces) -> float:
    first, second, third = (points[faces[:, corner]] - points.mean(axis=0) for corner in range(3))
    return float(np.einsum("ij,ij->", first, np.cross(second, third))) / 6


def surface_names(stem: str, objects: Iterable[LabelObject], ending: str) -> list[str]:
    """Name the files of these objects of one volume."""
    short = stem.encode()[:80].decode(errors="ignore")
    return free_names((f"{short}-{each.id}-{each.name}" for each in objects), ending)


def write_surfaces(folder: Path, volume: LabelledVolume, stem: str, ending: str, watch: Watch = unwatched) -> Export:
    """Write one surface an object into `folder`, `.stl` or `.obj`, read back. Raises `CannotWrite`."""
    volume.refuse_uneven("a surface")
    names = surface_names(stem, volume.filled(), ending)
    paths = []
    for name, (_, _, mask) in zip(names, volume.masks(), strict=True):
        watch()
        points, faces = surface(volume, mask)
        data = _stl(points, faces) if ending == ".stl" else _obj(points, faces)
        with replacing(folder / name) as draft:
            draft.write_bytes(data)
            _compare(draft, folder / name, points, faces)
        paths.append(folder / name)
    return Export(tuple(paths), len(paths), tuple(volume.skipped()))


def _stl(points: Points, faces: Faces) -> bytes:
    triangles = np.zeros(len(faces), _TRIANGLE)
    triangles["corners"] = points[faces]
    edges = triangles["corners"].astype(np.float64)
    normals = np.cross(edges[:, 1] - edges[:, 0], edges[:, 2] - edges[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    triangles["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    # Slicer reads from here in which direction the axes run.
    head = b"iSegFormer SPACE=LPS".ljust(_HEAD, b"\0")
    return head + struct.pack("<I", len(faces)) + triangles.tobytes()


def _obj(points: Points, faces: Faces) -> bytes:
    # Nine digits are enough to give back every 32-bit float.
    corners = "v %.9g %.9g %.9g\n" * len(points) % tuple(points.reshape(-1).tolist())
    triangles = "f %d %d %d\n" * len(faces) % tuple((faces + 1).reshape(-1).tolist())
    return f"# iSegFormer\n# SPACE=LPS\n{corners}{triangles}".encode("ascii")


def _compare(draft: Path, path: Path, points: Points, faces: Faces) -> None:
    data = draft.read_bytes()
    if path.suffix == ".stl":
        count = struct.unpack("<I", data[_HEAD : _HEAD + 4])[0]
        triangles = np.frombuffer(data, _TRIANGLE, offset=_HEAD + 4)
        is_same = count == len(faces) and np.array_equal(triangles["corners"], points[faces])
    else:
        lines = data.decode("ascii").splitlines()
        columns = {letter: [line for line in lines if line.startswith(letter)] for letter in "vf"}
        written = np.loadtxt(columns["v"], dtype=np.float32, usecols=(1, 2, 3), ndmin=2)
        indices = np.loadtxt(columns["f"], dtype=np.int64, usecols=(1, 2, 3), ndmin=2) - 1
        is_same = np.array_equal(written, points) and np.array_equal(indices, faces)
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))

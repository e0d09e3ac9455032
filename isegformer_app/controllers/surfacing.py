"""Surfaces of the objects of a volume for the screen: the very ones that STL and OBJ files get."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Box, Change, LabelMap
from isegformer_app.files.exports.labelled_volume import LabelledVolume
from isegformer_app.files.exports.surfaces import surface

from .photo import Photo
from .progress import Progress

_Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ObjectSurface:
    """The surface of one object: corners (n, 3) in LPS mm, their unit normals (n, 3), triangles (m, 3)."""

    points: _Floats
    normals: _Floats
    faces: NDArray[np.int32]


def changed_ids(change: Change) -> set[int]:
    """The objects that gained or lost voxels."""
    ids: set[int] = set()
    for patch in change.step.patches:
        ids.update(np.unique(patch.before.values).tolist(), np.unique(patch.after.values).tolist())
    return ids - {0}


def make_surfaces(photo: Photo, ids: Collection[int], progress: Progress) -> dict[int, ObjectSurface]:
    """Make the surfaces of these objects of a volume; those without voxels get none. May run on any thread.

    Raises `Cancelled` where `progress` does.
    """
    if photo.image is None or not ids:
        return {}
    progress(0, len(ids), "surfaces")
    volume = LabelledVolume(photo.path, photo.image.grid, photo.volume.spacing, photo.annotation).evened()
    label_map = volume.annotation.label_map
    boxes = _boxes(label_map, max(ids))
    made = {}
    for place, number in enumerate(sorted(ids)):
        progress(place, len(ids), "surfaces")
        box = boxes.get(number)
        if box is not None:
            mask = np.logical_or.reduce([layer[box.slices] == number for layer in label_map.layers])
            made[number] = _with_normals(*surface(volume, mask, box.lower))
    return made


def _boxes(label_map: LabelMap, highest: int) -> dict[int, Box]:
    """A box round the voxels of each object that has any, by its number."""
    from scipy.ndimage import find_objects

    boxes: dict[int, Box] = {}
    for layer in label_map.layers:
        for number, found in enumerate(find_objects(layer, highest), start=1):
            if found is not None:
                low, high = (found[0].start, found[1].start, found[2].start), tuple(each.stop for each in found)
                boxes[number] = Box(low, (high[0], high[1], high[2])).union(boxes.get(number))
    return boxes


def _with_normals(points: _Floats, faces: NDArray[np.int64]) -> ObjectSurface:
    """Give each corner the mean direction of the triangles round it, the larger ones counting for more."""
    first, second, third = (points[faces[:, corner]] for corner in range(3))
    across = np.cross(second - first, third - first)
    normals = np.stack(
        [sum(np.bincount(faces[:, corner], across[:, axis], len(points)) for corner in range(3)) for axis in range(3)],
        axis=1,
    )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    return ObjectSurface(points, normals.astype(np.float32), faces.astype(np.int32))

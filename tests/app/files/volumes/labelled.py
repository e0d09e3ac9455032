"""Volumes with objects on them, for the tests of exports."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Annotation, LabelClass, MaskCrop, OverlapRule, SliceKey
from isegformer_app.document.edits import PlaceMask
from isegformer_app.document.object_edits import NewObject
from isegformer_app.files.exports.labelled_volume import LabelledVolume
from isegformer_app.files.volumes import VolumeImage, find_volumes, read_volume

CLASSES = (LabelClass(1, "Liver", (230, 159, 0)), LabelClass(2, "tumours", (86, 180, 233)))


def opened(path: Path) -> VolumeImage:
    """The one volume that lies there; of a series in parts, the whole."""
    return read_volume(find_volumes([path]).choices[-1])


def annotated(image: VolumeImage, masks: Sequence[NDArray[np.bool_]]) -> LabelledVolume:
    """One object for each mask (D, H, W), drawn slice by slice; overlaps are kept."""
    annotation = Annotation(image.volume.shape, CLASSES)
    for number, mask in enumerate(masks, start=1):
        annotation.apply(NewObject(number, CLASSES[(number - 1) % 2].id, f"part {number}"))
        for index in np.flatnonzero(mask.any(axis=(1, 2))).tolist():
            key = SliceKey(0, index)
            annotation.apply(PlaceMask(number, key, MaskCrop.of(mask[index]), OverlapRule.ALLOW))
    return LabelledVolume(image.source.path, image.grid, image.volume.spacing, annotation)


def two_blocks(shape: tuple[int, int, int]) -> list[NDArray[np.bool_]]:
    """Two blocks that overlap in one voxel, neither of them symmetric."""
    first, second = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    first[0:2, 1:3, 0:2] = True
    second[1:3, 2:4, 1:5] = True
    return [first, second]


def positions(image: VolumeImage, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Where the voxels of a mask lie, (n, 3) RAS+ millimetres, in a fixed order."""
    return ordered(image.volume.to_patient(np.argwhere(mask).astype(np.float64)))


def ordered(points: NDArray[Any]) -> NDArray[np.float64]:
    """Points sorted by their rounded coordinates, so that two sets can be compared."""
    found = np.asarray(points, dtype=np.float64)
    rounded = np.round(found, 2) + 0.0
    return found[np.lexsort(rounded.T)]

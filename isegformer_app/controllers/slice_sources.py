"""The annotated slices of a volume as pictures of their own, for formats that hold pictures."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import PLANE_NAMES, LabelObject, SliceKey
from isegformer_app.document.runs import Runs
from isegformer_app.files.session import Work as StoredWork

from .export_plan import Source

IMAGES = "images"
"""Folder, beside what is written, for the pictures of the slices."""

NO_SLICES = "no annotated slices"


def slice_sources(volume: Source, folder: Path, stem: str) -> list[Source]:
    """Each annotated slice as a picture in `folder`, in the plane in which most clicks were made."""
    axis = clicked_axis(volume.work.state.objects)
    layers = [layer.decode() for layer in volume.work.layers]
    others = tuple(number for number in range(3) if number != axis)
    is_annotated = np.logical_or.reduce([(layer != 0).any(axis=others) for layer in layers])
    return [
        _slice_source(volume, SliceKey(axis, index), layers, folder, stem)
        for index in np.flatnonzero(is_annotated).tolist()
    ]


def clicked_axis(objects: tuple[LabelObject, ...]) -> int:
    """The axis of the slices that most clicks were made on; 0 where there are none."""
    counts = Counter(key.axis for each in objects for key, prompt in each.prompts.items() for _ in prompt.clicks)
    return counts.most_common(1)[0][0] if counts else 0


def _slice_source(volume: Source, key: SliceKey, layers: list[NDArray[np.uint16]], folder: Path, stem: str) -> Source:
    index: list[int | slice] = [slice(None)] * 3
    index[key.axis] = slice(key.index, key.index + 1)
    planes = [np.moveaxis(layer[tuple(index)], key.axis, 0) for layer in layers]
    runs = tuple(Runs.encode(plane) for number, plane in enumerate(planes) if number == 0 or plane.any())
    ids = {int(each) for each in np.unique(np.concatenate([layer.values for layer in runs]))}
    objects = tuple(replace(each, prompts={}) for each in volume.work.state.objects if each.id in ids)
    work = StoredWork(
        volume.work.content_hash,
        replace(volume.work.state, objects=objects),
        (1, planes[0].shape[1], planes[0].shape[2]),
        runs,
        {number: effort for number, effort in volume.work.effort.items() if number in ids},
        volume.work.view,
    )
    path = folder / IMAGES / f"{stem}-{PLANE_NAMES[key.axis]}-{key.index + 1:04d}.png"
    return Source(path, work, objects, volume.volume, key)

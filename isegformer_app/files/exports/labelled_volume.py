"""A volume and what was annotated on it, brought into the order in which the formats of volumes store voxels."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Affine, Annotation, LabelClass, LabelMap, LabelObject, ShapeError, spacing_of
from isegformer_app.document.label_map import merged
from isegformer_app.document.runs import Runs

from ..errors import CannotWrite
from ..volumes import SourceGrid
from .classes import ClassList
from .report import class_of

Labels = NDArray[np.uint16]

_REVERSED = [2, 1, 0, 3]
_MOST_REPEATED = 32
"""Slices of an even grid a slice of the series on average: gaps of hardly anything make no grid of millions."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledVolume:
    """One volume and the work on it. `grid` is that of its file; `spacing` (mm) is along the axes of the volume."""

    path: Path
    grid: SourceGrid
    spacing: tuple[float, float, float]
    annotation: Annotation

    def __post_init__(self) -> None:
        """Refuse work that was done on another grid."""
        order, stored = self.grid.order, self.grid.shape
        if tuple(stored[axis] for axis in order.axes) != self.annotation.shape:
            raise ShapeError(
                f"The labels of “{self.path.name}” do not fit its voxels any more; open it and check them."
            )

    @property
    def affine(self) -> Affine | None:
        """Takes (i, j, k, 1) to patient millimetres, RAS+; i runs along rows, j down columns, k from slice to slice."""
        if self.grid.affine is None or not self.grid.slices:
            return self.grid.affine
        return self.grid.affine[:, _REVERSED]

    @property
    def lengths(self) -> tuple[float, float, float]:
        """Millimetres along i, j and k."""
        stored = [self.spacing[self.grid.order.axes.index(axis)] for axis in range(3)]
        first, second, third = stored[::-1] if self.grid.slices else stored
        return first, second, third

    def as_stored(self, voxels: NDArray[Any]) -> NDArray[Any]:
        """Turn voxels (D, H, W) into (i, j, k), a view: the order of the file, of a DICOM series rows first."""
        stored = self.grid.order.to_stored(voxels)
        return stored.transpose(2, 1, 0) if self.grid.slices else stored

    def refuse_uneven(self, name: str) -> None:
        """Raise `CannotWrite` where the slices lie at uneven distances, which one grid cannot say."""
        if not self.grid.is_even:
            raise CannotWrite(
                f"The slices of “{self.path.name}” lie at uneven distances, which {name} cannot hold; let them be "
                "resampled to even ones, export DICOM-SEG, or open one of its evenly spaced parts."
            )

    def evened(self) -> "LabelledVolume":
        """Return it with slices at even distances, the smallest of the gaps: each repeats the slice nearest to it.

        A volume whose slices lie so already is returned as it is.
        """
        grid = self.grid
        if grid.is_even or grid.affine is None:
            return self
        places = np.array(grid.places)
        count = 1 + round((len(places) - 1) / max(float(np.diff(places).min()), 1 / _MOST_REPEATED))
        wanted = np.linspace(0, len(places) - 1, count)
        nearest = np.abs(wanted[:, None] - places).argmin(axis=1)
        affine = grid.affine.copy()
        affine[:3, 0] *= (len(places) - 1) / (count - 1)
        even = SourceGrid(
            (count, *grid.shape[1:]), affine, grid.order, slices=tuple(grid.slices[place] for place in nearest)
        )
        layers = [
            grid.order.to_volume(grid.order.to_stored(each)[nearest]) for each in self.annotation.label_map.layers
        ]
        runs = [Runs.encode(layer.astype(np.uint16)) for layer in layers]
        annotation = Annotation.restore(self.annotation.state, LabelMap.of_runs(layers[0].shape, runs))
        spacing = spacing_of(affine @ grid.order.index_affine(even.shape))
        return LabelledVolume(self.path, even, spacing, annotation)

    def filled(self) -> list[LabelObject]:
        """The objects that have voxels, in the annotator's order."""
        ids = self.annotation.label_map.ids()
        return [each for each in self.annotation.objects if each.id in ids]

    def skipped(self) -> list[str]:
        """Sentences on the objects that are left out or not finished."""
        ids = self.annotation.label_map.ids()
        said = []
        for each in self.annotation.objects:
            if any(prompt.is_open for prompt in each.prompts.values()):
                said.append(
                    f"“{each.name}” in “{self.path.name}” is not finished, so its last finished masks are written."
                )
            elif each.id not in ids:
                said.append(f"“{each.name}” in “{self.path.name}” has no voxels.")
        return said

    def flat(self) -> tuple[Labels, list[str]]:
        """The object at each voxel (D, H, W), the newest one where some overlap, and sentences on what that hides."""
        layers = self.annotation.label_map.layers
        if len(layers) == 1:
            return layers[0], []
        flat = merged((layers[0].copy(), *layers[1:]))
        hidden = np.zeros(1 + max((each.id for each in self.annotation.objects), default=0), dtype=np.int64)
        for layer in layers:
            hidden += np.bincount(layer[layer != flat], minlength=hidden.size)
        return flat, [
            f"“{each.name}” in “{self.path.name}” lies under other objects with {hidden[each.id]:,} voxels, which one "
            "number a voxel cannot hold; export Slicer segmentation (.seg.nrrd) or DICOM-SEG to keep them."
            for each in self.annotation.objects
            if hidden[each.id]
        ]

    def by_class(self, flat: Labels, classes: tuple[LabelClass, ...]) -> Labels:
        """Put the number of its class in the place of each object."""
        numbered = ClassList((*classes, *self.annotation.classes))
        table = np.zeros(1 + max((each.id for each in self.annotation.objects), default=0), dtype=np.uint16)
        for each in self.annotation.objects:
            table[each.id] = numbered.add(class_of(self.annotation, each))
        return table[flat]

    def masks(self) -> Iterator[tuple[LabelObject, LabelClass, NDArray[np.bool_]]]:
        """Each object that has voxels with its class and its voxels, (D, H, W), overlaps whole."""
        for each in self.filled():
            yield each, class_of(self.annotation, each), self.annotation.label_map.voxels(each.id)

"""How much of a volume each object takes, slice by slice, and what values lie there; kept up to date by patches."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .geometry import Box, Shape
from .history import Step
from .label_map import Labels
from .volume import Volume


@dataclass(slots=True, eq=False)
class Tally:
    """The voxels of one object: how many on each slice along each axis, and the sums of their values."""

    along: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
    total: float = 0.0
    squares: float = 0.0

    @property
    def voxels(self) -> int:
        """Count all."""
        return int(self.along[0].sum())

    @property
    def mean(self) -> float:
        """Mean of the values; not a number where there are none."""
        return self.total / self.voxels if self.voxels else float("nan")

    @property
    def deviation(self) -> float:
        """Standard deviation of the values, of the whole and not of a sample."""
        if not self.voxels:
            return float("nan")
        return float(np.sqrt(max(self.squares / self.voxels - self.mean**2, 0.0)))


@dataclass(slots=True, eq=False)
class ObjectCounts:
    """Tallies by the object's number, for one volume of grey values or of colours, whose values are not summed."""

    volume: Volume
    tallies: dict[int, Tally] = field(default_factory=dict)

    @classmethod
    def of(
        cls, volume: Volume, layers: tuple[Labels, ...], is_unwanted: Callable[[], bool] = lambda: False
    ) -> "ObjectCounts":
        """Count all layers, slice by slice; ends early once `is_unwanted()` is True. May run on any thread."""
        counts = cls(volume)
        depth, height, width = volume.shape
        for layer in layers:
            for index in range(depth):
                if is_unwanted():
                    return counts
                box = Box((index, 0, 0), (index + 1, height, width))
                plane = layer[box.slices]
                if plane.any():
                    counts._add(box, np.zeros_like(plane), plane)
        return counts

    def follow(self, step: Step, *, is_undo: bool) -> None:
        """Take a step into account that was applied, or taken back."""
        for patch in step.patches:
            before, after = patch.before.decode(), patch.after.decode()
            self._add(patch.box, *((after, before) if is_undo else (before, after)))

    def places(self, axis: int) -> Mapping[int, NDArray[np.intp]]:
        """The slices along an axis that each object is on."""
        return {number: np.flatnonzero(each.along[axis]) for number, each in self.tallies.items() if each.voxels}

    def _add(self, box: Box, before: Labels, after: Labels) -> None:
        differs = before != after
        ids = set(np.unique(before[differs]).tolist()) | set(np.unique(after[differs]).tolist())
        values = None if self.volume.is_colour else self.volume.array[box.slices]
        for number in ids - {0}:
            gained, lost = differs & (after == number), differs & (before == number)
            tally = self.tallies.get(number)
            if tally is None:
                tally = self.tallies[number] = _empty(self.volume.shape)
            change = gained.astype(np.int64) - lost
            for axis in range(3):
                others = tuple(each for each in range(3) if each != axis)
                tally.along[axis][box.lower[axis] : box.upper[axis]] += change.sum(axis=others)
            if values is not None:
                for mask, sign in ((gained, 1.0), (lost, -1.0)):
                    inside = values[mask].astype(np.float64)
                    tally.total += sign * float(inside.sum())
                    tally.squares += sign * float((inside**2).sum())


def _empty(shape: Shape) -> Tally:
    depth, height, width = (np.zeros(length, dtype=np.int64) for length in shape)
    return Tally((depth, height, width))


def voxel_size(volume: Volume) -> float:
    """Cubic millimetres of a voxel; also of one that is no cuboid."""
    if volume.affine is not None:
        return abs(float(np.linalg.det(volume.affine[:3, :3])))
    first, second, third = volume.spacing
    return first * second * third


def pixel_area(volume: Volume, axis: int) -> float:
    """Square millimetres of a pixel of the slices along an axis."""
    down, across = (each for each in range(3) if each != axis)
    if volume.affine is not None:
        return float(np.linalg.norm(np.cross(volume.affine[:3, down], volume.affine[:3, across])))
    return volume.spacing[down] * volume.spacing[across]

"""What a dataset hands to the evaluation: named images with objects to click."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.images import read_image
from ..errors import DatasetError
from .user import BoolMask


@dataclass(frozen=True)
class Entry:
    """One image of a set with its mask, by path; nothing is read yet."""

    set_name: str
    stem: str
    image: Path
    mask: Path


@dataclass(frozen=True)
class Problem:
    """Something of a dataset that could not be used: named in the report, counted nowhere."""

    set_name: str
    stem: str
    reason: str


@dataclass(frozen=True)
class Sample:
    """One image read: `image` (H, W, 3) uint8, `objects` (H, W) int32 with 0 as background, `ignored` (H, W) bool."""

    image: NDArray[np.uint8]
    objects: NDArray[np.int32]
    ignored: BoolMask

    def areas(self) -> dict[int, int]:
        """Pixels that count of each object; see `areas_of`."""
        return areas_of(self.objects, self.ignored)

    def truth(self, number: int) -> BoolMask:
        """Mask (H, W) of one object."""
        return np.asarray(self.objects == number)


@dataclass(frozen=True)
class ImageSet:
    """A named set of images, how the objects of one are read, and what of it was unusable from the start."""

    name: str
    entries: tuple[Entry, ...]
    read_objects: Callable[[Entry], tuple[NDArray[np.int32], BoolMask]]
    """Gives the objects and the ignored pixels of an entry, as in `Sample`."""
    problems: tuple[Problem, ...] = ()

    def read(self, entry: Entry) -> Sample:
        """Read an image with its objects; raise `ImageError`, or `DatasetError` where their sizes differ."""
        image, (objects, ignored) = read_image(entry.image), self.read_objects(entry)
        check_sizes(entry, image, objects)
        return Sample(image, objects, ignored)


def areas_of(objects: NDArray[np.int32], ignored: BoolMask) -> dict[int, int]:
    """Pixels that count of each object, by its number, in order; objects of no such pixel are absent."""
    numbers, counts = np.unique(objects[~ignored], return_counts=True)
    return {int(number): int(count) for number, count in zip(numbers, counts, strict=True) if number > 0}


def check_sizes(entry: Entry, image: NDArray[np.uint8], labels: NDArray[np.int32]) -> None:
    """Raise `DatasetError` where the mask of `entry` has not the size of its image."""
    if image.shape[:2] != labels.shape:
        height, width = image.shape[:2]
        raise DatasetError(
            f"The mask {str(entry.mask)!r} has {labels.shape[1]} x {labels.shape[0]} pixels, "
            f"its image {width} x {height}."
        )

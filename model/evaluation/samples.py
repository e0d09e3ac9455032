"""What a dataset hands to the evaluation: named images with objects to click."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.images import read_image
from ..errors import DatasetError
from .user import BoolMask

_CHUNK = 1 << 20
_MOST_COUNTED = 1 << 20
"""Largest number of an object up to which areas are counted in a table instead of by sorting."""


@dataclass(frozen=True)
class Entry:
    """One image of a set with its truth, by path; nothing is read yet. In a volume, `index` is the slice on `axis`."""

    set_name: str
    stem: str
    image: Path
    mask: Path
    index: int | None = None
    axis: int = 2


@dataclass(frozen=True)
class Problem:
    """Something of a dataset that could not be used: named in the report, counted nowhere."""

    set_name: str
    stem: str
    reason: str


@dataclass(frozen=True)
class Truths:
    """The objects of one image: `planes` of numbers (H, W) int32, 0 = no object, and `ignored` (H, W) bool.

    Objects that overlap lie in different planes; a number lies in one plane only. `named` are the numbers that the
    dataset lists, where it lists any: one without a pixel is a problem.
    """

    planes: tuple[NDArray[np.int32], ...]
    ignored: BoolMask
    named: frozenset[int] = frozenset()

    @classmethod
    def of(cls, objects: NDArray[np.int32], ignored: BoolMask | None = None) -> "Truths":
        """Take objects (H, W) that do not overlap."""
        return cls((objects,), np.zeros(objects.shape, np.bool_) if ignored is None else ignored)

    @classmethod
    def of_masks(cls, masks: Iterable[tuple[int, BoolMask]], shape: tuple[int, int]) -> "Truths":
        """Lay masks (H, W) with their numbers into as few planes as a first fit finds."""
        planes: list[NDArray[np.int32]] = [np.zeros(shape, np.int32)]
        named = set()
        for number, mask in masks:
            named.add(number)
            plane = next((each for each in planes if not each[mask].any()), None)
            if plane is None:
                plane = np.zeros(shape, np.int32)
                planes.append(plane)
            plane[mask] = number
        return cls(tuple(planes), np.zeros(shape, np.bool_), frozenset(named))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.ignored.shape[0], self.ignored.shape[1]

    @cached_property
    def _counts(self) -> tuple[dict[int, int], frozenset[int]]:
        """Pixels that count of each object, and every number that occurs or is listed."""
        areas: dict[int, int] = {}
        numbers = set(self.named)
        for plane in self.planes:
            inside = plane[~self.ignored] if self.ignored.any() else plane.reshape(-1)
            areas |= _occurrences(inside)
            numbers |= set(_occurrences(plane.reshape(-1))) if inside.size < plane.size else set()
        return dict(sorted(areas.items())), frozenset(numbers | set(areas))

    def areas(self) -> dict[int, int]:
        """Pixels that count of each object, by its number, in order; objects of no such pixel are absent."""
        return self._counts[0]

    def without_pixels(self) -> list[int]:
        """Numbers of objects that the dataset has, but none of whose pixels counts."""
        return sorted(self._counts[1] - set(self._counts[0]))

    def mask(self, number: int) -> BoolMask:
        """Mask (H, W) of one object."""
        return next((found for plane in self.planes if (found := plane == number).any()), self.planes[0] == number)


@dataclass(frozen=True)
class Sample:
    """One image read: `image` (H, W, 3) uint8, and its objects."""

    image: NDArray[np.uint8]
    truths: Truths


def _read_photo(entry: Entry) -> NDArray[np.uint8]:
    return read_image(entry.image)


@dataclass(frozen=True)
class ImageSet:
    """A named set of images, how the objects of one are read, and what of it was unusable from the start."""

    name: str
    entries: tuple[Entry, ...]
    read_truths: Callable[[Entry], Truths]
    problems: tuple[Problem, ...] = ()
    read_pixels: Callable[[Entry], NDArray[np.uint8]] = _read_photo

    def read(self, entry: Entry) -> Sample:
        """Read an image with its objects; raise `ImageError`, or `DatasetError` where their sizes differ."""
        image, truths = self.read_pixels(entry), self.read_truths(entry)
        if image.shape[:2] != truths.shape:
            (height, width), (rows, cols) = image.shape[:2], truths.shape
            raise DatasetError(
                f"The mask {str(entry.mask)!r} has {cols} x {rows} pixels, its image {width} x {height}."
            )
        return Sample(image, truths)


@dataclass
class Fingerprints:
    """Hashes of the files of entries, each file read once."""

    _known: dict[Path, str] = field(default_factory=dict)

    def of(self, entry: Entry) -> str:
        """Name the contents of the image and of its mask: 16 hexadecimal digits. Raises `DatasetError`."""
        words = [entry.stem, str(entry.index), self._file(entry.image), self._file(entry.mask)]
        return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]

    def _file(self, path: Path) -> str:
        if path not in self._known:
            digest = hashlib.sha256()
            try:
                with path.open("rb") as handle:
                    while chunk := handle.read(_CHUNK):
                        digest.update(chunk)
            except OSError as error:
                raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
            self._known[path] = digest.hexdigest()
        return self._known[path]


def _occurrences(numbers: NDArray[np.int32]) -> dict[int, int]:
    """Count each number above 0 of a flat array."""
    if not numbers.size:
        return {}
    if int(numbers.min()) >= 0 and int(numbers.max()) <= _MOST_COUNTED:
        counts = np.bincount(numbers)
        return {int(number): int(counts[number]) for number in np.flatnonzero(counts) if number > 0}
    found, sums = np.unique(numbers, return_counts=True)
    return {int(number): int(count) for number, count in zip(found, sums, strict=True) if number > 0}

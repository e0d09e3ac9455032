"""One image with its objects, wherever it comes from: read when it is asked for, and named where it cannot be."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError
from .objects import BoolMask

_MOST_COUNTED = 1 << 20
"""Largest number of an object up to which areas are counted in a table instead of by sorting."""


@dataclass(frozen=True, slots=True)
class Objects:
    """The objects of an image, in layers where they overlap.

    `layers` (L, H, W) int32: 0 is background, every other number one object, in one layer only; `ignored` (H, W) bool
    marks pixels that count nowhere. `named` are the numbers that the data lists, where it lists any. `parents` gives
    for parts the number of the object that they are parts of; `stuff` are regions that are no things: sky, a road.
    `classes` are the names of the objects' classes by number, where the data names any.
    """

    layers: NDArray[np.int32]
    ignored: BoolMask
    named: frozenset[int] = frozenset()
    parents: Mapping[int, int] = field(default_factory=dict)
    stuff: frozenset[int] = frozenset()
    classes: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: NDArray[np.int32], ignored: BoolMask | None = None) -> "Objects":
        """Take objects (H, W) that do not overlap."""
        return cls(objects[None], np.zeros(objects.shape, np.bool_) if ignored is None else ignored)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.layers.shape[1], self.layers.shape[2]

    def areas(self) -> dict[int, int]:
        """Pixels that count of each object, by its number, in order; objects of no such pixel are absent."""
        counts = ~self.ignored
        found: dict[int, int] = {}
        for layer in self.layers:
            found |= _occurrences(layer[counts])
        return dict(sorted(found.items()))

    def without_pixels(self) -> list[int]:
        """Numbers of objects none of whose pixels counts, those that are listed and have no pixel at all included."""
        numbers = set(self.named)
        if self.ignored.any():
            numbers |= {number for layer in self.layers for number in _occurrences(layer[self.ignored])}
        return sorted(numbers - set(self.areas())) if numbers else []

    def mask(self, number: int) -> BoolMask:
        """Pixels (H, W) of one object."""
        return np.asarray((self.layers == number).any(axis=0))

    def things(self) -> "Objects":
        """Give the objects without the stuff, whose pixels become background."""
        if not self.stuff:
            return self
        layers = np.where(np.isin(self.layers, list(self.stuff)), 0, self.layers)
        return replace(self, layers=layers, stuff=frozenset())

    def flat(self) -> NDArray[np.int32]:
        """One layer (H, W) in which the upper objects cover the lower ones."""
        bottom: NDArray[np.int32] = self.layers[0].copy()
        for layer in self.layers[1:]:
            np.copyto(bottom, layer, where=layer != 0)
        return bottom


@dataclass(frozen=True, slots=True)
class Annotated:
    """An image of a set with its objects; nothing is read yet. Reading raises `ImageError` or `DatasetError`."""

    set_name: str
    stem: str
    read_pixels: Callable[[], NDArray[np.uint8]] = field(repr=False)
    """Gives the image (H, W, 3) uint8, RGB."""
    read_objects: Callable[[], Objects] = field(repr=False)
    group: str = ""
    """What belongs together and is never divided between training and held-out images: the volume of a slice."""
    paths: tuple[Path, ...] = ()
    """Files that decide the pixels and the objects, the image's first."""
    place: tuple[int, int] | None = None
    """Axis and index of a slice of a volume; None for a picture."""

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"{self.set_name}/{self.stem}"

    def read(self) -> tuple[NDArray[np.uint8], Objects]:
        """Read the image with its objects; raise `DatasetError` where their sizes differ."""
        pixels, objects = self.read_pixels(), self.read_objects()
        if pixels.shape[:2] != objects.size:
            height, width = objects.size
            raise DatasetError(
                f"The masks of {self.name} have {width} x {height} pixels, "
                f"its image {pixels.shape[1]} x {pixels.shape[0]}."
            )
        return pixels, objects


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something of a dataset that cannot be used, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a place holds: images with objects, and what of it was unusable from the start."""

    images: tuple[Annotated, ...]
    troubles: tuple[Trouble, ...] = ()
    listed: tuple[str, ...] = ()
    """The stems of a published list in its order, also of what is not there; empty where nothing counts its lines."""

    @classmethod
    def of(cls, parts: Sequence["Found"]) -> "Found":
        """Put several places together; of more than one, no list is left whose lines could be counted."""
        if len(parts) == 1:
            return parts[0]
        images = tuple(image for part in parts for image in part.images)
        return cls(images, tuple(trouble for part in parts for trouble in part.troubles))


def _occurrences(numbers: NDArray[np.int32]) -> dict[int, int]:
    """Count each number above 0 of a flat array."""
    if numbers.size and int(numbers.min()) >= 0 and int(numbers.max()) <= _MOST_COUNTED:
        counts = np.bincount(numbers)
        return {int(number): int(counts[number]) for number in np.flatnonzero(counts) if number > 0}
    found, sums = np.unique(numbers, return_counts=True)
    return {int(number): int(count) for number, count in zip(found, sums, strict=True) if number > 0}


def with_own_stems(images: Iterable[Annotated]) -> Iterator[Annotated]:
    """Tell images of one set and one name apart, which lie in two folders or differ in the ending."""
    taken: set[str] = set()
    for image in images:
        stem = image.stem
        while stem in taken:
            stem += "+"
        taken.add(stem)
        yield replace(image, stem=stem)


def layered(masks: Sequence[BoolMask], size: tuple[int, int]) -> NDArray[np.int32]:
    """Number masks (H, W) from 1 on and lay them into as few layers as their overlaps ask for: (L, H, W) int32."""
    layers = [np.zeros(size, np.int32)]
    for number, mask in enumerate(masks, start=1):
        free = next((layer for layer in layers if not layer[mask].any()), None)
        if free is None:
            free = np.zeros(size, np.int32)
            layers.append(free)
        free[mask] = number
    return np.stack(layers)

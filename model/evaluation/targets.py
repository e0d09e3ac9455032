"""Which objects of a dataset are clicked: all, or a sample that is spread evenly and is the same each time."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from ..data.annotated import Annotated, Found, Objects, Trouble
from ..errors import DatasetError, ImageError

Item = TypeVar("Item")
Key = tuple[str, str, int]
"""Set, stem and number: what names an object in its dataset."""

_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How many objects are taken; None means all."""

    per_image: int | None = None
    """At most so many objects an image, spread over their sizes."""
    per_set: int | None = None
    """At most so many objects a set, spread over its images."""
    total: int | None = None
    """At most so many objects, spread over all images."""
    min_area: int = 1
    """Objects of fewer pixels that count are left out."""
    last_only: bool = False
    """Only the object of the highest number of each image: the count of iSegFormer's published evaluation."""


@dataclass(frozen=True)
class Target:
    """One object to be clicked: its number in its image, its pixels that count, and what names its files' contents."""

    image: Annotated
    number: int
    area: int
    files: str = ""

    @property
    def key(self) -> Key:
        """What names the object in its dataset."""
        return self.image.set_name, self.image.stem, self.number


def find_targets(found: Found, selection: Selection) -> tuple[list[list[Target]], list[Trouble]]:
    """Choose the objects, a list an image in the order of the data; what cannot be used becomes a trouble."""
    troubles = list(found.troubles)
    sets: dict[str, list[list[Target]]] = {}
    for image in found.images:
        try:
            objects = image.read_objects()
        except (ImageError, DatasetError) as error:
            troubles.append(Trouble(image.name, str(error)))
            continue
        troubles += _empty_objects(image, objects)
        sets.setdefault(image.set_name, []).append(_of_image(image, objects, selection))
    images = [targets for each in sets.values() for targets in thin_out(each, selection.per_set)]
    chosen = [targets for targets in thin_out(images, selection.total) if targets]
    return _with_fingerprints(chosen, troubles), troubles


def dataset_hash(images: Iterable[Iterable[Target]]) -> str:
    """Name the objects and the contents of their files: SHA-256 in hexadecimal, the same for the same data."""
    digest = hashlib.sha256()
    for target in sorted((target for targets in images for target in targets), key=lambda target: target.key):
        digest.update("\t".join(map(str, (*target.key, target.area, target.files))).encode() + b"\n")
    return digest.hexdigest()


def thin_out(images: Sequence[list[Target]], limit: int | None) -> list[list[Target]]:
    """Keep at most `limit` targets: first one of each image, then a second one, the last round spread evenly."""
    if limit is None:
        return list(images)
    kept: list[list[Target]] = [[] for _ in images]
    left = limit
    for level in range(max(map(len, images), default=0)):
        places = spread([place for place, targets in enumerate(images) if len(targets) > level], left)
        for place in places:
            kept[place].append(images[place][level])
        left -= len(places)
    return kept


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Take `count` of the items at even distances, each from the middle of its stretch; all where they are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[(2 * index + 1) * len(items) // (2 * count)] for index in range(count)]


@dataclass
class Fingerprints:
    """Hashes of files, each read once."""

    _known: dict[Path, str] = field(default_factory=dict)

    def of(self, image: Annotated) -> str:
        """Name the contents of an image and of its truth: 16 hexadecimal digits. Raises `DatasetError`."""
        words = [image.stem, *map(self._file, image.paths)]
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


def _empty_objects(image: Annotated, objects: Objects) -> list[Trouble]:
    troubles = [Trouble(image.name, f"object {number} has no pixel that counts") for number in objects.without_pixels()]
    if not troubles and not objects.areas():
        troubles.append(Trouble(image.name, "its mask holds no object"))
    return troubles


def _of_image(image: Annotated, objects: Objects, selection: Selection) -> list[Target]:
    targets = [Target(image, number, area) for number, area in objects.areas().items() if area >= selection.min_area]
    if selection.last_only:
        return targets[-1:]
    if selection.per_image is None:
        return targets
    by_size = sorted(targets, key=lambda target: (-target.area, target.number))
    return spread(by_size, selection.per_image)


def _with_fingerprints(images: Iterable[list[Target]], troubles: list[Trouble]) -> list[list[Target]]:
    """Hash the files of what was chosen; an image that cannot be read is a trouble already here."""
    prints = Fingerprints()
    named = []
    for targets in images:
        image = targets[0].image
        try:
            files = prints.of(image)
        except DatasetError as error:
            troubles.append(Trouble(image.name, str(error)))
        else:
            named.append([Target(image, target.number, target.area, files) for target in targets])
    return named

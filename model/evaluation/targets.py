"""Which objects of a dataset are clicked: all, or a sample that is spread evenly and is the same each time."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import DatasetError, ImageError
from .samples import Entry, Fingerprints, ImageSet, Problem, Truths

Item = TypeVar("Item")
Key = tuple[str, str, int]
"""Set, stem and number: what names an object in its dataset."""


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
    """One object to be clicked: its number in the truth of its image, and its pixels that count."""

    entry: Entry
    number: int
    area: int
    files: str = ""
    """Names the contents of the files of its image; see `Fingerprints`."""

    @property
    def key(self) -> Key:
        """What names the object in its dataset."""
        return self.entry.set_name, self.entry.stem, self.number


def find_targets(sets: Iterable[ImageSet], selection: Selection) -> tuple[list[list[Target]], list[Problem]]:
    """Choose the objects, a list an image in the order of the sets; what cannot be used becomes a problem."""
    images: list[list[Target]] = []
    problems: list[Problem] = []
    for image_set in sets:
        problems += image_set.problems
        if not image_set.entries:
            problems.append(Problem(image_set.name, "", "the set has no image with a mask"))
        found: list[list[Target]] = []
        for entry in image_set.entries:
            try:
                truths = image_set.read_truths(entry)
            except (ImageError, DatasetError) as error:
                problems.append(Problem(entry.set_name, entry.stem, str(error)))
                continue
            problems += _empty_objects(entry, truths)
            found.append(_of_image(entry, truths, selection))
        images += thin_out(found, selection.per_set)
    chosen = [targets for targets in thin_out(images, selection.total) if targets]
    return _with_fingerprints(chosen, problems), problems


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


def _empty_objects(entry: Entry, truths: Truths) -> list[Problem]:
    problems = [
        Problem(entry.set_name, entry.stem, f"object {number} has no pixel that counts")
        for number in truths.without_pixels()
    ]
    if not problems and not truths.areas():
        problems.append(Problem(entry.set_name, entry.stem, "the mask holds no object"))
    return problems


def _of_image(entry: Entry, truths: Truths, selection: Selection) -> list[Target]:
    targets = [Target(entry, number, area) for number, area in truths.areas().items() if area >= selection.min_area]
    if selection.last_only:
        return targets[-1:]
    if selection.per_image is None:
        return targets
    by_size = sorted(targets, key=lambda target: (-target.area, target.number))
    return spread(by_size, selection.per_image)


def _with_fingerprints(images: Iterable[list[Target]], problems: list[Problem]) -> list[list[Target]]:
    """Hash the files of what was chosen; an image that cannot be read is a problem already here."""
    prints = Fingerprints()
    named = []
    for targets in images:
        entry = targets[0].entry
        try:
            files = prints.of(entry)
        except DatasetError as error:
            problems.append(Problem(entry.set_name, entry.stem, str(error)))
        else:
            named.append([Target(target.entry, target.number, target.area, files) for target in targets])
    return named

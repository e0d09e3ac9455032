"""Which objects of a dataset are clicked: all, or a sample that is spread evenly and is the same each time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..errors import DatasetError, ImageError
from .samples import Entry, ImageSet, Problem, areas_of

Item = TypeVar("Item")


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
    """One object to be clicked: its number in the mask of its image, and its pixels that count."""

    entry: Entry
    number: int
    area: int


def find_targets(sets: Iterable[ImageSet], selection: Selection) -> tuple[list[list[Target]], list[Problem]]:
    """Choose the objects, a list an image in the order of the sets; what cannot be read becomes a problem."""
    images: list[list[Target]] = []
    problems: list[Problem] = []
    for image_set in sets:
        problems += image_set.problems
        found: list[list[Target]] = []
        for entry in image_set.entries:
            try:
                areas = areas_of(*image_set.read_objects(entry))
            except (ImageError, DatasetError) as error:
                problems.append(Problem(entry.set_name, entry.stem, str(error)))
                continue
            found.append(_of_image([Target(entry, number, area) for number, area in areas.items()], selection))
        images += thin_out(found, selection.per_set)
    return [targets for targets in thin_out(images, selection.total) if targets], problems


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


def _of_image(targets: list[Target], selection: Selection) -> list[Target]:
    targets = [target for target in targets if target.area >= selection.min_area]
    if selection.last_only:
        return targets[-1:]
    if selection.per_image is None:
        return targets
    by_size = sorted(targets, key=lambda target: (-target.area, target.number))
    return spread(by_size, selection.per_image)

"""The look at the data before anything starts: what is there, what is left out and why, in words for people."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DatasetError, ImageError
from .annotated import Annotated, Found, Trouble

SMALLEST = 20
"""Fewest pixels of an object that is worth a click."""

_NAMED = 20
_CLASSES = 12
Told = Callable[[int, int], None]
"""Hears how many images were looked at, of how many."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One usable image and the areas of its objects in pixels, by number."""

    image: Annotated
    areas: dict[int, int]
    classes: tuple[str, ...]
    """Of each of these objects, where the data names any."""
    size: tuple[int, int]
    ignored: int
    """Pixels that count nowhere."""


@dataclass(frozen=True, slots=True)
class DataCheck:
    """The outcome: usable images, and troubles."""

    usable: tuple[Checked, ...]
    troubles: tuple[Trouble, ...]

    @property
    def objects(self) -> int:
        """Number of objects of all usable images."""
        return sum(len(each.areas) for each in self.usable)

    def facts(self) -> dict[str, Any]:
        """The report as numbers; shares are of pixels, in [0, 1]."""
        areas = np.array([area for each in self.usable for area in each.areas.values()], np.float64)
        pixels = sum(each.size[0] * each.size[1] for each in self.usable)
        sides = [max(each.size) for each in self.usable]
        per_set: dict[str, dict[str, int]] = {}
        for each in self.usable:
            counts = per_set.setdefault(each.image.set_name, {"images": 0, "objects": 0})
            counts["images"] += 1
            counts["objects"] += len(each.areas)
        return {
            "images": len(self.usable),
            "objects": self.objects,
            "left_out": len(self.troubles),
            "sets": per_set,
            "classes": dict(Counter(name for each in self.usable for name in each.classes).most_common()),
            "object_area": {str(q): round(float(np.percentile(areas, q))) for q in (0, 50, 100)} if areas.size else {},
            "object_share": round(float(areas.sum() / pixels), 4) if pixels else 0.0,
            "void_share": round(sum(each.ignored for each in self.usable) / pixels, 4) if pixels else 0.0,
            "longest_side": {"smallest": min(sides, default=0), "largest": max(sides, default=0)},
            "troubles": [{"name": each.name, "reason": each.reason} for each in self.troubles],
        }

    def text(self) -> str:
        """The report in lines for people."""
        facts = self.facts()
        lines = [f"{counted(facts['images'], 'image')} with {counted(facts['objects'], 'object')} can be used."]
        if len(facts["sets"]) > 1:
            lines += [
                f"  {name}: {counted(n['images'], 'image')}, {counted(n['objects'], 'object')}"
                for name, n in facts["sets"].items()
            ]
        if facts["objects"]:
            small, middle, large = facts["object_area"].values()
            smallest, largest = facts["longest_side"]["smallest"], facts["longest_side"]["largest"]
            sides = f"{smallest} to {largest}" if smallest < largest else str(largest)
            lines.append(f"Objects have {small} to {large} pixels, half of them under {middle}.")
            lines.append(f"Images have {sides} pixels at the longer side.")
            lines.append(f"Objects cover {100 * facts['object_share']:.1f} % of all pixels.")
        if facts["classes"]:
            counts = [f"{name} {count}" for name, count in facts["classes"].items()]
            more = len(counts) - _CLASSES
            rest = f" and {more} classes more" if more > 0 else ""
            lines.append(f"Objects of each class: {', '.join(counts[:_CLASSES])}{rest}.")
        if facts["void_share"]:
            lines.append(f"{100 * facts['void_share']:.1f} % of all pixels are void and count nowhere.")
        if self.troubles:
            lines.append(f"{len(self.troubles)} left out:")
            lines += [f"  {each.name}: {each.reason}" for each in self.troubles[:_NAMED]]
            more = len(self.troubles) - _NAMED
            lines += [f"  and {more} more"] if more > 0 else []
        return "\n".join(lines) + "\n"


def counted(count: int, noun: str) -> str:
    """Put a number before a noun, as "1 image" and "2 images"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def check_data(found: Found, told: Told = lambda done, total: None, *, strict: bool = False) -> DataCheck:
    """Read everything once. What is unusable is left out and named; with `strict` the first raises `DatasetError`."""
    troubles = list(found.troubles)
    usable = []
    for place, image in enumerate(found.images):
        told(place, len(found.images))
        try:
            usable.append(_checked(image))
        except (ImageError, DatasetError) as error:
            troubles.append(Trouble(image.name, str(error)))
    told(len(found.images), len(found.images))
    if strict and troubles:
        raise DatasetError(
            f"The data is not clean ({len(troubles)} to be mended), the first: "
            f"{troubles[0].name}: {troubles[0].reason.rstrip('.')}."
        )
    if not usable:
        reason = f", the first: {troubles[0].name}: {troubles[0].reason.rstrip('.')}" if troubles else ""
        raise DatasetError(f"No image of the data can be used{reason}.")
    return DataCheck(tuple(usable), tuple(troubles))


def _checked(image: Annotated) -> Checked:
    _, objects = image.read()
    areas = {number: area for number, area in objects.areas().items() if area >= SMALLEST}
    if not areas:
        reason = "its mask is empty" if not objects.layers.any() else f"no object has {SMALLEST} pixels that count"
        raise DatasetError(f"{reason}.")
    classes = tuple(name for number, name in objects.classes.items() if number in areas)
    return Checked(image, areas, classes, objects.size, int(np.count_nonzero(objects.ignored)))


def hold_out(usable: Sequence[Checked], share: float, seed: int) -> tuple[list[Checked], list[Checked]]:
    """Divide into images to train on and images held out, which have about `share` of the objects.

    Whole groups (the slices of a volume) go to one side. Raises `DatasetError` where there are fewer than two groups.
    """
    groups: dict[str, list[Checked]] = {}
    for each in usable:
        groups.setdefault(each.image.group or each.image.name, []).append(each)
    if len(groups) < 2:
        raise DatasetError("There must be at least two images (or volumes): one to train on and one to hold out.")
    names = list(groups)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    wanted = share * sum(len(each.areas) for each in usable)
    held: list[Checked] = []
    for name in order[:-1]:
        if held and sum(len(each.areas) for each in held) >= wanted:
            break
        held += groups[name]
    kept = {id(each) for each in held}
    return [each for each in usable if id(each) not in kept], held

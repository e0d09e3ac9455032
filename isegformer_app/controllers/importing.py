"""Masks made elsewhere become objects: of a picture on the photo that is open, of a COCO file on the whole queue."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from isegformer_app.document import (
    PHOTO,
    Annotation,
    Colour,
    Edit,
    MaskCrop,
    OverlapRule,
    SliceKey,
    State,
    Viewpoint,
)
from isegformer_app.document.edits import Batch, PlaceMask
from isegformer_app.document.label_map import MAX_OBJECT_ID
from isegformer_app.document.object_edits import NewClass, NewObject
from isegformer_app.files.errors import FileProblem
from isegformer_app.files.volumes import VolumeSource

from .album import Album, Work
from .progress import Progress

if TYPE_CHECKING:
    from isegformer_app.files.coco_import import CocoImport, ImportedObject, ImportedPhoto
    from isegformer_app.files.label_volume import ImportedLabel

_HIGHEST_KEPT = MAX_OBJECT_ID // 4
"""Highest number of a label that becomes that of an object: others, and those of other sessions, follow it."""

Watch = Callable[[Path, str, Annotation, VolumeSource | None], None]
"""Keeps the work on a photo safe from a crash: its path, the hash of its file, its annotation, a volume's source."""


@dataclass(frozen=True, slots=True, eq=False)
class Landing:
    """What a COCO file holds for one photo of the queue; `content_hash` is empty where the photo was visited."""

    path: Path
    size: tuple[int, int]
    content_hash: str
    objects: "tuple[ImportedObject, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A COCO file that was read and matched with the queue; `skipped` are sentences on what cannot land."""

    source: Path
    landings: tuple[Landing, ...]
    colours: Mapping[str, Colour]
    skipped: tuple[str, ...]


@dataclass(slots=True)
class Landed:
    """What was imported so far."""

    objects: int = 0
    photos: int = 0
    new_classes: list[str] = field(default_factory=list)


# A picture of masks --------------------------------------------------------------------------------------------------


def mask_edit(
    annotation: Annotation, masks: Sequence[MaskCrop], class_id: int, rule: OverlapRule, key: SliceKey = PHOTO
) -> Batch:
    """Make an object of each mask on a slice, as one step."""
    number = annotation.state.next_object_id
    edits: list[Edit] = []
    for place, mask in enumerate(masks):
        edits += [NewObject(number + place, class_id), PlaceMask(number + place, key, mask, rule)]
    return Batch(tuple(edits), PlaceMask.title, number, key)


def joined(masks: Iterable[MaskCrop], size: tuple[int, int]) -> MaskCrop:
    """Make one mask of many, on a photo of `size` (rows, columns)."""
    both = np.zeros(size, dtype=np.bool_)
    for mask in masks:
        both[_area(mask)] |= mask.pixels
    return MaskCrop.of(both)


def free_pixels(annotation: Annotation, mask: MaskCrop, rule: OverlapRule, key: SliceKey = PHOTO) -> int:
    """Count the pixels that the overlap rule leaves to a new object."""
    area, free = _area(mask), mask.pixels.copy()
    for plane in annotation.label_map.planes(key):
        if rule is OverlapRule.KEEP:
            free &= plane[area] == 0
        elif rule is OverlapRule.OVERWRITE:
            free &= ~np.isin(plane[area], list(annotation.state.locked_ids))
    return int(free.sum())


def _area(mask: MaskCrop) -> tuple[slice, slice]:
    height, width = mask.shape
    return slice(mask.top, mask.top + height), slice(mask.left, mask.left + width)


def label_edit(annotation: Annotation, labels: "Sequence[ImportedLabel]", class_id: int) -> Batch:
    """Make an object of each label of a volume, as one step; they stay whole where they overlap others.

    They keep their numbers where these are free, so that they are written as they came; else their names tell them.
    """
    free = annotation.state.next_object_id
    are_kept = labels[0].value >= free and labels[-1].value <= _HIGHEST_KEPT
    edits: list[Edit] = []
    for place, each in enumerate(labels):
        number = each.value if are_kept else free + place
        name = each.look.name or ("" if are_kept else f"label {each.value}")
        edits.append(NewObject(number, class_id, name, each.look.colour))
        edits += [PlaceMask(number, SliceKey(0, index), mask, OverlapRule.ALLOW) for index, mask in each.planes]
    first = labels[0].planes[0][0]
    return Batch(tuple(edits), "Import labels", labels[0].value if are_kept else free, SliceKey(0, first))


# A COCO file ---------------------------------------------------------------------------------------------------------


def read_arrival(
    source: Path, queue: Sequence[Path], sizes: Mapping[Path, tuple[int, int]], progress: Progress
) -> Arrival:
    """Read a COCO file for the photos of the queue, away from the window's thread.

    `sizes` are those of the photos that were visited. Raises `FileProblem`, and what `progress` raises.
    """
    # Only now: pycocotools takes time to import and nobody needs it to see the window.
    from isegformer_app.files.coco_import import read_coco

    progress(0, 0, source.name)
    read = read_coco(source, lambda done, total: progress(done, total, source.name))
    skipped = list(read.skipped)
    landings = []
    pairs = list(_matched(read, queue, skipped))
    for place, (photo, path) in enumerate(pairs):
        progress(place, len(pairs), path.name)
        landing = _landing(photo, path, sizes.get(path), skipped)
        landings += [] if landing is None else [landing]
    return Arrival(source, tuple(landings), dict(read.classes), tuple(skipped))


def land(arrival: Arrival, album: Album, watch: Watch, landed: Landed, progress: Progress) -> None:
    """Put the objects upon their photos and count them in `landed`. Each photo's are one step of its history.

    May run away from the window's thread as long as nothing else touches the queue. Raises `EditError`, and what
    `progress` raises; what landed before stays.
    """
    for place, landing in enumerate(arrival.landings):
        progress(place, len(arrival.landings), landing.path.name)
        work = album.work(landing.path)
        if work is None:
            work = Work(Annotation((1, *landing.size)), Viewpoint(), landing.content_hash)
            album.adopt(landing.path, work)
        watch(landing.path, work.content_hash, work.annotation, album.sources.get(landing.path))
        known = {each.name for each in work.annotation.classes}
        work.annotation.apply(_landing_edit(work.annotation.state, landing.objects, arrival.colours))
        album.share_classes(landing.path)
        if landing.path != album.current:
            work.annotation.label_map.pack()
        landed.objects += len(landing.objects)
        landed.photos += 1
        landed.new_classes += [
            each.name
            for each in work.annotation.classes
            if each.name not in known and each.name not in landed.new_classes
        ]


def _landing_edit(state: State, objects: "Sequence[ImportedObject]", colours: Mapping[str, Colour]) -> Batch:
    """Make the objects, and the classes that are missing, as one step; masks stay whole where they overlap."""
    ids = {each.name.casefold(): each.id for each in state.classes}
    number, next_class = state.next_object_id, state.next_class_id
    edits: list[Edit] = []
    for place, each in enumerate(objects):
        name = each.class_name.strip() or "object"
        if name.casefold() not in ids:
            edits.append(NewClass(name, colours.get(each.class_name)))
            ids[name.casefold()], next_class = next_class, next_class + 1
        edits.append(NewObject(number + place, ids[name.casefold()], each.name))
        edits.append(PlaceMask(number + place, PHOTO, each.mask, OverlapRule.ALLOW))
    return Batch(tuple(edits), "Import COCO")


def _matched(read: "CocoImport", queue: Sequence[Path], skipped: list[str]) -> "Iterator[tuple[ImportedPhoto, Path]]":
    """Find the photo of the queue for each of the file: the same path, else the same name, as much of it as agrees."""
    by_name: dict[str, list[Path]] = {}
    for path in queue:
        by_name.setdefault(path.name.casefold(), []).append(path)
    taken: set[Path] = set()
    for photo in read.photos:
        named = [path for path in by_name.get(photo.path.name.casefold(), []) if path not in taken]
        wanted = Path(os.path.normpath(photo.path))
        best = max((_agreement(path, wanted) for path in named), default=0)
        found = [path for path in named if _agreement(path, wanted) == best]
        if len(found) == 1:
            taken.add(found[0])
            yield photo, found[0]
        elif found:
            skipped.append(f"“{photo.path.name}” was left out: {len(found)} photos of the queue have this name.")
        else:
            skipped.append(f"“{photo.path.name}” was left out: it is not in the queue; open it and import again.")


def _agreement(path: Path, wanted: Path) -> int:
    """Count the parts that two paths share at their ends."""
    pairs = zip(reversed(path.parts), reversed(wanted.parts), strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one.casefold() != other.casefold()), 1000)


def _landing(photo: "ImportedPhoto", path: Path, size: tuple[int, int] | None, skipped: list[str]) -> Landing | None:
    from isegformer_app.files.photos import content_hash, photo_size

    digest = ""
    try:
        if size is None:
            size, digest = photo_size(path), content_hash(path)
    except FileProblem as problem:
        skipped.append(f"“{path.name}” was left out: {problem}")
        return None
    if size != photo.size:
        skipped.append(
            f"“{path.name}” was left out: it is {size[1]} x {size[0]} pixels, in the COCO file "
            f"{photo.size[1]} x {photo.size[0]}."
        )
        return None
    return Landing(path, size, digest, photo.objects)

"""Reading a COCO file made elsewhere: polygons and run lengths become masks on their photos."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isegformer_app.document import Colour, MaskCrop, palette_colour

from .errors import CannotRead, Damaged, FileProblem, cannot_read
from .exports import coco_masks
from .plain_json import BadContent, Json, listed, number, record, text, triple

_MOST_PIXELS = 2**31
_LARGEST_FILE = 2**31
_NO_OUTLINE = "it has no outline, only a box perhaps"
_POLYGON_NUMBERS = 6
_LONGEST_OUTLINE = 1e7
"""Pixels along the polygons of an object: pycocotools takes 80 bytes for each, and crashes where it gets none."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedObject:
    """One object of a COCO file: its class by name, the name it was given (empty: none), and its mask."""

    class_name: str
    name: str
    mask: MaskCrop


@dataclass(frozen=True, slots=True, eq=False)
class ImportedPhoto:
    """One photo of a COCO file that has objects; `size` is (rows, columns) as the file says."""

    path: Path
    size: tuple[int, int]
    objects: tuple[ImportedObject, ...]


@dataclass(frozen=True, slots=True, eq=False)
class CocoImport:
    """What a COCO file holds: its classes with their colours, its photos, and sentences on what was left out."""

    classes: tuple[tuple[str, Colour], ...]
    photos: tuple[ImportedPhoto, ...]
    skipped: tuple[str, ...]


def read_coco(source: Path, watch: Callable[[int, int], None] = lambda done, total: None) -> CocoImport:
    """Read a COCO file; photos are looked for beside it. Raises `CannotRead` and `Damaged`.

    `watch` is told how many objects were read, and of how many; it may raise to stop.
    """
    try:
        if source.stat().st_size > _LARGEST_FILE:
            raise CannotRead(f"“{source.name}” is larger than 2 GB; split it and import the parts.")
        content = record(json.loads(source.read_bytes()))
        classes = {number(each.get("id")): _class(each) for each in _records(content, "categories")}
        images = {number(each.get("id")): each for each in _records(content, "images")}
        reader = _Reader(images, {key: name for key, (name, _) in classes.items()}, source.absolute().parent)
        entries = _records(content, "annotations")
        for place, entry in enumerate(entries):
            watch(place, len(entries))
            reader.add(entry)
        photos = tuple(reader.photos())
    except OSError as error:
        raise cannot_read(source, error) from error
    except FileProblem:
        raise
    except MemoryError as error:
        raise CannotRead(f"“{source.name}” does not fit into the memory of this computer.") from error
    except (BadContent, ValueError, RecursionError) as error:
        raise Damaged(f"“{source.name}” is no COCO file or damaged ({error}); get a fresh copy of it.") from error
    return CocoImport(tuple(classes.values()), photos, tuple(reader.skipped))


class _Reader:
    """Collects the objects of each image; what cannot be read costs one object, not the file."""

    def __init__(self, images: dict[int, Json], classes: dict[int, str], folder: Path) -> None:
        self.skipped: list[str] = []
        self._images = images
        self._classes = classes
        self._folder = folder
        self._objects: dict[int, list[ImportedObject]] = {}

    def add(self, entry: Json) -> None:
        """Read one annotation."""
        try:
            image_id = number(entry.get("image_id"))
            image = self._images.get(image_id)
            if image is None:
                raise BadContent("its image is not listed")
            mask = _mask(entry.get("segmentation"), _size(image))
            class_name = self._classes.get(number(entry.get("category_id")))
            if class_name is None:
                raise BadContent("its category is not listed")
        except (BadContent, ValueError) as error:
            self.skipped.append(f"The annotation {entry.get('id')!r:.20} was left out: {error}.")
            return
        name = entry.get("name")
        found = ImportedObject(class_name, name if isinstance(name, str) else "", mask)
        self._objects.setdefault(image_id, []).append(found)

    def photos(self) -> Iterator[ImportedPhoto]:
        """Yield the images that have objects, in the file's order."""
        for image_id, image in self._images.items():
            if image_id in self._objects:
                path = self._folder / text(image.get("file_name"))
                yield ImportedPhoto(path, _size(image), tuple(self._objects[image_id]))


def _records(content: Json, name: str) -> tuple[Json, ...]:
    return listed(content.get(name), record)


def _class(entry: Json) -> tuple[str, Colour]:
    colour = entry.get("color")
    name = text(entry.get("name"))
    return name, palette_colour(number(entry.get("id")) or 1) if colour is None else triple(colour, 255)


def _size(image: Json) -> tuple[int, int]:
    height, width = number(image.get("height"), 1), number(image.get("width"), 1)
    if height * width > _MOST_PIXELS:
        raise BadContent(f"its image is said to have {height} x {width} pixels")
    return height, width


def _mask(segmentation: Any, size: tuple[int, int]) -> MaskCrop:  # noqa: ANN401 - JSON may hold anything
    if segmentation is None:
        raise BadContent(_NO_OUTLINE)
    if isinstance(segmentation, list):
        parts = [list(listed(part, _coordinate)) for part in segmentation]
        if not parts or any(len(part) < _POLYGON_NUMBERS or len(part) % 2 for part in parts):
            raise BadContent(_NO_OUTLINE)
        if sum(map(_length, parts)) > _LONGEST_OUTLINE:
            raise BadContent("its outline is longer than any of a photo")
        crop = coco_masks.crop(parts, size)
    else:
        crop = coco_masks.crop(_rle(record(segmentation), size), size)
    if crop.is_empty:
        raise BadContent("it has no pixels")
    return crop


def _rle(stored: Json, size: tuple[int, int]) -> coco_masks.Rle:
    if listed(stored.get("size"), number) != size:
        raise BadContent("its mask is of another size than its image")
    counts = stored.get("counts")
    runs = list(listed(counts, number)) if isinstance(counts, list) else text(counts)
    return {"size": list(size), "counts": runs}


def _length(part: list[float]) -> float:
    """Pixels along an outline, more rather than less."""
    pairs = zip(part, part[2:] + part[:2], strict=True)
    return sum(abs(one - other) + 1 for one, other in pairs)


def _coordinate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or abs(value) > 1e6:  # noqa: PLR2004 - further out is no photo
        raise BadContent("its outline holds something else than coordinates")
    return float(value)

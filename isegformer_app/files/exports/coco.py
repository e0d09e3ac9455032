"""COCO JSON: one file for one photo or many, masks as run lengths, so that holes and parts survive."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isegformer_app.document import Annotation, Colour, LabelClass

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from . import coco_masks
from .report import Export, Item, Picture, items, relative_path

Json = dict[str, Any]

OBJECTS_AN_IMAGE = 1 << 16
"""Numbers that each image has for its annotations: one photo holds at most 65,535 objects."""


class _Categories:
    """The classes of all photos, by name: a class keeps its number unless two classes claim the same."""

    def __init__(self) -> None:
        self._by_name: dict[str, tuple[int, Colour]] = {}

    def add(self, label_class: LabelClass) -> int:
        """Return the category's number, from 1."""
        if label_class.name not in self._by_name:
            taken = {number for number, _ in self._by_name.values()}
            number = label_class.id if label_class.id >= 1 and label_class.id not in taken else max(taken) + 1
            self._by_name[label_class.name] = number, label_class.colour
        return self._by_name[label_class.name][0]

    def entries(self) -> list[Json]:
        """Return COCO's list."""
        return [
            {"id": number, "name": name, "supercategory": "", "color": list(colour)}
            for name, (number, colour) in sorted(self._by_name.items(), key=lambda entry: entry[1][0])
        ]


def write_coco(path: Path, annotation: Annotation, image_path: Path, tolerance: float | None = None) -> Export:
    """Write the objects of one photo; see `write_coco_photos`."""
    return write_coco_photos(path, [Picture(image_path, annotation)], tolerance)


def write_coco_photos(path: Path, pictures: Iterable[Picture], tolerance: float | None = None) -> Export:
    """Write the objects of all `pictures` into one file; images are named by their path as seen from it.

    Images are numbered from 1 in the order given; the annotation of object k of image n is (n - 1) * 65536 + k, so
    that a number stays with its object. Every mask is decoded again and compared. Raises `CannotWrite`.

    With a `tolerance` the masks are polygons that stay within so many pixels of the true outline: exact at 0. Objects
    with holes, which a polygon cannot hold, are run lengths all the same.
    """
    skipped: list[str] = []
    categories = _Categories()
    images: list[Json] = []
    annotations: list[Json] = []
    written: list[tuple[Item, tuple[int, int]]] = []
    for image_id, picture in enumerate(pictures, start=1):
        size = picture.annotation.shape[1], picture.annotation.shape[2]
        images.append(_image(image_id, picture, size, path.parent))
        for label_class in picture.annotation.classes:
            categories.add(label_class)
        for item in items(picture, skipped):
            entry = _annotation(item, size, image_id, categories.add(item.label_class))
            entry["segmentation"] = _segmentation(item, size, tolerance, skipped)
            annotations.append(entry)
            written.append((item, size))
    content = {
        "info": {"description": _description(tolerance), "version": "1.0"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": categories.entries(),
    }
    with replacing(path) as draft:
        draft.write_text(json.dumps(content), encoding="utf-8")
        _compare(draft, path, content, written, tolerance)
    return Export((path,), len(annotations), tuple(skipped))


def _image(image_id: int, picture: Picture, size: tuple[int, int], folder: Path) -> Json:
    name = relative_path(picture.path, folder)
    return {"id": image_id, "file_name": name, "height": size[0], "width": size[1]}


def _annotation(item: Item, size: tuple[int, int], image_id: int, category_id: int) -> Json:
    height, width = item.mask.shape
    return {
        "id": (image_id - 1) * OBJECTS_AN_IMAGE + item.object.id,
        "image_id": image_id,
        "category_id": category_id,
        "area": int(item.mask.pixels.sum()),
        "bbox": [item.mask.left, item.mask.top, width, height],
        "iscrowd": 0,
        "name": item.object.name,
    }


def _segmentation(
    item: Item, size: tuple[int, int], tolerance: float | None, skipped: list[str]
) -> coco_masks.Rle | coco_masks.Polygons:
    if tolerance is None:
        return coco_masks.encode(item.mask, size)
    polygons = coco_masks.polygons(item.mask, tolerance)
    if polygons is None:
        skipped.append(f"“{item.object.name}” has holes, which a polygon cannot hold, and is written as run lengths.")
        return coco_masks.encode(item.mask, size)
    return polygons


def _description(tolerance: float | None) -> str:
    if not tolerance:
        return "Masks drawn with iSegFormer"
    return f"Masks drawn with iSegFormer; polygons are within {tolerance:g} pixels of their outlines"


def _compare(
    draft: Path, path: Path, content: Json, written: list[tuple[Item, tuple[int, int]]], tolerance: float | None
) -> None:
    stored = json.loads(draft.read_text(encoding="utf-8"))
    # Polygons that were allowed to differ from the mask can only be compared as they stand in the file.
    is_same = stored == content and all(
        coco_masks.is_same(entry["segmentation"], item.mask, size)
        for entry, (item, size) in zip(stored["annotations"], written, strict=True)
        if not (tolerance and isinstance(entry["segmentation"], list))
    )
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))

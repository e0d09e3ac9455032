"""COCO JSON: one file for one photo or many, masks as run lengths, so that holes and parts survive."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from isegformer_app.document import Annotation, LabelClass

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from . import coco_masks
from .classes import ClassList
from .report import Export, Item, Picture, Watch, items, relative_path, unwatched

Json = dict[str, Any]

OBJECTS_AN_IMAGE = 1 << 16
"""Numbers that each image has for its annotations: one photo holds at most 65,535 objects."""

_HOLES = "“{}” in “{}” has holes, which a polygon cannot hold, and is written as run lengths."


def write_coco(path: Path, annotation: Annotation, image_path: Path, tolerance: float | None = None) -> Export:
    """Write the objects of one photo; see `write_coco_photos`."""
    return write_coco_photos(path, [Picture(image_path, annotation)], tolerance)


def write_coco_photos(
    path: Path, pictures: Iterable[Picture], tolerance: float | None = None, watch: Watch = unwatched
) -> Export:
    """Write the objects of all `pictures` into one file; images are named by their path as seen from it.

    Images are numbered from 1 in the order given; the annotation of object k of image n is (n - 1) * 65536 + k, so
    that a number stays with its object. Every mask is decoded again and compared. Raises `CannotWrite`.

    With a `tolerance` the masks are polygons that stay within so many pixels of the true outline: exact at 0. Objects
    with holes, which a polygon cannot hold, are run lengths all the same.
    """
    skipped: list[str] = []
    categories = ClassList()
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
            watch()
            entry["segmentation"] = _segmentation(item, size, tolerance)
            if tolerance is not None and not isinstance(entry["segmentation"], list):
                skipped.append(_HOLES.format(item.object.name, picture.path.name))
            annotations.append(entry)
            written.append((item, size))
    content = {
        "info": {"description": _description(tolerance), "version": "1.0"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [_category(each) for each in categories.classes],
    }
    with replacing(path) as draft:
        draft.write_text(json.dumps(content), encoding="utf-8")
        _compare(draft, path, content, written, tolerance, watch)
    return Export((path,), len(annotations), tuple(skipped))


def _category(label_class: LabelClass) -> Json:
    colour = list(label_class.colour)
    return {"id": label_class.id, "name": label_class.name, "supercategory": "", "color": colour}


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


def _segmentation(item: Item, size: tuple[int, int], tolerance: float | None) -> coco_masks.Rle | coco_masks.Polygons:
    """Encode as wanted; run lengths where the mask has holes, which a polygon cannot hold."""
    polygons = None if tolerance is None else coco_masks.polygons(item.mask, tolerance)
    return coco_masks.encode(item.mask, size) if polygons is None else polygons


def _description(tolerance: float | None) -> str:
    if not tolerance:
        return "Masks drawn with iSegFormer"
    return f"Masks drawn with iSegFormer; polygons are within {tolerance:g} pixels of their outlines"


def _compare(
    draft: Path,
    path: Path,
    content: Json,
    written: list[tuple[Item, tuple[int, int]]],
    tolerance: float | None,
    watch: Watch,
) -> None:
    stored = json.loads(draft.read_text(encoding="utf-8"))
    is_same = stored == content
    for entry, (item, size) in zip(stored["annotations"] if is_same else (), written, strict=is_same):
        watch()
        # Polygons that were allowed to differ from the mask can only be compared as they stand in the file.
        if not (tolerance and isinstance(entry["segmentation"], list)):
            is_same = is_same and coco_masks.is_same(entry["segmentation"], item.mask, size)
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))

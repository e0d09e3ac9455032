"""Pascal VOC: label pictures below SegmentationClass and SegmentationObject, in VOC's colours."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from isegformer_app.document import PHOTO, Annotation, Colour, LabelClass

from ..atomic import make_folder, write_bytes
from ..errors import CannotWrite
from .indexed_png import hidden_by_overlap, save_png
from .report import Export, Picture, class_of, items

MOST_NUMBERS = 254
"""VOC's pictures have 8 bits, and 255 means *to be ignored*."""


FOLDERS = ("SegmentationClass", "SegmentationObject")


def write_voc(
    folder: Path, annotation: Annotation, image_path: Path, stem: str = "", classes: Sequence[LabelClass] | None = None
) -> Export:
    """Write `SegmentationClass/NAME.png` and `SegmentationObject/NAME.png`; NAME is the photo's or `stem`.

    Classes are numbered from 1 in the list's order, objects from 1 in theirs; `classes` is the list of all photos,
    without it the photo's own counts. Where objects overlap the newest is
    written. Raises `CannotWrite`, also for more than 254 objects or classes.
    """
    skipped: list[str] = []
    classes = classes or annotation.classes
    found = [item.object for item in items(Picture(image_path, annotation), skipped)]
    if max(len(found), len(classes)) > MOST_NUMBERS:
        raise CannotWrite(
            f"“{image_path.name}” has more than {MOST_NUMBERS} objects or classes, which Pascal VOC cannot hold; "
            "export COCO instead."
        )
    places = {each.name: place for place, each in enumerate(classes, start=1)}
    by_class, by_object = (np.zeros(1 + max((each.id for each in found), default=0), np.uint8) for _ in range(2))
    for place, each in enumerate(found, start=1):
        by_class[each.id], by_object[each.id] = places.get(class_of(annotation, each).name, 0), place
    plane = annotation.label_map.top_plane(PHOTO)
    targets = [folder / name / f"{stem or image_path.stem}.png" for name in FOLDERS]
    for target, table in zip(targets, (by_class, by_object), strict=True):
        make_folder(target.parent)
        save_png(target, table[plane], voc_colours())
    return Export(tuple(targets), len(found), (*skipped, *hidden_by_overlap(annotation, image_path.name)))


def write_voc_classes(path: Path, classes: Sequence[LabelClass]) -> Export:
    """Write the names of the classes in the order of their numbers, the background first. Raises `CannotWrite`."""
    write_bytes(path, "\n".join(["background", *(each.name for each in classes), ""]).encode())
    return Export((path,), 0)


def voc_colours() -> Mapping[int, Colour]:
    """Compute the 256 colours that every VOC tool expects: the bits of the number, spread over red, green and blue."""
    return {number: (_channel(number, 0), _channel(number, 1), _channel(number, 2)) for number in range(256)}


def _channel(number: int, channel: int) -> int:
    return sum(((number >> (3 * place + channel)) & 1) << (7 - place) for place in range(3))

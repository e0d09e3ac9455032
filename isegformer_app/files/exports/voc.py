"""Pascal VOC: label pictures below SegmentationClass and SegmentationObject, in VOC's colours."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from isegformer_app.document import PHOTO, Annotation, Colour

from ..atomic import write_bytes
from ..errors import CannotWrite, cannot_write
from .indexed_png import hidden_by_overlap, save_png
from .report import Export, Picture, items

MOST_NUMBERS = 254
"""VOC's pictures have 8 bits, and 255 means *to be ignored*."""


def write_voc(folder: Path, annotation: Annotation, image_path: Path) -> Export:
    """Write `SegmentationClass/NAME.png`, `SegmentationObject/NAME.png` and `labels.txt` into `folder`.

    Classes are numbered from 1 in the list's order, objects from 1 in theirs. Where objects overlap the upper one is
    written. Raises `CannotWrite`, also for more than 254 objects or classes.
    """
    skipped: list[str] = []
    found = [item.object for item in items(Picture(image_path, annotation), skipped)]
    if max(len(found), len(annotation.classes)) > MOST_NUMBERS:
        raise CannotWrite(
            f"“{image_path.name}” has more than {MOST_NUMBERS} objects or classes, which Pascal VOC cannot hold; "
            "export COCO instead."
        )
    places = {each.id: place for place, each in enumerate(annotation.classes, start=1)}
    classes, objects = (np.zeros(1 + max((each.id for each in found), default=0), np.uint8) for _ in range(2))
    for place, each in enumerate(found, start=1):
        classes[each.id], objects[each.id] = places.get(each.class_id, 0), place
    plane = annotation.label_map.top_plane(PHOTO)
    targets = [folder / name / f"{image_path.stem}.png" for name in ("SegmentationClass", "SegmentationObject")]
    for target, table in zip(targets, (classes, objects), strict=True):
        try:
            target.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(target.parent, error) from error
        save_png(target, table[plane], voc_colours())
    names = folder / "labels.txt"
    write_bytes(names, "\n".join(["background", *(each.name for each in annotation.classes), ""]).encode())
    return Export((*targets, names), len(found), (*skipped, *hidden_by_overlap(annotation)))


def voc_colours() -> Mapping[int, Colour]:
    """Compute the 256 colours that every VOC tool expects: the bits of the number, spread over red, green and blue."""
    return {number: (_channel(number, 0), _channel(number, 1), _channel(number, 2)) for number in range(256)}


def _channel(number: int, channel: int) -> int:
    return sum(((number >> (3 * place + channel)) & 1) << (7 - place) for place in range(3))

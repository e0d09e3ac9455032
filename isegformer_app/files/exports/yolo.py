"""YOLO segmentation: one text file a photo, one line an object, corners as shares of width and height."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from isegformer_app.document import Annotation, LabelClass

from ..atomic import READ_BACK_DIFFERS, replacing, write_bytes
from ..errors import ReadBackDiffers
from . import outlines
from .report import Export, Item, Picture, items

_DIGITS = 8  # a thousandth of a pixel on the largest photo


def write_yolo(
    path: Path, annotation: Annotation, image_path: Path, classes: Sequence[LabelClass] | None = None
) -> Export:
    """Write the objects of one photo along the edges of their pixels, classes counted from 0 in the list's order.

    `classes` is the list of all photos; without it the photo's own counts.

    Holes and separate parts hang together by ways there and back; filled by the even-odd rule a line gives exactly
    the mask, and this is checked. Raises `CannotWrite`.
    """
    skipped: list[str] = []
    size = annotation.shape[1], annotation.shape[2]
    places = {each.name: place for place, each in enumerate(classes or annotation.classes)}
    found = list(items(Picture(image_path, annotation), skipped))
    text = "".join(_line(item, size, places.get(item.label_class.name, 0)) for item in found)
    with replacing(path) as draft:
        draft.write_text(text, encoding="ascii")
        _compare(draft, path, found, size)
    return Export((path,), len(found), tuple(skipped))


def write_yolo_classes(path: Path, classes: Sequence[LabelClass], images: str = "images") -> Export:
    """Write the `data.yaml` that names the classes; `images` is the folder of the photos as seen from it."""
    names = [f"  {place}: {_quoted(each.name)}" for place, each in enumerate(classes)]
    lines = [f"train: {_quoted(images)}", f"val: {_quoted(images)}", f"nc: {len(classes)}", "names:", *names, ""]
    write_bytes(path, "\n".join(lines).encode())
    return Export((path,), 0)


def _line(item: Item, size: tuple[int, int], place: int) -> str:
    corners = outlines.joined(outlines.outlines(item.mask.pixels)) + np.array([item.mask.top, item.mask.left])
    shares = np.column_stack((corners[:, 1] / size[1], corners[:, 0] / size[0]))
    return f"{place} " + " ".join(f"{share:.{_DIGITS}g}" for share in shares.reshape(-1)) + "\n"


def _compare(draft: Path, path: Path, found: list[Item], size: tuple[int, int]) -> None:
    lines = draft.read_text(encoding="ascii").splitlines()
    is_same = len(lines) == len(found)
    for line, item in zip(lines, found, strict=False):
        shares = np.array(line.split()[1:], dtype=np.float64).reshape(-1, 2)
        top, left, shape = item.mask.top, item.mask.left, item.mask.shape
        corners = np.column_stack((shares[:, 1] * size[0] - top, shares[:, 0] * size[1] - left))
        low, high = corners.min(axis=0), corners.max(axis=0)
        is_inside = bool((low > -0.5).all() and (high < np.array(shape) + 0.5).all())  # noqa: PLR2004 - half a pixel
        is_same = is_same and is_inside and np.array_equal(outlines.filled(corners, shape), item.mask.pixels)
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))


def _quoted(name: str) -> str:
    """Put a name into YAML's double quotes, which take what JSON's take."""
    import json

    return json.dumps(name)

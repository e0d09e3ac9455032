"""PNG label maps: instance numbers, class numbers, or one black-and-white picture an object."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from isegformer_app.document import PHOTO, Annotation, Colour, LabelClass, LabelObject

from ..atomic import READ_BACK_DIFFERS, replacing
from ..errors import ReadBackDiffers
from .classes import ClassList
from .report import Export, Picture, Watch, class_of, free_names, items, unwatched

Labels = NDArray[np.uint16]

MOST_INDEXED = 255
"""The largest number that a PNG with a palette holds; beyond it 16-bit grey is written."""

_COLOURS = 256
_QUICK = 1  # label maps are flat: more effort makes them slower, hardly smaller


def write_indexed_png(path: Path, annotation: Annotation) -> Export:
    """Write the number of the object at each pixel, 0 for none, in the colours of the classes.

    An object keeps its number. 8 bit with a palette; 16-bit grey, which has none, past 255. Where objects overlap
    the newest is written. Raises `CannotWrite`.
    """
    colours = {each.id: class_of(annotation, each).colour for each in annotation.objects}
    return _write(path, annotation, annotation.label_map.top_plane(PHOTO), colours)


def write_class_png(path: Path, annotation: Annotation, classes: Iterable[LabelClass] = ()) -> Export:
    """Write the number of the class at each pixel, 0 for none; otherwise as `write_indexed_png`.

    `classes` are those of all photos, so that a number means the same on each; without them the photo's own count.
    """
    numbered = ClassList((*classes, *annotation.classes))
    table = np.zeros(1 + max((each.id for each in annotation.objects), default=0), dtype=np.uint16)
    for each in annotation.objects:
        table[each.id] = numbered.add(class_of(annotation, each))
    colours = {each.id: each.colour for each in numbered.classes}
    return _write(path, annotation, table[annotation.label_map.top_plane(PHOTO)], colours)


def write_object_pngs(
    folder: Path, annotation: Annotation, image_path: Path, stem: str = "", watch: Watch = unwatched
) -> Export:
    """Write one picture an object into `folder`, white (255) on the object and black (0) elsewhere, overlaps whole.

    A file is named by photo (or `stem`), number and name: `cat-1-left ear.png`. Raises `CannotWrite`.
    """
    skipped: list[str] = []
    found = list(items(Picture(image_path, annotation), skipped))
    names = object_names(stem or image_path.stem, [item.object for item in found])
    size = annotation.shape[1], annotation.shape[2]
    paths = []
    for name, item in zip(names, found, strict=True):
        watch()
        save_png(folder / name, item.mask.full(size).astype(np.uint8) * np.uint8(255))
        paths.append(folder / name)
    return Export(tuple(paths), len(paths), tuple(skipped))


def object_names(stem: str, objects: Iterable[LabelObject]) -> list[str]:
    """Name the pictures of these objects of one photo."""
    short = stem.encode()[:80].decode(errors="ignore")
    return free_names((f"{short}-{each.id}-{each.name}" for each in objects), ".png")


def save_png(path: Path, values: NDArray[np.uint8] | Labels, palette: Mapping[int, Colour] | None = None) -> None:
    """Write `values` (H, W) exactly, and read them back; with a palette they are uint8 indices."""
    image = Image.fromarray(values)
    if palette is not None:
        image.putpalette(_table(palette).tobytes(), "RGB")
    with replacing(path) as draft:
        if palette is None:
            image.save(draft, "PNG", compress_level=_QUICK)
        else:
            image.save(draft, "PNG", compress_level=_QUICK, bits=8)
        _compare(draft, path, values, palette)


def _compare(draft: Path, path: Path, values: NDArray[np.uint8] | Labels, palette: Mapping[int, Colour] | None) -> None:
    Image.MAX_IMAGE_PIXELS = None  # what was just written in one piece is no bomb
    with Image.open(draft, formats=["PNG"]) as written:
        is_same = written.mode == ("P" if palette is not None else "L" if values.dtype == np.uint8 else "I;16")
        is_same = is_same and np.array_equal(np.asarray(written), values)
        if is_same and palette is not None:
            is_same = written.getpalette("RGB") == _table(palette).reshape(-1).tolist()
    if not is_same:
        raise ReadBackDiffers(READ_BACK_DIFFERS.format(path))


def _write(path: Path, annotation: Annotation, values: Labels, colours: Mapping[int, Colour]) -> Export:
    skipped: list[str] = []
    # The name of the picture is not known here; that of the export says enough.
    count = sum(1 for _ in items(Picture(path, annotation), skipped))
    skipped += hidden_by_overlap(annotation, path.name)
    is_deep = max(colours, default=0) > MOST_INDEXED
    if is_deep:
        save_png(path, values)
    else:
        save_png(path, values.astype(np.uint8), colours)
    return Export((path,), count, tuple(skipped))


def hidden_by_overlap(annotation: Annotation, where: str) -> list[str]:
    """Say of each object how many of its pixels lie under others, where a picture holds one number a pixel."""
    planes = annotation.label_map.planes(PHOTO)
    if len(planes) == 1:
        return []
    top = annotation.label_map.top_plane(PHOTO)
    lost = np.zeros(1 + max((each.id for each in annotation.objects), default=0), dtype=np.int64)
    for plane in planes:
        lost += np.bincount(plane[plane != top], minlength=lost.size)
    return [
        f"“{each.name}” in “{where}” lies under other objects with {lost[each.id]:,} pixels, which one PNG cannot "
        "hold; export COCO or one PNG an object to keep them."
        for each in annotation.objects
        if lost[each.id]
    ]


def _table(palette: Mapping[int, Colour]) -> NDArray[np.uint8]:
    table = np.zeros((_COLOURS, 3), dtype=np.uint8)
    for number, colour in palette.items():
        table[number] = colour
    return table

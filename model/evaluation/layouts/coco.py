"""LVIS and other sets whose masks are polygons or runs in one COCO JSON; objects may overlap."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...data.images import IMAGE_SUFFIXES
from ...errors import DatasetError
from ..samples import Entry, ImageSet, Problem, Truths
from ..user import BoolMask
from .pairs import any_of, by_stem, folders_in, read_text


def open_lvis(root: Path, split: str = "val") -> ImageSet:
    """Open LVIS: `SPLIT/lvis_SPLIT.json` or `lvis_v1_SPLIT.json`, photos in `val/images` and `train/images`.

    Some of the photos of LVIS's val split come from COCO's train2017, so both folders are looked in. Crowds are left
    out. Raises `DatasetError` where there is no such file.
    """
    folders_in(root)
    names = (f"{split}/lvis_{split}.json", f"lvis_v1_{split}.json", f"annotations/lvis_v1_{split}.json")
    path = any_of(root / name for name in names)
    if path is None:
        raise DatasetError(f"{str(root)!r} holds no file {names[0]!r} or {names[1]!r}.")
    folders = [root / each for each in ("val/images", "train/images", "val2017", "train2017", "images")]
    return open_coco("lvis", path, [folder for folder in folders if folder.is_dir()])


def open_coco(name: str, path: Path, folders: list[Path]) -> ImageSet:
    """Open a COCO JSON whose photos lie in `folders`; raise `DatasetError` where it is none."""
    images, annotations = _read_json(path)
    files = {stem: file for folder in folders for stem, file in by_stem(folder, IMAGE_SUFFIXES)[0].items()}
    entries: list[Entry] = []
    problems: list[Problem] = []
    sizes: dict[str, tuple[int, int]] = {}
    parts: dict[str, list[dict[str, Any]]] = {}
    for image in sorted(images, key=lambda each: int(each["id"])):
        stem = Path(str(image.get("file_name") or image.get("coco_url") or image["id"])).stem
        listed = [each for each in annotations.get(int(image["id"]), []) if not each.get("iscrowd")]
        if not listed:
            continue
        if stem not in files:
            problems.append(Problem(name, stem, "the photo is in none of the folders"))
            continue
        entries.append(Entry(name, stem, files[stem], path))
        sizes[stem], parts[stem] = (int(image["height"]), int(image["width"])), listed
    return ImageSet(name, tuple(entries), _reader(sizes, parts), tuple(problems))


def _reader(
    sizes: Mapping[str, tuple[int, int]], parts: Mapping[str, list[dict[str, Any]]]
) -> Callable[[Entry], Truths]:
    def read(entry: Entry) -> Truths:
        size = sizes[entry.stem]
        masks = [(int(part["id"]), _mask(part, size, entry)) for part in parts[entry.stem]]
        return Truths.of_masks(masks, size)

    return read


def _mask(part: Mapping[str, Any], size: tuple[int, int], entry: Entry) -> BoolMask:
    """Draw an annotation as COCO's own tools do: (H, W) bool."""
    from pycocotools import mask as coco_mask

    shape = part.get("segmentation")
    try:
        if isinstance(shape, list):
            polygons = [each for each in shape if len(each) >= 6]
            if not polygons:
                return np.zeros(size, np.bool_)
            runs = coco_mask.merge(coco_mask.frPyObjects(polygons, *size))
        elif isinstance(shape, dict) and isinstance(shape.get("counts"), list):
            runs = coco_mask.frPyObjects(shape, *size)
        else:
            runs = shape
        drawn = np.asarray(coco_mask.decode(runs)).astype(np.bool_)
    except Exception as error:
        # pycocotools meets what it does not know with every exception there is.
        raise DatasetError(f"Annotation {part.get('id')} in {str(entry.mask)!r} cannot be drawn.") from error
    if drawn.shape != size:
        raise DatasetError(f"Annotation {part.get('id')} in {str(entry.mask)!r} is of another size than its photo.")
    return drawn


def _read_json(path: Path) -> tuple[list[dict[str, Any]], dict[int, list[dict[str, Any]]]]:
    """Read the images, and the annotations by image."""
    try:
        content = json.loads(read_text(path))
        images = list(content["images"])
        grouped: dict[int, list[dict[str, Any]]] = {}
        for part in content["annotations"]:
            grouped.setdefault(int(part["image_id"]), []).append(part)
        for image in images:
            if int(image["id"]) < 0 or int(image["height"]) < 1 or int(image["width"]) < 1:
                raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(f"{str(path)!r} is no COCO JSON with images and annotations.") from error
    return images, grouped

"""A COCO JSON with its images: polygons, run lengths, crowds as pixels that count nowhere."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble, layered, with_own_stems
from .coco_masks import coco_mask
from .images import PIXEL_LIMIT, is_file, read_image

_MOST_BYTES = 4 * 2**30


def is_coco(path: Path) -> bool:
    """Tell whether the beginning of a JSON file looks like COCO."""
    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
    except OSError:
        return False
    return b'"images"' in start or b'"annotations"' in start or b'"categories"' in start


def open_coco(path: Path, image_folders: Sequence[Path] = ()) -> Found:
    """Open a COCO JSON. Images are looked for in `image_folders`, beside the file, and in `images` beside it.

    Raises `DatasetError` where the file is no COCO JSON. Images without annotation are left out without a word, as
    they hold no object; missing ones and annotations of unknown images are troubles.
    """
    content = _content(path)
    annotations: dict[int, list[dict[str, Any]]] = {}
    for each in content["annotations"]:
        if isinstance(each, dict) and isinstance(each.get("image_id"), int):
            annotations.setdefault(each["image_id"], []).append(each)
    names = _class_names(content.get("categories"))
    folders = [*image_folders, path.parent, path.parent / "images"]
    found, troubles = [], []
    for image in content["images"]:
        mine = annotations.pop(image["id"], [])
        if not mine:
            continue
        place = _place(folders, image["file_name"])
        stem = Path(image["file_name"]).with_suffix("").as_posix()
        if place is None:
            troubles.append(Trouble(f"{path.stem}/{stem}", "its image file is not there"))
            continue
        read = partial(_read, tuple(mine), (image["height"], image["width"]), names, f"{path.name}: {stem}")
        found.append(Annotated(path.stem, stem, partial(read_image, place), read, paths=(place, path)))
    if annotations:
        troubles.append(Trouble(path.name, f"{sum(map(len, annotations.values()))} annotations name no image of it"))
    return Found(tuple(with_own_stems(found)), tuple(troubles))


def _content(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DatasetError(f"The COCO file {str(path)!r} is larger than 4 GB; divide it first.")
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{str(path)!r} is no valid JSON ({error}).") from error
    if not isinstance(content, dict) or not all(isinstance(content.get(k), list) for k in ("images", "annotations")):
        raise DatasetError(f"{str(path)!r} is no COCO file: it has no lists of images and annotations.")
    for image in content["images"]:
        if isinstance(image, dict) and isinstance(image.get("coco_url"), str):
            image.setdefault("file_name", image["coco_url"].rpartition("/")[2])  # LVIS names its images so
        if not isinstance(image, dict) or not _is_image(image):
            raise DatasetError(f"{str(path)!r} lists an image without id, file_name, height and width.")
    return content


def _is_image(image: dict[str, Any]) -> bool:
    numbers = all(type(image.get(key)) is int for key in ("id", "height", "width"))
    is_named = isinstance(image.get("file_name"), str) and Path(image["file_name"]).name != ""
    return numbers and is_named and min(image["height"], image["width"]) > 0


def _place(folders: Sequence[Path], name: str) -> Path | None:
    """Find the image; a name with folders in it may have lost them on the way. Never outside of the folders."""
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts:
        relative = Path(relative.name)
    candidates = [folder / each for folder in folders for each in (relative, Path(relative.name))]
    return next((path for path in candidates if is_file(path)), None)


def _class_names(categories: object) -> dict[int, str]:
    listed = categories if isinstance(categories, list) else []
    return {
        each["id"]: str(each.get("name", each["id"]))
        for each in listed
        if isinstance(each, dict) and isinstance(each.get("id"), int)
    }


def _read(annotations: Sequence[dict[str, Any]], size: tuple[int, int], names: Mapping[int, str], name: str) -> Objects:
    if size[0] * size[1] > PIXEL_LIMIT:
        raise DatasetError(f"The image of {name} is said to have {size[1]} x {size[0]} pixels, which is too many.")
    masks, ignored, classes = [], np.zeros(size, np.bool_), {}
    for each in annotations:
        mask = coco_mask(each.get("segmentation"), size, name)
        if each.get("iscrowd"):
            ignored |= mask
        else:
            masks.append(mask)
            if (named := names.get(each.get("category_id", -1))) is not None:
                classes[len(masks)] = named
    return Objects(layered(masks, size), ignored, frozenset(range(1, len(masks) + 1)), classes=classes)

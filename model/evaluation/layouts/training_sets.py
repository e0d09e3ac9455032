"""Large sets of photos that networks are trained on: COCO, ADE20K, Open Images."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ...data.annotated import Annotated, Found, Objects, Trouble, layered
from ...data.coco_sets import open_coco
from ...data.images import read_image, read_labels
from ...data.objects import objects_of
from ...errors import DatasetError


def open_coco_set(root: Path, split: str = "train") -> Found:
    """Open COCO 2017: `annotations/instances_SPLIT2017.json` with the photos in `SPLIT2017/`."""
    path = root / "annotations" / f"instances_{split}2017.json"
    if not path.is_file():
        raise DatasetError(f"{str(root)!r} holds no file {f'annotations/{path.name}'!r}.")
    return open_coco(path, [root / f"{split}2017", root / "images" / f"{split}2017"])


def open_ade20k(root: Path, split: str = "training") -> Found:
    """Open ADE20K's scene parsing release: `images/SPLIT/*.jpg` with `annotations/SPLIT/*.png`, 0 = not labelled.

    `split` is training or validation (train and val are understood); every connected part of a class is an object.
    """
    split = {"train": "training", "val": "validation"}.get(split, split)
    images, masks = root / "images" / split, root / "annotations" / split
    if not images.is_dir() or not masks.is_dir():
        raise DatasetError(f"{str(root)!r} holds no folders 'images/{split}' and 'annotations/{split}'.")
    found, troubles = [], []
    for path in sorted(images.glob("*.jpg")):
        mask = masks / f"{path.stem}.png"
        if mask.is_file():
            read = partial(read_image, path), partial(_read_parts, mask)
            found.append(Annotated("ade20k", path.stem, *read, paths=(path, mask)))
        else:
            troubles.append(Trouble(f"ade20k/{path.stem}", "there is no annotation of this name"))
    return Found(tuple(found), tuple(troubles))


def _read_parts(mask: Path) -> Objects:
    return Objects.of(*objects_of(read_labels(mask), "semantic"))


def open_open_images(root: Path, split: str = "train") -> Found:
    """Open Open Images: `SPLIT/images/ID.jpg` with `SPLIT/masks/ID_CLASS_BOX.png`, a mask an object.

    Masks are smaller than their photos and are enlarged to them.
    """
    images, masks = root / split / "images", root / split / "masks"
    if not images.is_dir() or not masks.is_dir():
        raise DatasetError(f"{str(root)!r} holds no folders '{split}/images' and '{split}/masks'.")
    by_image: dict[str, list[Path]] = {}
    for path in sorted(masks.rglob("*.png")):
        by_image.setdefault(path.name.partition("_")[0], []).append(path)
    found = [
        Annotated(
            "open-images",
            path.stem,
            partial(read_image, path),
            partial(_read_enlarged, path, tuple(by_image[path.stem])),
            paths=(path, *by_image[path.stem]),
        )
        for path in sorted(images.glob("*.jpg"))
        if path.stem in by_image
    ]
    return Found(tuple(found))


def _read_enlarged(image: Path, masks: Sequence[Path]) -> Objects:
    with Image.open(image) as picture:
        width, height = picture.size
    drawn = [
        cv2.resize((read_labels(mask) > 0).astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST) > 0
        for mask in masks
    ]
    return Objects(layered(drawn, (height, width)), np.zeros((height, width), np.bool_))

"""Large sets of photos that networks are trained on: COCO, COCO+LVIS as RITM merges them, ADE20K, Open Images."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from ...data.annotated import Annotated, Found, Objects, Trouble, layered
from ...data.coco_sets import open_coco
from ...data.images import read_image, read_labels
from ...data.objects import BoolMask, objects_of
from ...errors import DatasetError

SAME_OBJECT = 0.8
"""IoU over which a mask of COCO is the same object as one of LVIS, whose masks are the finer ones."""


def open_coco_set(root: Path, split: str = "train") -> Found:
    """Open COCO 2017: `annotations/instances_SPLIT2017.json` with the photos in `SPLIT2017/`."""
    path = root / "annotations" / f"instances_{split}2017.json"
    if not path.is_file():
        raise DatasetError(f"{str(root)!r} holds no file {f'annotations/{path.name}'!r}.")
    return open_coco(path, [root / f"{split}2017", root / "images" / f"{split}2017"])


def open_coco_lvis(root: Path, split: str = "train") -> Found:
    """Open COCO+LVIS: `coco/` as `open_coco_set` reads it, `lvis/lvis_v1_SPLIT.json`, and COCO's photos for both.

    A photo has the objects of LVIS, and those of COCO that are none of LVIS's.
    """
    coco = open_coco_set(root / "coco", split)
    path = root / "lvis" / f"lvis_v1_{split}.json"
    if not path.is_file():
        raise DatasetError(f"{str(root)!r} holds no file {f'lvis/{path.name}'!r}.")
    lvis = open_coco(path, [root / "coco" / f"{each}2017" for each in ("train", "val")])
    of_coco = {Path(image.stem).name: image for image in coco.images}
    merged = []
    for image in lvis.images:
        stem = Path(image.stem).name
        read = partial(_merged, image, of_coco.pop(stem, None))
        merged.append(Annotated("coco-lvis", stem, image.read_pixels, read, paths=image.paths))
    return Found((*merged, *of_coco.values()), (*lvis.troubles, *coco.troubles))


def _merged(lvis: Annotated, coco: Annotated | None) -> Objects:
    fine = lvis.read_objects()
    if coco is None:
        return fine
    coarse = coco.read_objects()
    masks = [fine.mask(number) for number in fine.areas()]
    known = len(masks)
    for number in coarse.areas():
        mask = coarse.mask(number)
        if not any(_iou(mask, each) > SAME_OBJECT for each in masks[:known]):
            masks.append(mask)
    return Objects(layered(masks, fine.size), fine.ignored | coarse.ignored)


def _iou(one: BoolMask, other: BoolMask) -> float:
    union = int((one | other).sum())
    return int((one & other).sum()) / union if union else 0.0


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

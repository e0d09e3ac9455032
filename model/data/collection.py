"""A collection: folders of images and label maps, each with a kind, and one manifest that splits them.

On disk: `ROOT/SET/images/STEM.(webp|png|jpg|...)`, `ROOT/SET/masks/STEM.png`, `ROOT/SET/set.json` {"kind": ...}, and
a manifest.csv with the columns set, stem, split.
"""

import csv
import json
from collections.abc import Collection
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError
from .annotated import Annotated, Objects
from .images import is_file, read_image
from .objects import connected_parts

KINDS = ("instances", "binary", "semantic")
"""instances: each label is one object. binary: anything above 0. semantic: labels are classes, parts are objects."""

_SUFFIXES = (".webp", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp")


def read_collection(root: Path, manifest: Path, split: str, *, without: Collection[str] = ()) -> tuple[Annotated, ...]:
    """List the images of `split` in the order of the manifest, without the sets named in `without`.

    Raises `DatasetError` where the manifest, a set or a file is missing.
    """
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            listed = csv.DictReader(file, restval="")
            rows = [row for row in listed if row["split"] == split and row["set"] not in without]
    except OSError as error:
        raise DatasetError(f"The manifest {manifest} cannot be read: {error.strerror}.") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise DatasetError(f"The manifest {manifest} is no table that can be read: {error}.") from error
    except KeyError as error:
        raise DatasetError(f"The manifest {manifest} has no column {error}; it needs set, stem and split.") from error
    kinds = {name: _read_kind(root / name) for name in dict.fromkeys(row["set"] for row in rows)}
    images = tuple(_find(root, row["set"], row["stem"], kinds[row["set"]]) for row in rows)
    if not images:
        raise DatasetError(f"The manifest {manifest} lists no image of the split {split!r}.")
    return images


def _read_kind(folder: Path) -> str:
    try:
        kind = json.loads((folder / "set.json").read_text(encoding="utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(f"The set {folder} has no readable set.json with a kind.") from error
    if kind not in KINDS:
        raise DatasetError(f"The set {folder} is of the unknown kind {kind!r}; known are {', '.join(KINDS)}.")
    return str(kind)


def _find(root: Path, set_name: str, stem: str, kind: str) -> Annotated:
    folder = root / set_name
    mask = folder / "masks" / f"{stem}.png"
    image = next((p for s in _SUFFIXES if is_file(p := folder / "images" / f"{stem}{s}")), None)
    if image is None or not is_file(mask):
        missing = "image" if image is None else "mask"
        raise DatasetError(f"The set {folder} has no {missing} for {stem!r}, which the manifest lists.")
    return Annotated(set_name, stem, partial(read_image, image), partial(_read_objects, mask, kind))


def _read_objects(path: Path, kind: str) -> Objects:
    labels = read_label_map(path, kind).astype(np.int32)
    return Objects(labels[None], np.zeros(labels.shape, np.bool_))


def read_label_map(path: Path, kind: str) -> NDArray[np.uint16]:
    """Read a label map as (H, W) uint16 of objects: 0 is background, every other value one object.

    Binary masks become one object; the connected parts (8 neighbours) of semantic classes become objects.
    Raises `DatasetError` where the file is no label map.
    """
    labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.ndim != 2:
        raise DatasetError(f"{path} is not a label map of one channel.")
    if kind == "binary":
        return (labels > 0).astype(np.uint16)
    if kind == "semantic":
        return connected_parts(labels.astype(np.int32), neighbours=8).astype(np.uint16)
    return labels.astype(np.uint16)

"""COCO+LVIS: photos of COCO with the objects of both, which of them are parts of which, and stuff.

RITM publishes the two merged, `SPLIT/hannotation.pickle` with `SPLIT/masks/ID.pickle`; where only the two sets
themselves are at hand, they are merged here to the same rules. The pickles are read as plain data and never run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...checkpoints.pickle_data import Limits, PickleError, Record, read_pickle
from ...data.annotated import Annotated, Found, Objects, Trouble, layered
from ...data.coco_sets import open_coco
from ...data.coco_stuff import Stuff, read_stuff
from ...data.hierarchy import find_parents
from ...data.images import is_file, read_image
from ...data.objects import BoolMask
from ...errors import DatasetError
from .training_sets import open_coco_set

PUBLISHED = "hannotation.pickle"
_TRAIN = "train"

SAME_AS_LVIS = 0.7
"""IoU over which a mask of COCO is an object of LVIS, whose masks are the finer ones and stay."""

TWICE_IN_LVIS = 0.85
"""IoU over which two masks of LVIS are one object."""

_SAME_BOX = 0.7
_SMALLEST = 80
"""Fewest pixels of an object of either set."""

_LIMITS = Limits(bytes=512 * 1024**2, steps=200_000_000)
"""The published file of the train split has 99,000 photos with 1.5 million objects, about 10 million steps."""


def open_coco_lvis(root: Path, split: str = "train") -> Found:
    """Open RITM's `SPLIT/hannotation.pickle` with `SPLIT/images/` and `SPLIT/masks/`, or merge the two sets.

    These are `coco/` as `open_coco_set` reads it, with `coco/annotations/panoptic_SPLIT2017.json` and its folder where
    stuff is wanted, and `lvis/lvis_v1_SPLIT.json`. Photos that are in one of the two only are left out, as RITM does.
    Stuff is there to train on: any other split has things alone.
    """
    found = _open_published(root / split) if (root / split / PUBLISHED).is_file() else _open_both(root, split)
    if split == _TRAIN:
        return found
    return replace(found, images=tuple(replace(each, read_objects=partial(_things, each)) for each in found.images))


def _things(image: Annotated) -> Objects:
    return image.read_objects().things()


def _open_both(root: Path, split: str) -> Found:
    coco = open_coco_set(root / "coco", split)
    path = root / "lvis" / f"lvis_v1_{split}.json"
    if not path.is_file():
        raise DatasetError(f"{str(root)!r} holds neither '{split}/{PUBLISHED}' nor 'lvis/{path.name}'.")
    lvis = open_coco(path, [root / "coco" / f"{each}2017" for each in ("train", "val")])
    stuff = read_stuff(root / "coco" / "annotations", split)
    of_coco = {Path(image.stem).name: image for image in coco.images}
    merged = [
        Annotated(
            "coco-lvis", stem, image.read_pixels, partial(_merged, image, of_coco[stem], stuff), paths=image.paths
        )
        for image in lvis.images
        if (stem := Path(image.stem).name) in of_coco
    ]
    return Found(tuple(merged), (*lvis.troubles, *coco.troubles))


def _merged(lvis: Annotated, coco: Annotated, stuff: Stuff | None) -> Objects:
    """Merge the objects of a photo: those of COCO that LVIS lacks, then those of LVIS, each once."""
    fine_objects, coarse_objects = lvis.read_objects(), coco.read_objects()
    fine, coarse = _masks(fine_objects), _masks(coarse_objects)
    masks = [mask for mask in coarse if not any(_is_same(mask, each, SAME_AS_LVIS) for each in fine)]
    masks += [
        mask
        for at, mask in enumerate(fine)
        if not any(_is_same(mask, later, TWICE_IN_LVIS) for later in fine[at + 1 :])
    ]
    things, size = len(masks), fine_objects.size
    if stuff is not None:
        covered = np.logical_or.reduce(masks) if masks else np.zeros(size, np.bool_)
        masks += stuff.regions(Path(coco.stem).name, covered)
    return Objects(
        layered(masks, size),
        fine_objects.ignored | coarse_objects.ignored,
        parents={part + 1: above + 1 for part, above in find_parents(masks[:things]).items()},
        stuff=frozenset(range(things + 1, len(masks) + 1)),
    )


def _masks(objects: Objects) -> list[BoolMask]:
    return [objects.mask(number) for number, area in objects.areas().items() if area >= _SMALLEST]


def _is_same(one: BoolMask, other: BoolMask, least: float) -> bool:
    boxes = [cv2.boundingRect(mask.view(np.uint8)) for mask in (one, other)]
    (left, top, width, height), (left2, top2, width2, height2) = boxes
    across = max(min(left + width, left2 + width2) - max(left, left2), 0)
    shared = across * max(min(top + height, top2 + height2) - max(top, top2), 0)
    if shared <= _SAME_BOX * (width * height + width2 * height2 - shared):
        return False
    return int((one & other).sum()) > least * int((one | other).sum())


def _open_published(folder: Path) -> Found:
    listed = _read(folder / PUBLISHED)
    if not isinstance(listed, dict) or not all(isinstance(name, str) for name in listed):
        raise DatasetError(f"{str(folder / PUBLISHED)!r} lists no photos with their objects.")
    found, troubles = [], []
    for name, entry in sorted(listed.items()):
        photo, masks = folder / "images" / f"{name}.jpg", folder / "masks" / f"{name}.pickle"
        if not is_file(photo) or not is_file(masks):
            missing = "photo" if is_file(masks) else "file of masks"
            troubles.append(Trouble(f"coco-lvis/{name}", f"its {missing} is not there"))
            continue
        try:
            things, parents = _tree(entry)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            troubles.append(Trouble(f"coco-lvis/{name}", "its list of objects contradicts itself"))
            continue
        read = partial(_unpack, masks, things, parents)
        found.append(Annotated("coco-lvis", name, partial(read_image, photo), read, paths=(photo, masks)))
    return Found(tuple(found), tuple(troubles))


def _tree(entry: Mapping[str, Any]) -> tuple[int, dict[int, int]]:
    """Give the number of things, and the parents of parts, numbered from 1 on; raise `ValueError` where they loop."""
    things = int(entry["num_instance_masks"])
    parents: dict[int, int] = {}
    for place, node in entry["hierarchy"].items():
        if node is not None and node["parent"] is not None:
            parents[int(place) + 1] = int(node["parent"]) + 1
    for number in parents:
        seen, above = {number}, parents.get(number)
        while above is not None:
            if above in seen or not 0 < above <= things:
                raise ValueError("a part of itself")
            seen.add(above)
            above = parents.get(above)
    return things, parents


def _unpack(path: Path, things: int, parents: dict[int, int]) -> Objects:
    """Read a photo's packed masks: layers as PNG files, and for each object its layer and its number there."""
    content: Any = _read(path)
    try:
        packed, places = content
        layers = [_decoded(each) for each in packed]
        numbered = np.zeros((len(layers), *layers[0].shape), np.int32)
        for number, (layer, local) in enumerate(places, start=1):
            numbered[layer][layers[layer] == local] = number
    except (TypeError, ValueError, IndexError, KeyError, OverflowError, cv2.error) as error:
        raise DatasetError(f"The masks {str(path)!r} are not packed as RITM packs them.") from error
    named = frozenset(range(1, things + 1))
    stuff = frozenset(range(things + 1, len(places) + 1))
    return Objects(numbered, np.zeros(numbered.shape[1:], np.bool_), named, parents, stuff)


def _decoded(packed: object) -> NDArray[np.uint8]:
    """Decode the PNG file that lies in a pickled array of bytes."""
    state: Sequence[Any] = packed.state if isinstance(packed, Record) else ()  # type: ignore[assignment]
    layer = cv2.imdecode(np.frombuffer(state[-1], np.uint8), cv2.IMREAD_UNCHANGED)
    if layer is None or layer.ndim != 2 or layer.dtype != np.uint8:
        raise ValueError("no layer of masks")
    return np.asarray(layer, np.uint8)


def _read(path: Path) -> object:
    try:
        with path.open("rb") as file:
            return read_pickle(file, {}, limits=_LIMITS)
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except PickleError as error:
        raise DatasetError(f"{str(path)!r} is damaged, or not a file of RITM's COCO+LVIS.") from error

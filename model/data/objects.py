"""From the numbers of a mask file to objects: binary, instances, or connected parts of classes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError, ImageError
from .images import read_labels

BoolMask = NDArray[np.bool_]

MaskKind = Literal["binary", "instances", "semantic"]
MASK_KINDS: tuple[str, ...] = get_args(MaskKind)

UNKNOWN = 128
"""Grey value of pixels that count nowhere in a binary mask (GrabCut's published masks)."""

_BINARY_VALUES = {0, UNKNOWN, 255}

_FEWEST_SOFT = 3
"""A mask with soft edges has so many greys at least; an instance map with a void of 255 has one solid object more."""


def objects_of(
    labels: NDArray[np.int32], kind: MaskKind, ignore_value: int | None = None
) -> tuple[NDArray[np.int32], BoolMask]:
    """Turn a label map (H, W) into objects (H, W) int32, 0 = background, and ignored pixels (H, W) bool.

    `binary`: values over 128 are the object, 128 is ignored; in a mask without values over 128 every other value
    but 0 is the object. `instances`: each number is an object. `semantic`: each 4-connected part of a class is one.
    Pixels of `ignore_value` and negative ones are ignored in every kind.
    """
    ignored = labels < 0
    if ignore_value is not None:
        ignored |= labels == ignore_value
    if kind == "binary":
        ignored |= labels == UNKNOWN
        usable = np.where(ignored, 0, labels)
        in_grey = int(usable.max(initial=0)) > UNKNOWN
        return (usable > (UNKNOWN if in_grey else 0)).astype(np.int32), ignored
    usable = np.where(ignored, 0, labels).astype(np.int32)
    return (connected_parts(usable) if kind == "semantic" else usable), ignored


def connected_parts(classes: NDArray[np.int32], neighbours: Literal[4, 8] = 4) -> NDArray[np.int32]:
    """Number the connected parts of every class (H, W) from 1 on, class by class; 0 stays 0.

    With 4 `neighbours` pixels that meet at a corner are apart: two cells that touch stay two. With 8 they are together:
    what the bundled model was trained on, and what the published evaluation of ssTEM counts.
    """
    parts = np.zeros(classes.shape, np.int32)
    count = 0
    for label in np.unique(classes[classes > 0]):
        found, numbered = cv2.connectedComponents((classes == label).astype(np.uint8), connectivity=neighbours)
        inside = numbered > 0
        parts[inside] = numbered[inside] + count
        count += found - 1
    return parts


def classes_of(labels: NDArray[np.int32], objects: NDArray[np.int32]) -> dict[int, str]:
    """Name the class of each object (H, W) after its number in the label map (H, W) that it came from."""
    numbers, places = np.unique(objects, return_index=True)
    return {int(n): f"class {int(labels.flat[at])}" for n, at in zip(numbers, places, strict=True) if n}


def infer_kind(masks: Iterable[Path]) -> MaskKind:
    """Tell binary masks from instance maps by their values: all of {0, 128, 255}, one number beside 0, or soft edges.

    Classes cannot be told from instances; they must be named. Files that cannot be read decide nothing.
    """
    for path in masks:
        try:
            labels = read_labels(path)
        except ImageError:
            continue
        values = {int(value) for value in np.unique(labels)}
        if not (values <= _BINARY_VALUES or len(values - {0}) == 1 or _has_soft_edges(labels, values)):
            return "instances"
    return "binary"


def _has_soft_edges(labels: NDArray[np.int32], values: set[int]) -> bool:
    """Tell a black and white mask (H, W) that was smoothed or resized: no grey of it covers a square of 3 x 3."""
    greys = values - {0, 255}
    if not {0, 255} <= values or len(greys) < _FEWEST_SOFT or min(greys) < 0 or max(greys) > 255:
        return False
    picture, square = labels.astype(np.uint8), np.ones((3, 3), np.uint8)
    is_flat = cv2.erode(picture, square) == cv2.dilate(picture, square)
    return set(np.unique(picture[is_flat]).tolist()) <= {0, 255}


def checked_kind(name: str, where: Path) -> MaskKind:
    """Take `name` as a kind of masks, or raise `DatasetError` that says `where` it stands."""
    for kind in get_args(MaskKind):
        if name == kind:
            found: MaskKind = kind
            return found
    raise DatasetError(f"{str(where)!r} names masks of the kind {name!r}; known are {', '.join(MASK_KINDS)}.")

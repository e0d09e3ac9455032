"""COCO's segmentations as masks: polygons, and run lengths down the columns, packed as text or not.

Files may be hostile, and pycocotools does not look where it reads and writes: run lengths are unpacked here, and
polygons are measured before it fills them.
"""

import math
from collections.abc import Sequence

import numpy as np

from ..errors import DatasetError
from .objects import BoolMask

_FEWEST_NUMBERS = 6
_LONGEST_OUTLINE = 1e7
"""Pixels along a polygon: it takes 80 bytes for each while it is filled."""


def coco_mask(segmentation: object, size: tuple[int, int], name: str) -> BoolMask:
    """Draw a COCO segmentation as (H, W) bool; raise `DatasetError`, which calls its image by `name`."""
    try:
        if isinstance(segmentation, list):
            return _filled(segmentation, size)
        if isinstance(segmentation, dict) and list(segmentation["size"]) == list(size):
            counts = segmentation["counts"]
            return _unrolled(counts if isinstance(counts, list) else run_lengths(counts), size)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DatasetError(f"An annotation of {name} is damaged ({error}).") from error
    raise DatasetError(f"An annotation of {name} has neither polygons nor run lengths of the image's size.")


def run_lengths(text: str) -> list[int]:
    """Unpack COCO's text: base 48, five bits a letter, from the third on the difference to the last but one.

    Raises `ValueError` for a text that is none.
    """
    runs: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            raise ValueError("its run lengths are no text of COCO's")
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            value -= (bits & 16) and 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise ValueError("its run lengths are cut short")
    return runs


def _unrolled(runs: Sequence[int], size: tuple[int, int]) -> BoolMask:
    height, width = size
    if not all(type(run) is int and run >= 0 for run in runs) or sum(runs) != height * width:
        raise ValueError("its run lengths do not add up to its image")
    flat: BoolMask = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    return np.ascontiguousarray(flat.reshape(width, height).T)


def _filled(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> BoolMask:
    from pycocotools import mask as coco

    outlines = [polygon for polygon in polygons if len(polygon) >= _FEWEST_NUMBERS]
    if not outlines:
        return np.zeros(size, np.bool_)
    if sum(map(_length, outlines)) > _LONGEST_OUTLINE:
        raise ValueError("its outline is longer than any of a picture")
    runs = coco.merge(coco.frPyObjects(outlines, *size))
    return _unrolled(run_lengths(runs["counts"].decode("ascii")), size)


def _length(polygon: Sequence[float]) -> float:
    """Pixels along an outline, more rather than less. Raises `ValueError` where it holds no finite numbers."""
    numbers = np.array(polygon, np.float64)
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise ValueError("its outline holds something else than coordinates")
    points = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    return math.fsum(np.abs(points - np.roll(points, 1, axis=0)).max(axis=1) + 1)

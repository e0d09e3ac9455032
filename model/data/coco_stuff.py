"""Stuff of COCO, sky and grass and walls, from its panoptic annotations: `panoptic_SPLIT2017.json` with a folder."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import DatasetError
from .images import read_labels
from .objects import BoolMask

_SMALLEST = 500
"""A region has more than so many pixels (RITM's number)."""


@dataclass(frozen=True, slots=True)
class Stuff:
    """The numbers of the regions of each photo, by its stem, and the folder of the pictures that hold them."""

    folder: Path
    numbers: dict[str, tuple[int, ...]]

    def regions(self, stem: str, covered: BoolMask) -> list[BoolMask]:
        """Give the regions (H, W) of a photo that are large enough, without what is `covered` by things."""
        numbers = self.numbers.get(stem, ())
        if not numbers:
            return []
        colours = read_labels(self.folder / f"{stem}.png")
        # Panoptic pictures hold a number as R + 256 G + 65536 B, label maps in colour the other way round.
        segments = (colours >> 16) | (colours & 0xFF00) | ((colours & 0xFF) << 16)
        if segments.shape != covered.shape:
            raise DatasetError(f"The panoptic picture of {stem!r} has not the size of its masks.")
        masks = [np.asarray((segments == number) & ~covered) for number in numbers]
        return [mask for mask in masks if np.count_nonzero(mask) > _SMALLEST]


def read_stuff(annotations: Path, split: str) -> Stuff | None:
    """Read which regions of which photos are stuff; None where there is no such file. Raises `DatasetError`."""
    path = annotations / f"panoptic_{split}2017.json"
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        things = {each["id"] for each in content["categories"] if each["isthing"]}
        numbers = {
            Path(each["file_name"]).stem: tuple(
                int(segment["id"]) for segment in each["segments_info"] if segment["category_id"] not in things
            )
            for each in content["annotations"]
        }
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(f"{str(path)!r} is no panoptic annotation of COCO.") from error
    return Stuff(path.with_suffix(""), numbers)

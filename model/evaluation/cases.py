"""One object of a finished evaluation, to be looked at again: its picture and its clicks."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..data.nifti_sets import read_slice
from ..data.session_sets import SUFFIX, open_session
from ..errors import DatasetError
from .records import OBJECTS_FILE, ROBUSTNESS_FILE, Record, read_records
from .run import SETTINGS_FILE


@dataclass(frozen=True)
class ReplayCase:
    """What is needed to click an object again; `pixels` (H, W, 3) uint8 where the image is a slice of a volume."""

    name: str
    image: Path
    pixels: NDArray[np.uint8] | None
    clicks: tuple[Click, ...]
    ious: tuple[float, ...]
    model: str


def find_case(folder: Path, name: str) -> ReplayCase:
    """Find `SET/STEM/OBJECT` in the folder of an evaluation; STEM/OBJECT is enough where it is clear.

    Clicks that were taken back are left out. Raises `DatasetError` where there is no such object, or the slice of
    its volume cannot be read.
    """
    records = [record for file in (OBJECTS_FILE, ROBUSTNESS_FILE) for record in read_records(folder / file)]
    if not records:
        raise DatasetError(f"{str(folder)!r} holds no {OBJECTS_FILE} of an evaluation.")
    found = [record for record in records if _names(record, name)]
    if not found:
        raise DatasetError(
            f"The evaluation in {str(folder)!r} has no object {name!r}; see {OBJECTS_FILE} for its names."
        )
    if len({record.key for record in found}) > 1:
        raise DatasetError(f"More than one object of {str(folder)!r} is called {name!r}; put its set before it.")
    record = found[0]
    run, image = record.run, record.target.image.paths[0]
    if not image.is_file():
        raise DatasetError(f"The image {str(image)!r} of this object is not there any more.")
    kept = [place for place, undone in enumerate(run.undone) if not undone]
    return ReplayCase(
        "/".join(map(str, record.key)),
        image,
        _slice(record),
        tuple(run.clicks[place] for place in kept),
        tuple(run.ious[place] for place in kept),
        model_of(folder),
    )


def model_of(folder: Path) -> str:
    """Name the model of an evaluation as the command line named it; empty for the default."""
    try:
        asked = json.loads((folder / SETTINGS_FILE).read_text(encoding="utf-8"))["engine"].get("asked")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""
    return asked if isinstance(asked, str) else ""


def _names(record: Record, name: str) -> bool:
    whole = "/".join(map(str, record.key))
    return name in (whole, whole.partition("/")[2])


def _slice(record: Record) -> NDArray[np.uint8] | None:
    image = record.target.image
    if image.place is None:
        return None
    picture, truth = image.paths
    if truth.suffix != SUFFIX:
        return read_slice(picture, image.place)
    for each in open_session(truth, only_finished=True).images:
        if each.stem == image.stem:
            return each.read_pixels()
    raise DatasetError(f"{str(truth)!r} does not hold {image.name} any more.")

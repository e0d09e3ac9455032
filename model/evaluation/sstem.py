"""The ssTEM set (Gerhard et al., Drosophila nerve cord): raw sections, and mitochondria as objects."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..data.images import read_labels
from ..data.objects import connected_parts
from ..errors import DatasetError
from .samples import Entry, ImageSet, Problem
from .user import BoolMask

_OBJECT_ABOVE = 127


def open_sstem(root: Path) -> ImageSet:
    """Open the published layout: `raw/NN.tif` and `mitochondria/NN.png` in `root` or in a folder of it.

    Objects are the 4-connected parts of the mask over 127. Raises `DatasetError` where there is no such folder.
    """
    if not root.is_dir():
        raise DatasetError(f"There is no folder {str(root)!r}.")
    candidates = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
    stacks = [path for path in candidates if (path / "raw").is_dir() and (path / "mitochondria").is_dir()]
    if not stacks:
        raise DatasetError(f"{str(root)!r} holds no folders 'raw' and 'mitochondria', nor does a folder in it.")
    stack = stacks[0]
    raw = {path.stem: path for path in sorted((stack / "raw").glob("*.tif"))}
    masks = {path.stem: path for path in sorted((stack / "mitochondria").glob("*.png"))}
    entries = tuple(Entry("sstem", stem, raw[stem], masks[stem]) for stem in sorted(set(raw) & set(masks)))
    problems = [Problem("sstem", stem, f"there is no mask mitochondria/{stem}.png") for stem in set(raw) - set(masks)]
    problems += [Problem("sstem", stem, f"there is no section raw/{stem}.tif") for stem in set(masks) - set(raw)]
    return ImageSet("sstem", entries, _read, tuple(sorted(problems, key=lambda problem: problem.stem)))


def _read(entry: Entry) -> tuple[NDArray[np.int32], BoolMask]:
    labels = read_labels(entry.mask)
    objects = connected_parts((labels > _OBJECT_ABOVE).astype(np.int32))
    return objects, np.zeros(labels.shape, np.bool_)

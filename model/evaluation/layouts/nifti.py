"""Volumes with label volumes, clicked slice by slice: `NAME.nii.gz` with `NAME-label.nii.gz`, or two folders."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...data.nifti import SUFFIXES, NiftiVolume
from ...errors import DatasetError, ImageError
from ..objects import MaskKind, objects_of
from ..samples import Entry, ImageSet, Problem, Truths
from .pairs import folders_in

_IMAGE_FOLDERS = ("images", "imagesTr", "image", "imgs")
_LABEL_FOLDERS = ("labels", "labelsTr", "label", "masks", "segmentations")
_LABEL_ENDINGS = ("-label", "_label", "-labels", "_labels", "-seg", "_seg", "-mask", "_mask", "_gt")
_CHANNEL = "_0000"
"""What nnU-Net appends to the name of an image's first channel."""

Case = tuple[str, Path | None, Path | None]
"""Name, image and labels of one volume; None where a file is missing."""


def open_nifti(root: Path, axis: int = 2, kind: MaskKind | None = None, ignore_value: int | None = None) -> ImageSet:
    """Open the volumes of a folder and of the folders in it; each number of a slice is an object, unless `kind` says.

    Slices lie across `axis` of the file. A volume without labels, or labels without a volume, becomes a problem.
    Raises `DatasetError` where there is no pair at all.
    """
    cases = [case for folder in (root, *folders_in(root)) for case in _cases(folder)]
    if not any(image is not None and label is not None for _, image, label in cases):
        raise DatasetError(
            f"{str(root)!r} holds no volume with labels: NAME.nii.gz with NAME-label.nii.gz, "
            "or folders 'images' and 'labels'."
        )
    return open_cases("nifti", cases, axis, lambda labels: objects_of(labels, kind or "instances", ignore_value))


def open_cases(
    name: str,
    cases: Iterable[Case],
    axis: int = 2,
    convert: Callable[[NDArray[np.int32]], Truths] = Truths.of,
) -> ImageSet:
    """Make a set of the slices of `cases` that have a label; `convert` turns the numbers of one into objects."""
    entries: list[Entry] = []
    problems: list[Problem] = []
    for case, image, label in cases:
        if image is None or label is None:
            what = "image" if image is None else "labels"
            problems.append(Problem(name, case, f"there is no volume with the {what}"))
            continue
        try:
            entries += _slices(name, case, image, label, axis)
        except (ImageError, DatasetError) as error:
            problems.append(Problem(name, case, str(error)))
    return ImageSet(
        name,
        tuple(entries),
        lambda entry: convert(_volume(entry.mask).labels(entry.axis, entry.index or 0)),
        tuple(problems),
        lambda entry: _volume(entry.image).grey(entry.axis, entry.index or 0),
    )


def _slices(name: str, case: str, image: Path, label: Path, axis: int) -> list[Entry]:
    labels, pixels = _volume(label), _volume(image)
    if labels.shape != pixels.shape:
        raise DatasetError(f"The labels {str(label)!r} have the shape {labels.shape}, their volume {pixels.shape}.")
    found = labels.labelled_slices(axis)
    if not found:
        raise DatasetError(f"The label volume {str(label)!r} holds no object.")
    return [Entry(name, f"{case}@{index}", image, label, index, axis) for index in found]


@lru_cache(maxsize=4)
def _volume(path: Path) -> NiftiVolume:
    """Keep the volumes at hand: slices of one are asked for one after another."""
    return NiftiVolume(path)


def _cases(folder: Path) -> list[Case]:
    """Pair the volumes of one folder, by folders inside it or by the endings of their names."""
    images = next((folder / each for each in _IMAGE_FOLDERS if (folder / each).is_dir()), None)
    labels = next((folder / each for each in _LABEL_FOLDERS if (folder / each).is_dir()), None)
    if images is not None and labels is not None:
        pixels = {name.removesuffix(_CHANNEL): path for name, path in _volumes(images).items()}
        truths = _volumes(labels)
        return [(name, pixels.get(name), truths.get(name)) for name in sorted(pixels.keys() | truths.keys())]
    found = _volumes(folder)
    pairs = [
        (name.removesuffix(ending), path)
        for name, path in found.items()
        for ending in _LABEL_ENDINGS
        if name.endswith(ending)
    ]
    return [(name, found.get(name), path) for name, path in sorted(pairs)]


def _volumes(folder: Path) -> dict[str, Path]:
    """Files by their name without its ending, which has two dots."""
    files = {}
    for path in sorted(folder.iterdir()):
        suffix = next((each for each in SUFFIXES if path.name.lower().endswith(each)), None)
        if suffix is not None and path.is_file():
            files[path.name[: -len(suffix)]] = path
    return files

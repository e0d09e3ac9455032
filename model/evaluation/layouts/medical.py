"""The paper's medical sets: ssTEM, BraTS and OAI-ZIB."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..objects import connected_parts
from ..samples import ImageSet, Truths
from .nifti import open_cases
from .pairs import Folders, any_of, find_folders, folders_in, open_pairs, truths_of_labels

_SSTEM = Folders("raw", "mitochondria")
_SLICES = (Folders("image", "annotations"), Folders("images", "annotations"), Folders("images", "masks"))
_OBJECT_ABOVE = 127
_SPLITS = ("test", "val", "validation")
_VOLUME_SUFFIXES = (".nii.gz", ".nii")
_MODALITY, _LABEL = "flair", "seg"


def open_sstem(root: Path) -> ImageSet:
    """Open ssTEM (Gerhard et al.): `raw/NN.tif` and `mitochondria/NN.png` in `root` or in a folder of it.

    Objects are the 4-connected parts of the mask over 127. Raises `DatasetError` where there is no such folder.
    """
    return open_pairs("sstem", root, [_SSTEM], truths_of_labels(_mitochondria))


def open_oai_zib(root: Path) -> ImageSet:
    """Open the slices of OAI-ZIB, `test/image` and `test/annotations`: each number, a cartilage, is an object."""
    return open_pairs("oai_zib", _split_in(root), _SLICES, truths_of_labels(Truths.of))


def open_brats(root: Path) -> ImageSet:
    """Open BraTS: every tumour of a slice together is one object.

    Either slices as pictures, `image` and `annotations`, or the challenge's own folders, a case each, with
    `CASE_flair.nii.gz` and `CASE_seg.nii.gz`, of which every slice with a tumour is taken.
    """
    cases = [(folder.name, *_case_files(folder)) for folder in folders_in(root)]
    volumes = [(name, image, label) for name, image, label in cases if image is not None or label is not None]
    if volumes:
        return open_cases("brats", volumes, convert=_any_tumour)
    return open_pairs("brats", _split_in(root), _SLICES, truths_of_labels(_any_tumour))


def _split_in(root: Path) -> Path:
    """Give the folder of the test images where there is one, else `root` itself."""
    inside = {folder.name: folder for folder in folders_in(root)}
    place = next((inside[name] for name in _SPLITS if name in inside), root)
    find_folders(place, _SLICES)
    return place


def _case_files(folder: Path) -> tuple[Path | None, Path | None]:
    image, label = (
        any_of(folder / f"{folder.name}_{kind}{suffix}" for suffix in _VOLUME_SUFFIXES) for kind in (_MODALITY, _LABEL)
    )
    return image, label


def _mitochondria(labels: NDArray[np.int32]) -> Truths:
    return Truths.of(connected_parts((labels > _OBJECT_ABOVE).astype(np.int32)))


def _any_tumour(labels: NDArray[np.int32]) -> Truths:
    return Truths.of((labels > 0).astype(np.int32))

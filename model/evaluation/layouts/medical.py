"""The paper's medical sets: ssTEM, BraTS, OAI and OAI-ZIB."""

from pathlib import Path

import numpy as np

from ...data.annotated import Found, Objects
from ...data.images import read_labels
from ...data.nifti_sets import Slicing, open_nifti
from ...data.objects import connected_parts
from ...errors import DatasetError
from .pairs import Folders, find_folders, folders_in, open_pairs

_SSTEM = Folders("raw", "mitochondria")
_SLICES = tuple(Folders(images, masks) for images in ("image", "images") for masks in ("annotations", "annotation"))
_OBJECT_ABOVE = 127
_SPLITS = {"val": ("test", "val", "validation"), "train": ("train", "training")}
"""Folders of a split, as the sets call them; those of OAI and OAI-ZIB are `train` and `test`."""


def open_sstem(root: Path, *, as_published: bool = False) -> Found:
    """Open ssTEM (Gerhard et al.): `raw/NN.tif` and `mitochondria/NN.png` in `root` or in a folder of it.

    Objects are the 4-connected parts of the mask over 127. `as_published` takes the parts as iSegFormer's and
    SimpleClick's code finds them: 8-connected, since its "4" is no connectivity to OpenCV, and over 0. Raises
    `DatasetError` where there is no such folder.
    """
    return open_pairs("sstem", root, [_SSTEM], _read_as_published if as_published else _read_mitochondria)


def open_oai_zib(root: Path, split: str = "val") -> Found:
    """Open the slices of OAI-ZIB, `test/image` and `test/annotations`: each number, a cartilage, is an object."""
    return open_pairs("oai_zib", _split_in(root, split), _SLICES, _read_numbers)


def open_oai(root: Path, split: str = "val") -> Found:
    """Open the slices of OAI, `train/image` and `train/annotations`, on which iSegFormer's 3-D work is pretrained.

    Each number but 0 is an object. The published reader takes 0, the background, as one more.
    """
    return open_pairs("oai", _split_in(root, split), _SLICES, _read_numbers)


def open_brats(root: Path, split: str = "val") -> Found:
    """Open BraTS: every tumour of a slice together is one object.

    Either slices as pictures, `image` and `annotation`, or the challenge's own folders, a case each, with
    `CASE_flair.nii.gz` and `CASE_seg.nii.gz`, of which every slice with a tumour is taken.
    """
    folders_in(root)
    volumes = open_nifti(root, Slicing(kind="binary", axis=2, least=1))
    return volumes or open_pairs("brats", _split_in(root, split), _SLICES, _read_tumour)


def _split_in(root: Path, split: str) -> Path:
    """Give the folder of a split where there is one, else `root` itself; never that of another split."""
    inside = {folder.name: folder for folder in folders_in(root)}
    place = next((inside[name] for name in _SPLITS.get(split, (split,)) if name in inside), root)
    others = [name for names in _SPLITS.values() for name in names if name in inside]
    if place == root and others and not any(each.inside(root) for each in _SLICES):
        raise DatasetError(f"{str(root)!r} has no folder for the split {split!r}, only {', '.join(others)}.")
    find_folders(place, _SLICES)
    return place


def _read_numbers(mask: Path) -> Objects:
    return Objects.of(read_labels(mask))


def _read_mitochondria(mask: Path) -> Objects:
    return Objects.of(connected_parts((read_labels(mask) > _OBJECT_ABOVE).astype(np.int32)))


def _read_as_published(mask: Path) -> Objects:
    return Objects.of(connected_parts((read_labels(mask) > 0).astype(np.int32), neighbours=8))


def _read_tumour(mask: Path) -> Objects:
    return Objects.of((read_labels(mask) > 0).astype(np.int32))

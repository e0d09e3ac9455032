"""The paper's medical sets: ssTEM, BraTS and OAI-ZIB."""

from pathlib import Path

import cv2
import numpy as np

from ...data.annotated import Found, Objects
from ...data.images import read_labels
from ...data.nifti_sets import Slicing, open_nifti
from ...data.objects import connected_parts
from .pairs import Folders, find_folders, folders_in, open_pairs

_SSTEM = Folders("raw", "mitochondria")
_SLICES = tuple(Folders(images, masks) for images in ("image", "images") for masks in ("annotations", "annotation"))
_OBJECT_ABOVE = 127
_SPLITS = ("test", "val", "validation")


def open_sstem(root: Path, *, as_published: bool = False) -> Found:
    """Open ssTEM (Gerhard et al.): `raw/NN.tif` and `mitochondria/NN.png` in `root` or in a folder of it.

    Objects are the 4-connected parts of the mask over 127. `as_published` takes the parts as iSegFormer's and
    SimpleClick's code finds them: 8-connected, since its "4" is no connectivity to OpenCV, and over 0. Raises
    `DatasetError` where there is no such folder.
    """
    return open_pairs("sstem", root, [_SSTEM], _read_as_published if as_published else _read_mitochondria)


def open_oai_zib(root: Path) -> Found:
    """Open the slices of OAI-ZIB, `test/image` and `test/annotations`: each number, a cartilage, is an object."""
    return open_pairs("oai_zib", _split_in(root), _SLICES, lambda mask: Objects.of(read_labels(mask)))


def open_brats(root: Path) -> Found:
    """Open BraTS: every tumour of a slice together is one object.

    Either slices as pictures, `image` and `annotation`, or the challenge's own folders, a case each, with
    `CASE_flair.nii.gz` and `CASE_seg.nii.gz`, of which every slice with a tumour is taken.
    """
    folders_in(root)
    volumes = open_nifti(root, Slicing(kind="binary", axis=2, least=1))
    return volumes or open_pairs("brats", _split_in(root), _SLICES, _read_tumour)


def _split_in(root: Path) -> Path:
    """Give the folder of the test images where there is one, else `root` itself."""
    inside = {folder.name: folder for folder in folders_in(root)}
    place = next((inside[name] for name in _SPLITS if name in inside), root)
    find_folders(place, _SLICES)
    return place


def _read_mitochondria(mask: Path) -> Objects:
    return Objects.of(connected_parts((read_labels(mask) > _OBJECT_ABOVE).astype(np.int32)))


def _read_as_published(mask: Path) -> Objects:
    _, parts = cv2.connectedComponents((read_labels(mask) > 0).astype(np.uint8), connectivity=8)
    return Objects.of(np.asarray(parts, np.int32))


def _read_tumour(mask: Path) -> Objects:
    return Objects.of((read_labels(mask) > 0).astype(np.int32))

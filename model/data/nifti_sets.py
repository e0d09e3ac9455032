"""NIfTI volumes with label volumes: every slice with a label becomes an image, along the coarsest axis.

A folder holds `imagesTr/NAME_0000.nii.gz` with `labelsTr/NAME.nii.gz` (nnU-Net's and the Medical Segmentation
Decathlon's layout), or `images/NAME.nii.gz` with `labels/` or `masks/`, or BraTS's `CASE/CASE_flair.nii.gz` with
`CASE/CASE_seg.nii.gz`.
"""

from functools import lru_cache, partial
from pathlib import Path

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble
from .objects import connected_parts

SUFFIXES = (".nii.gz", ".nii")
_PAIRS = (("imagesTr", "labelsTr"), ("images", "labels"), ("images", "masks"))
_BRATS_IMAGES = ("flair", "t2f", "t2-flair", "t2", "t1ce", "t1")
_LOW, _HIGH = 0.5, 99.5
_SMALLEST = 20
"""Fewest labelled voxels of a slice that becomes an image."""


def open_nifti(folder: Path) -> Found | None:
    """Open the pairs of volumes in `folder`; None where it holds none in a known layout."""
    pairs, troubles = _pairs(folder)
    if not pairs:
        return None
    images = []
    for name, picture, labels in pairs:
        try:
            images += _slices(folder.name, name, picture, labels)
        except DatasetError as error:
            troubles.append(Trouble(f"{folder.name}/{name}", str(error)))
    return Found(tuple(images), tuple(troubles))


def _pairs(folder: Path) -> tuple[list[tuple[str, Path, Path]], list[Trouble]]:
    for image_name, label_name in _PAIRS:
        pictures, labels = _volumes(folder / image_name), _volumes(folder / label_name)
        if pictures and labels:
            return _matched(folder.name, pictures, labels)
    found = []
    for labels_path in sorted(folder.glob("*/*seg.nii*")):
        stem = _stem(labels_path).removesuffix("seg")
        pictures = _volumes(labels_path.parent)
        picture = next((pictures[stem + kind] for kind in _BRATS_IMAGES if stem + kind in pictures), None)
        if picture is not None:
            found.append((labels_path.parent.name, picture, labels_path))
    return found, []


def _matched(
    set_name: str, pictures: dict[str, Path], labels: dict[str, Path]
) -> tuple[list[tuple[str, Path, Path]], list[Trouble]]:
    by_name = {name.removesuffix("_0000"): path for name, path in pictures.items() if not _is_further_channel(name)}
    pairs = [(name, path, labels[name]) for name, path in by_name.items() if name in labels]
    lonely = sorted(set(by_name) ^ set(labels))
    return pairs, [Trouble(f"{set_name}/{name}", "an image or a label volume has no partner") for name in lonely]


def _is_further_channel(name: str) -> bool:
    return name[-5:-4] == "_" and name[-4:].isdigit() and name[-4:] != "0000"


def _volumes(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        return {}
    return {_stem(path): path for path in sorted(folder.iterdir()) if path.name.lower().endswith(SUFFIXES)}


def _stem(path: Path) -> str:
    lower = path.name.lower()
    return path.name[: -len(next(each for each in SUFFIXES if lower.endswith(each)))]


def _slices(set_name: str, name: str, picture: Path, labels: Path) -> list[Annotated]:
    values, axis = _labels(labels)
    with_labels = np.moveaxis(values > 0, axis, 0).sum(axis=(1, 2))
    return [
        Annotated(
            set_name,
            f"{name}@{index}",
            partial(_read_slice, picture, labels, int(index)),
            partial(_read_labels, labels, int(index)),
            group=f"{set_name}/{name}",
        )
        for index in np.flatnonzero(with_labels >= _SMALLEST)
    ]


def _read_slice(picture: Path, labels: Path, index: int) -> NDArray[np.uint8]:
    volume = _volume(picture)
    truth, axis = _labels(labels)
    if volume.shape != truth.shape:
        raise DatasetError(f"The label volume {str(labels)!r} has not the shape of {str(picture)!r}.")
    low, high = _window(picture)
    plane = np.take(volume, index, axis).astype(np.float32)
    grey = np.clip((plane - low) / max(high - low, 1e-6), 0, 1)
    return np.repeat(np.rint(grey * 255).astype(np.uint8)[..., None], 3, axis=2)


def _read_labels(labels: Path, index: int) -> Objects:
    values, axis = _labels(labels)
    plane = connected_parts(np.ascontiguousarray(np.take(values, index, axis)))
    return Objects(plane[None], np.zeros(plane.shape, np.bool_))


@lru_cache(maxsize=2)
def _volume(path: Path) -> NDArray[np.float32]:
    try:
        data: NDArray[np.float32] = np.asarray(nibabel.load(path).dataobj, np.float32)  # type: ignore[attr-defined]
    except (OSError, ImageFileError, ValueError, EOFError) as error:
        raise DatasetError(f"The volume {str(path)!r} cannot be read ({error}).") from error
    if data.ndim == 4:
        data = data[..., 0]
    if data.ndim != 3:
        raise DatasetError(f"{str(path)!r} has {data.ndim} dimensions, not three.")
    return np.nan_to_num(data)


@lru_cache(maxsize=8)
def _window(path: Path) -> tuple[float, float]:
    sample = _volume(path).reshape(-1)[:: max(1, _volume(path).size // 1_000_000)]
    body = sample[sample != sample.min()]
    low, high = np.percentile(body if body.size else sample, [_LOW, _HIGH])
    # A volume of two values, say: what is not the darkest must still be seen.
    return (float(low), float(high)) if high > low else (float(sample.min()), float(sample.max()))


@lru_cache(maxsize=2)
def _labels(path: Path) -> tuple[NDArray[np.int32], int]:
    """Labels, and the axis of the slices: that with the widest spacing, the last where all are alike."""
    values = np.rint(_volume(path)).astype(np.int32)
    spacing = np.asarray(nibabel.load(path).header.get_zooms()[:3])  # type: ignore[attr-defined]
    axis = 2 if spacing.max() < 1.05 * spacing.min() else int(spacing.argmax())
    return values, axis

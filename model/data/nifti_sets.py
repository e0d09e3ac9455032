"""NIfTI volumes with label volumes: every slice with a label becomes an image, along the coarsest axis.

A folder holds `imagesTr/NAME_0000.nii.gz` with `labelsTr/NAME.nii.gz` (nnU-Net's and the Medical Segmentation
Decathlon's layout), or `images/NAME.nii.gz` with `labels/` or `masks/`, or BraTS's `CASE/CASE_flair.nii.gz` with
`CASE/CASE_seg.nii.gz`, or `NAME.nii.gz` beside `NAME-label.nii.gz` (or `_label`, `_seg`, `_gt`, ...).
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from ..errors import DatasetError
from .annotated import Annotated, Found, Objects, Trouble
from .objects import MaskKind, classes_of, objects_of

SUFFIXES = (".nii.gz", ".nii")
_PAIRS = (("imagesTr", "labelsTr"), ("images", "labels"), ("images", "masks"))
_BRATS_IMAGES = ("flair", "t2f", "t2-flair", "t2", "t1ce", "t1")
_ENDINGS = tuple(f"{mark}{word}" for mark in "-_" for word in ("label", "labels", "seg", "mask", "gt"))
_LOW, _HIGH = 0.5, 99.5
_SAME_PLACE = 0.1
"""Of a voxel: how far labels may lie beside the image."""
_MOST_NUMBER, _MOST_ROUNDED = 2**24, 1e-3
"""Labels kept as fractions are whole numbers that far at most, and so large."""
_SMALLEST = 20
"""Fewest labelled voxels of a slice that becomes an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slicing:
    """How a label volume becomes images with objects."""

    kind: MaskKind = "semantic"
    """What the numbers of a slice mean; by default its connected parts are objects."""
    axis: int | None = None
    """Axis across which the slices lie; None: the one of the widest spacing, the last where all are alike."""
    least: int = _SMALLEST
    """Fewest labelled voxels of a slice that becomes an image."""
    ignore_value: int | None = None
    """Label of voxels that count nowhere."""


def open_nifti(folder: Path, slicing: Slicing | None = None) -> Found | None:
    """Open the pairs of volumes in `folder`; None where it holds none in a known layout."""
    pairs, troubles = _pairs(folder)
    if not pairs:
        return None
    images: list[Annotated] = []
    for name, picture, labels in pairs:
        try:
            images += _slices((folder.name, name), picture, labels, slicing or Slicing())
        except DatasetError as error:
            troubles.append(Trouble(f"{folder.name}/{name}", str(error)))
    return Found(tuple(images), tuple(troubles))


def _pairs(folder: Path) -> tuple[list[tuple[str, Path, Path]], list[Trouble]]:
    for image_name, label_name in _PAIRS:
        pictures, labels = _volumes(folder / image_name), _volumes(folder / label_name)
        if pictures and labels:
            return _matched(folder.name, pictures, labels)
    beside = _beside(folder)
    if beside:
        return beside, []
    found = []
    for labels_path in sorted(folder.glob("*/*seg.nii*")):
        stem = _stem(labels_path).removesuffix("seg")
        pictures = _volumes(labels_path.parent)
        picture = next((pictures[stem + kind] for kind in _BRATS_IMAGES if stem + kind in pictures), None)
        if picture is not None:
            found.append((labels_path.parent.name, picture, labels_path))
    return found, []


def _beside(folder: Path) -> list[tuple[str, Path, Path]]:
    """Volumes with their labels in the same folder, told by the endings of the names."""
    files = _volumes(folder)
    return [
        (name, files[name], path)
        for stem, path in files.items()
        for ending in _ENDINGS
        if stem.endswith(ending) and (name := stem.removesuffix(ending)) in files
    ]


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


def _slices(names: tuple[str, str], picture: Path, labels: Path, slicing: Slicing) -> list[Annotated]:
    check_grid(labels, picture)
    values, coarsest = read_label_volume(labels)
    axis = coarsest if slicing.axis is None else slicing.axis
    counts = np.moveaxis(values > 0, axis, 0).sum(axis=(1, 2))
    if not counts.any():
        raise DatasetError(f"The label volume {str(labels)!r} holds no object.")
    return [
        Annotated(
            names[0],
            f"{names[1]}@{index}",
            partial(read_slice, picture, (axis, int(index))),
            partial(_read_labels, labels, (axis, int(index)), slicing),
            group="/".join(names),
            paths=(picture, labels),
            place=(axis, int(index)),
        )
        for index in np.flatnonzero(counts >= slicing.least)
    ]


def read_slice(picture: Path, place: tuple[int, int]) -> NDArray[np.uint8]:
    """Read the slice at `place` (axis, index) as the network sees it: (H, W, 3) uint8; raise `DatasetError`."""
    low, high = _window(picture)
    axis, index = place
    if not index < _volume(picture).shape[axis]:
        raise DatasetError(f"The volume {str(picture)!r} has no slice {index} along its axis {axis}.")
    plane = np.take(_volume(picture), index, axis).astype(np.float32)
    grey = np.clip((plane - low) / max(high - low, 1e-6), 0, 1)
    return np.repeat(np.rint(grey * 255).astype(np.uint8)[..., None], 3, axis=2)


def _read_labels(labels: Path, place: tuple[int, int], slicing: Slicing) -> Objects:
    plane = np.ascontiguousarray(np.take(read_label_volume(labels)[0], place[1], place[0]))
    objects, ignored = objects_of(plane, slicing.kind, slicing.ignore_value)
    return Objects(objects[None], ignored, classes=classes_of(plane, objects) if slicing.kind == "semantic" else {})


def check_grid(labels: Path, picture: Path) -> None:
    """Raise `DatasetError` where labels do not lie on the voxels of `picture`, told from the headers alone."""
    (shape, affine), (wanted, place) = _grid(labels), _grid(picture)
    if shape != wanted:
        raise DatasetError(
            f"The label volume {str(labels)!r} has the shape {shape}, its image {str(picture)!r} {wanted}."
        )
    if affine is None or place is None:
        return
    corners = np.array([[*corner, 1.0] for corner in np.ndindex(2, 2, 2)]) * [*(np.array(shape) - 1), 1]
    apart = float(np.linalg.norm(corners @ (affine - place).T, axis=1).max())
    if apart > _SAME_PLACE * np.linalg.norm(place[:3, :3], axis=0).min():
        raise DatasetError(
            f"The label volume {str(labels)!r} lies up to {apart:.2f} mm beside its image {str(picture)!r}; "
            "resample it to the voxels of the image."
        )


def _grid(path: Path) -> tuple[tuple[int, ...], NDArray[np.float64] | None]:
    """Give the lengths of the three axes, and where they lie in the patient; None where the header does not say."""
    with _reading(path):
        image = nibabel.load(path)
    header: Any = image.header
    is_placed = any(int(header.get(code, 0)) > 0 for code in ("sform_code", "qform_code"))
    return tuple(image.shape[:3]), image.affine if is_placed else None  # type: ignore[attr-defined]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raise `DatasetError` where a file is damaged or too large."""
    try:
        yield
    except (OSError, ImageFileError, HeaderDataError, ValueError, OverflowError, EOFError, zlib.error) as error:
        raise DatasetError(f"The volume {str(path)!r} cannot be read ({error}).") from error
    except MemoryError as error:
        raise DatasetError(f"There is not enough memory to read the volume {str(path)!r}.") from error


@lru_cache(maxsize=2)
def _volume(path: Path) -> NDArray[np.float32]:
    with _reading(path):
        image: Any = nibabel.load(path)
        if image.get_data_dtype().kind not in "iuf":
            raise DatasetError(f"{str(path)!r} holds colours or complex numbers, not one value a voxel.")
        data: NDArray[np.float32] = np.asarray(image.dataobj, np.float32)
    if not data.size:
        raise DatasetError(f"The volume {str(path)!r} holds no voxel.")
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
def read_label_volume(path: Path) -> tuple[NDArray[np.int32], int]:
    """Read labels (not to be written), and the axis of the slices: of the widest spacing, the last where all are alike.

    Raises `DatasetError`.
    """
    stored = _volume(path)
    times = nibabel.load(path).shape[3:]  # type: ignore[attr-defined]
    if max(times, default=1) > 1:
        raise DatasetError(f"{str(path)!r} holds {times[0]} volumes, not one of labels.")
    whole = np.rint(stored)
    if np.abs(stored - whole).max() > _MOST_ROUNDED or np.abs(whole).max() > _MOST_NUMBER:
        raise DatasetError(f"{str(path)!r} holds values that are no whole numbers, and so no labels.")
    values = whole.astype(np.int32)
    spacing = np.asarray(nibabel.load(path).header.get_zooms()[:3])  # type: ignore[attr-defined]
    axis = 2 if spacing.max() < 1.05 * spacing.min() else int(spacing.argmax())
    return values, axis

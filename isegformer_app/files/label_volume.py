"""Label volumes made elsewhere, laid upon the grid of an open image: NIfTI, NRRD, MetaImage and DICOM-SEG."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import MaskCrop, Volume
from isegformer_app.document.geometry import bounding_box

from .errors import CannotRead, NotAnImage, cannot_read
from .label_segments import GridsDiffer, read_segments
from .slicer_layers import Look, is_layered, read_layered
from .volumes import FileKind, VolumeImage, Watch, find_volumes, read_volume
from .volumes.dicom_frames import looks_like_dicom
from .volumes.nrrd_pieces import nrrd_header

_Value = TypeVar("_Value", np.uint16, np.bool_)

MOST_OBJECTS = 1000
_MOST_NUMBER = 65535
_SAME_PLACE = 0.1
"""Of a voxel: how far off a grid may lie and still be the same."""


@dataclass(frozen=True, slots=True, eq=False)
class ImportedLabel:
    """One object of a label volume: its number, its name and colour where it has them, its mask on each axial slice."""

    value: int
    look: Look
    planes: tuple[tuple[int, MaskCrop], ...]

    @property
    def voxels(self) -> int:
        """Count its voxels."""
        return sum(int(mask.pixels.sum()) for _, mask in self.planes)


def read_label_volume(
    path: Path, image: VolumeImage, watch: Watch, *, resample: bool = False
) -> tuple[ImportedLabel, ...]:
    """Read the objects of a label volume for `image`: one for each number but 0, or for each segment.

    Raises `GridsDiffer` with the reason where its grid is not that of the image, unless it is to be resampled (to the
    nearest voxel; a DICOM-SEG is not), other `CannotRead` problems, and what `watch` raises.
    """
    try:
        if looks_like_dicom(path):
            segments = read_segments(path, image, watch)
            found = [_label(number, Look(name), mask) for number, (name, mask) in enumerate(segments, start=1)]
        elif is_layered(path):
            layered = read_layered(path, watch)
            if not resample:
                refuse_other_grid(path, layered.volume, image.volume)
            found = [
                _label(number, look, _on_grid(layered.volume, mask, image.volume, watch, path.name))
                for number, (look, mask) in enumerate(layered.segments, start=1)
            ]
        else:
            numbers = _numbers(path, image, watch, resample=resample)
            looks = _slicer_looks(path)
            found = [_label(value, looks.get(value, Look()), numbers == value) for value in _values(numbers, path)]
    except OSError as error:
        raise cannot_read(path, error) from error
    kept = tuple(each for each in found if each.planes)
    if not kept:
        raise CannotRead(f"“{path.name}” holds no labels on this image; choose another file.")
    return kept


def _label(value: int, look: Look, mask: NDArray[np.bool_]) -> ImportedLabel:
    box = bounding_box(mask)
    if box is None:
        return ImportedLabel(value, look, ())
    inside = mask[box.slices]
    planes = [
        (box.lower[0] + place, MaskCrop.of(np.ascontiguousarray(plane), box.lower[1], box.lower[2]))
        for place, plane in enumerate(inside)
        if plane.any()
    ]
    return ImportedLabel(value, look, tuple(planes))


def _values(numbers: NDArray[Any], path: Path) -> list[int]:
    values = np.flatnonzero(np.bincount(numbers.reshape(-1), minlength=1)[1:]) + 1
    if values.size > MOST_OBJECTS:
        raise CannotRead(
            f"“{path.name}” holds {values.size:,} different numbers, so it is an image and holds no labels; choose "
            "another file."
        )
    return [int(value) for value in values]


def _numbers(path: Path, image: VolumeImage, watch: Watch, *, resample: bool) -> NDArray[np.uint16]:
    """The number at each voxel of the image, (D, H, W)."""
    finding = find_volumes([path], watch)
    if not finding.choices:
        raise CannotRead(finding.refused[0])
    if finding.choices[0].time_points > 1:
        raise CannotRead(
            f"“{path.name}” holds {finding.choices[0].time_points} time points and not one of labels; save the "
            "one that is meant alone."
        )
    labels = read_volume(finding.choices[0], watch, allow_large=True).volume
    if labels.is_colour:
        raise NotAnImage(f"“{path.name}” is a picture in colours and holds no labels; choose another file.")
    if not resample:
        refuse_other_grid(path, labels, image.volume)
    return _on_grid(labels, _whole(np.asarray(labels.array), path), image.volume, watch, path.name)


def refuse_other_grid(path: Path, labels: Volume, image: Volume) -> None:
    """Raise `GridsDiffer` with the reason where labels do not lie on the voxels of the image."""
    why = grid_difference(labels, image)
    if why:
        raise GridsDiffer(f"“{path.name}” {why}; choose the labels of this image, or let them be resampled.")


def grid_difference(labels: Volume, image: Volume) -> str:
    """Say how the grid of labels differs from that of the image; empty where it does not."""
    if labels.shape != image.shape:
        sizes = [" x ".join(str(length) for length in each.shape[::-1]) for each in (labels, image)]
        return f"is {sizes[0]} voxels large, the image {sizes[1]}"
    if labels.affine is None or image.affine is None:
        return ""
    corners = np.array([[a, b, c] for a in (0, 1) for b in (0, 1) for c in (0, 1)]) * (np.array(image.shape) - 1)
    apart = np.linalg.norm(labels.to_patient(corners) - image.to_patient(corners), axis=1).max()
    return f"lies up to {apart:.2f} mm beside the image" if apart > _SAME_PLACE * min(image.spacing) else ""


def _whole(values: NDArray[Any], path: Path) -> NDArray[np.uint16]:
    low, high = float(values.min()), float(values.max())
    if not (low >= 0 and high <= _MOST_NUMBER):
        raise CannotRead(f"“{path.name}” holds values from {low:g} to {high:g} and no labels; choose another file.")
    whole = values.astype(np.uint16)
    if values.dtype.kind == "f" and not np.array_equal(whole, values):
        raise CannotRead(f"“{path.name}” holds fractions and no labels; choose another file.")
    return whole


def _on_grid(labels: Volume, values: NDArray[_Value], image: Volume, watch: Watch, name: str) -> NDArray[_Value]:
    """Take for each voxel of the image the value that lies nearest; 0 outside of the label volume."""
    if not grid_difference(labels, image):
        return values
    if labels.affine is None or image.affine is None:
        raise CannotRead(
            f"“{name}” or the image does not say where it lies in the patient, so nothing can be resampled."
        )
    matrix = np.linalg.inv(labels.affine) @ image.affine
    rows, cols = np.meshgrid(np.arange(image.shape[1]), np.arange(image.shape[2]), indexing="ij")
    result = np.zeros(image.shape, values.dtype)
    for place in range(image.shape[0]):
        watch(place, image.shape[0], name)
        index = [
            np.rint(matrix[axis, 0] * place + matrix[axis, 1] * rows + matrix[axis, 2] * cols + matrix[axis, 3])
            for axis in range(3)
        ]
        inside = np.logical_and.reduce(
            [(each >= 0) & (each < length) for each, length in zip(index, labels.shape, strict=True)]
        )
        chosen = tuple(each[inside].astype(np.intp) for each in index)
        result[place][inside] = values[chosen]
    return result


def _slicer_looks(path: Path) -> dict[int, Look]:
    """The names and colours that 3D Slicer gives the numbers of an NRRD file."""
    header = nrrd_header(path)
    return {
        int(value): Look.of(header, key.removesuffix("_LabelValue"))
        for key, value in header.items()
        if key.startswith("Segment") and key.endswith("_LabelValue") and str(value).isdecimal()
    }


def is_label_volume(path: Path) -> bool:
    """Whether a file is one of these rather than a picture; never raises."""
    from .volumes.finding import kind_of

    try:
        return kind_of(path) in set(FileKind)
    except OSError:
        return False

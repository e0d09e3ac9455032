"""The segments of a DICOM segmentation, laid upon the images that they were made on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import CannotRead, Damaged, NotAnImage
from .volumes import SourceGrid, VolumeImage, Watch
from .volumes.dicom_frames import open_dataset, quiet

_SAME_PLACE = 0.1
_HALF = 0.5
_TO_RAS = np.array([-1.0, -1.0, 1.0])


class GridsDiffer(CannotRead):
    """Labels do not lie on the grid of the image."""


def read_segments(path: Path, image: VolumeImage, watch: Watch) -> list[tuple[str, NDArray[np.bool_]]]:
    """Name and voxels (D, H, W) of each segment, in its order.

    A frame lies on the image that it names, else on the slice at its place. Raises `GridsDiffer` where there is none.
    """
    dataset = open_dataset(path, with_pixels=True)
    if dataset.get("Modality") != "SEG":
        raise NotAnImage(f"“{path.name}” is DICOM but no segmentation; choose a segmentation, NIfTI or NRRD.")
    try:
        with quiet():
            frames = np.asarray(dataset.pixel_array).reshape((-1, dataset.Rows, dataset.Columns))
            return list(_segments(dataset, frames, path, image, watch))
    except (CannotRead, MemoryError):
        raise
    except (AttributeError, IndexError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise Damaged(f"“{path.name}” is damaged, or a segmentation of a kind that is not read here.") from error


def _segments(
    dataset: Any,  # noqa: ANN401 - pydicom's data set
    frames: NDArray[Any],
    path: Path,
    image: VolumeImage,
    watch: Watch,
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    grid = image.grid
    if frames.shape[1:] != grid.shape[1:]:
        raise GridsDiffer(
            f"“{path.name}” is {frames.shape[2]} x {frames.shape[1]} pixels, the image {grid.shape[2]} x "
            f"{grid.shape[1]}; choose the segmentation of this image."
        )
    most = float(dataset.get("MaximumFractionalValue") or 1)
    shared = dataset.SharedFunctionalGroupsSequence[0]
    groups = list(dataset.PerFrameFunctionalGroupsSequence)
    for segment in dataset.SegmentSequence:
        stored = np.zeros(grid.shape, dtype=np.bool_)
        for number, group in enumerate(groups):
            watch(number, len(groups), path.name)
            identity = group if "SegmentIdentificationSequence" in group else shared
            if identity.SegmentIdentificationSequence[0].ReferencedSegmentNumber == segment.SegmentNumber:
                stored[_place(group, grid, path)] |= frames[number] > _HALF * most
        yield str(segment.get("SegmentLabel") or ""), grid.order.to_volume(stored)


def _place(group: Any, grid: SourceGrid, path: Path) -> int:  # noqa: ANN401 - pydicom's data set
    """The slice of the series that a frame lies on."""
    known = {(each.sop_instance, each.frame): place for place, each in enumerate(grid.slices) if each.sop_instance}
    for derivation in group.get("DerivationImageSequence") or []:
        for source in derivation.get("SourceImageSequence") or []:
            key = str(source.ReferencedSOPInstanceUID), int(source.get("ReferencedFrameNumber") or 1)
            if key in known:
                return known[key]
    place = None
    if grid.affine is not None and grid.slices and grid.is_even and "PlanePositionSequence" in group:
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float) * _TO_RAS
        index = np.linalg.inv(grid.affine) @ [*position, 1.0]
        place = round(float(index[0]))
        off = np.abs(index[:3] - (place, 0, 0)).max()
        place = place if off < _SAME_PLACE and 0 <= place < grid.shape[0] else None
    if place is None:
        raise GridsDiffer(
            f"A frame of “{path.name}” lies on none of the images that are open; choose the segmentation of this "
            "series."
        )
    return place

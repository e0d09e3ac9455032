"""NIfTI volumes slice by slice, as the numbers lie in the file: no axis is turned or mirrored."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ImageError
from .images import stretched

SUFFIXES = (".nii.gz", ".nii")
"""Endings of the files that are read."""

_MOST_VOXELS = 2**31


class NiftiVolume:
    """One file, opened: its header is read, its voxels on demand and then kept."""

    def __init__(self, path: Path) -> None:
        """Open the file; raise `ImageError` where it is no NIfTI volume of three axes."""
        import nibabel

        self.path = path
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                stored: Any = nibabel.load(path)
                self._stored = stored
            shape = tuple(int(length) for length in self._stored.shape)
        except Exception as error:
            # nibabel meets hostile bytes with many exceptions, and each means the same to the user.
            raise ImageError(f"{str(path)!r} is no NIfTI volume that can be read.") from error
        while len(shape) > 3 and shape[-1] == 1:
            shape = shape[:-1]
        if len(shape) != 3 or not 0 < int(np.prod(shape)) <= _MOST_VOXELS:
            raise ImageError(f"{str(path)!r} has the shape {shape}; volumes of three axes are read.")
        self.shape: tuple[int, int, int] = (shape[0], shape[1], shape[2])
        self._voxels: NDArray[Any] | None = None
        self._grey: NDArray[np.uint8] | None = None

    def voxels(self) -> NDArray[Any]:
        """Values as scaled by the header, of the file's shape; raise `ImageError` where the file is cut off."""
        if self._voxels is None:
            try:
                self._voxels = np.asanyarray(self._stored.dataobj).reshape(self.shape)
            except Exception as error:
                raise ImageError(f"{str(self.path)!r} is damaged or cut off and cannot be read.") from error
        return self._voxels

    def grey(self, axis: int, index: int) -> NDArray[np.uint8]:
        """Slice (H, W, 3) uint8: the volume's 0.1 and 99.9 percentiles are black and white."""
        if self._grey is None:
            self._grey = stretched(self.voxels())
        flat = np.take(self._grey, index, axis)
        return np.repeat(flat[..., None], 3, axis=2)

    def labelled_slices(self, axis: int) -> list[int]:
        """Slices along an axis in which any value is over 0."""
        others = tuple(each for each in range(3) if each != axis)
        return [int(index) for index in np.flatnonzero((self.voxels() > 0).any(axis=others))]

    def labels(self, axis: int, index: int) -> NDArray[np.int32]:
        """Slice of whole numbers (H, W) int32; raise `ImageError` where there are others."""
        values = np.take(self.voxels(), index, axis)
        labels: NDArray[np.int32] = np.nan_to_num(np.asarray(values)).astype(np.int32)
        if not np.array_equal(labels, values):
            raise ImageError(f"The label volume {str(self.path)!r} holds values that are no whole numbers.")
        return labels

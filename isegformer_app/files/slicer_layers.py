"""Segmentations of 3D Slicer whose segments overlap: several label volumes in one NRRD file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import AxisOrder, Colour, Volume, spacing_of

from .errors import Damaged
from .volumes import Watch
from .volumes.nrrd_pieces import nrrd_header, read_pieces

_LAYERED = 4
_LPS, _LAS, _RAS = (-1.0, -1.0, 1.0, 1.0), (-1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 1.0, 1.0)
_TO_RAS = {
    **dict.fromkeys(("left-posterior-superior", "lps"), _LPS),
    **dict.fromkeys(("left-anterior-superior", "las"), _LAS),
    **dict.fromkeys(("right-anterior-superior", "ras"), _RAS),
}
"""What turns the directions of a file into RAS+, by the space that it names; one that names none is read as LPS."""
_BYTE, _SHORT = ("uchar", "unsigned char", "uint8", "uint8_t"), ("ushort", "unsigned short", "uint16", "uint16_t")
_TYPES = dict.fromkeys(_BYTE, np.uint8) | dict.fromkeys(_SHORT, np.uint16)
"""What NRRD calls the types that 3D Slicer writes."""


@dataclass(frozen=True, slots=True)
class Look:
    """The name and the colour of a segment; empty and None where they are not told."""

    name: str = ""
    colour: Colour | None = None

    @classmethod
    def of(cls, header: Mapping[str, Any], segment: str) -> "Look":
        """Read them from the head of a file; `segment` is how its keys begin there."""
        try:
            parts = [min(max(round(float(each) * 255), 0), 255) for each in header.get(f"{segment}_Color", "").split()]
        except (ValueError, OverflowError):
            parts = []
        colour = (parts[0], parts[1], parts[2]) if len(parts) == 3 else None  # noqa: PLR2004 - red, green, blue
        return cls(str(header.get(f"{segment}_Name", "")), colour)


@dataclass(frozen=True, slots=True, eq=False)
class LayeredLabels:
    """Looks and voxels (D, H, W) of each segment, and a `volume` that says where its first layer lies."""

    volume: Volume
    segments: tuple[tuple[Look, NDArray[np.bool_]], ...]


def is_layered(path: Path) -> bool:
    """Whether a file is a segmentation in layers; raises `Damaged`, and `OSError`."""
    header = nrrd_header(path)
    return header.get("dimension") == _LAYERED and "Segment0_LabelValue" in header


def read_layered(path: Path, watch: Watch) -> LayeredLabels:
    """Read a segmentation in layers; raises `Damaged`, `OSError`, and what `watch` raises."""
    header = nrrd_header(path)
    values = _voxels(path, header, watch)
    try:
        told = np.eye(4)
        told[:3, :3] = np.asarray(header["space directions"], dtype=float)[1:].T
        told[:3, 3] = np.asarray(header["space origin"], dtype=float)
        affine = np.diag(_TO_RAS.get(str(header.get("space", "lps")).lower(), _LPS)) @ told
        order = AxisOrder.of(affine)
        placed = affine @ order.index_affine((values.shape[1], values.shape[2], values.shape[3]))
        volume = Volume(order.to_volume(values[0]), spacing_of(placed), placed)
        segments: list[tuple[Look, NDArray[np.bool_]]] = []
        while f"Segment{len(segments)}_LabelValue" in header:
            name = f"Segment{len(segments)}"
            layer = values[int(header.get(f"{name}_Layer", 0))]
            mask = order.to_volume(layer == int(header[f"{name}_LabelValue"]))
            segments.append((Look.of(header, name), mask))
    except OSError:
        raise
    except Exception as error:
        # The library meets hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged; get a fresh copy of it.") from error
    return LayeredLabels(volume, tuple(segments))


def _voxels(path: Path, header: dict[str, Any], watch: Watch) -> NDArray[Any]:
    """The values as (layer, i, j, k): in pieces where that can be, and else in one go."""
    dtype = _TYPES.get(str(header.get("type")))
    sizes = [int(each) for each in header.get("sizes", ())]
    values = None if dtype is None else read_pieces(path, sizes, np.dtype(dtype), watch)
    if values is not None:
        return values.T
    import nrrd

    try:
        whole: NDArray[Any] = nrrd.read(str(path))[0]
    except OSError:
        raise
    except Exception as error:
        # The library meets hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged; get a fresh copy of it.") from error
    return whole

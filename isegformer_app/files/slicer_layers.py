"""Segmentations of 3D Slicer whose segments overlap: several label volumes in one NRRD file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import AxisOrder, Volume, spacing_of

from .errors import Damaged

_LAYERED = 4
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_SPACE = "left-posterior-superior"


@dataclass(frozen=True, slots=True, eq=False)
class LayeredLabels:
    """Name and voxels (D, H, W) of each segment, and a `volume` that says where its first layer lies."""

    volume: Volume
    segments: tuple[tuple[str, NDArray[np.bool_]], ...]


def nrrd_header(path: Path) -> dict[str, Any]:
    """The head of an NRRD file; empty for other files. Raises `Damaged`, and `OSError`."""
    if path.suffix.lower() not in {".nrrd", ".nhdr"}:
        return {}
    import nrrd

    try:
        return dict(nrrd.read_header(str(path)))
    except OSError:
        raise
    except Exception as error:
        # The library meets hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(f"The head of “{path.name}” is damaged; get a fresh copy of it.") from error


def is_layered(path: Path) -> bool:
    """Whether a file is a segmentation in layers; raises `Damaged`, and `OSError`."""
    header = nrrd_header(path)
    return header.get("dimension") == _LAYERED and "Segment0_LabelValue" in header


def read_layered(path: Path) -> LayeredLabels:
    """Read a segmentation in layers; raises `Damaged`, and `OSError`."""
    import nrrd

    try:
        values, header = nrrd.read(str(path))
        lps = np.eye(4)
        lps[:3, :3] = np.asarray(header["space directions"], dtype=float)[1:].T
        lps[:3, 3] = np.asarray(header["space origin"], dtype=float)
        affine = _TO_RAS @ lps if header.get("space") == _SPACE else lps
        order = AxisOrder.of(affine)
        placed = affine @ order.index_affine((values.shape[1], values.shape[2], values.shape[3]))
        volume = Volume(order.to_volume(values[0]), spacing_of(placed), placed)
        segments: list[tuple[str, NDArray[np.bool_]]] = []
        while f"Segment{len(segments)}_LabelValue" in header:
            name = f"Segment{len(segments)}"
            layer = values[int(header.get(f"{name}_Layer", 0))]
            mask = order.to_volume(layer == int(header[f"{name}_LabelValue"]))
            segments.append((str(header.get(f"{name}_Name", "")), mask))
    except OSError:
        raise
    except Exception as error:
        # The library meets hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(f"“{path.name}” is damaged; get a fresh copy of it.") from error
    return LayeredLabels(volume, tuple(segments))

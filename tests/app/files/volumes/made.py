"""Small NIfTI files for the tests, of any affine, and a look at them by nibabel alone."""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

Affine = NDArray[np.float64]

OBLIQUE: Affine = np.array([[0.9, 0.1, 0.2, -4], [-0.1, 1.8, 0.3, 5], [-0.1, -0.2, 2.9, 6], [0, 0, 0, 1]])
"""Oblique, and a little sheared."""

nib: Any = nibabel
"""Most of nibabel has no types."""


def write_nifti(path: Path, values: NDArray[Any], affine: Affine | None = None, **fields: Any) -> Path:
    """Write values (i, j, k[, t]) with a position in the patient; `fields` are put into the header as they are."""
    image = nib.Nifti1Image(values, np.eye(4) if affine is None else affine)
    for name, value in fields.items():
        image.header[name] = value
    nib.save(image, path)
    return path


@st.composite
def affines(draw: st.DrawFn, *, may_shear: bool = True) -> Affine:
    """Any position of a voxel grid in the patient: turned, mirrored, stretched, and a little sheared."""
    angles = [draw(st.floats(-3.1, 3.1)) for _ in range(3)]
    matrix = np.eye(3)
    for axis, angle in enumerate(angles):
        turn = np.eye(3)
        one, other = (place for place in range(3) if place != axis)
        turn[one, one] = turn[other, other] = np.cos(angle)
        turn[one, other], turn[other, one] = -np.sin(angle), np.sin(angle)
        matrix = matrix @ turn
    spacing = [draw(st.floats(0.2, 8.0)) * draw(st.sampled_from((1, -1))) for _ in range(3)]
    affine = np.eye(4)
    shear = np.eye(3)
    if may_shear:
        shear[0, 2] = draw(st.floats(-0.3, 0.3))
    affine[:3, :3] = matrix @ np.diag(spacing) @ shear
    affine[:3, 3] = [draw(st.floats(-300, 300)) for _ in range(3)]
    return affine

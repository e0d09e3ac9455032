"""The head of a NIfTI file: what it holds, how it is stored, and where it lies in the patient."""

import gzip
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from isegformer_app.document import Affine, Shape

from ..errors import CannotRead, Damaged, NotAnImage

Stream = io.BufferedReader | gzip.GzipFile

_SIZES = {348: 1, 540: 2}
_CIFTI = range(3000, 3100)
_MOST_DIMENSIONS = 7
_TIME = 3
_CHANNELS = {128: 3, 2304: 4}
_COMPLEX = {32, 1792, 2048}
_TO_MM = {1: 1000.0, 3: 0.001}
_UNITS = {1: "metres", 3: "micrometres"}
DISAGREEMENT = 0.01
"""Millimetres by which two positions of a corner may differ without a word."""
_RIGHT_ANGLE = 1e-4
_SMALLEST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class NiftiHead:
    """What the head says. `shape` (i, j, k) and `time_points` of `dtype` values begin at byte `offset` of `pixels`.

    Of colour there are `channels` bytes a voxel. Values mean `slope` times what is stored plus `intercept`.
    """

    path: Path
    pixels: Path
    header: Any
    offset: int
    is_compressed: bool
    shape: Shape
    time_points: int
    dtype: "np.dtype[Any]"
    channels: int
    slope: float
    intercept: float
    affine: Affine | None
    spacing: tuple[float, float, float]
    notes: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of the stored values."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.time_points * self.channels * self.dtype.itemsize


def open_maybe_compressed(path: Path) -> Stream:
    """Open for reading, through gzip where the file begins like one."""
    with path.open("rb") as handle:
        is_compressed = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if is_compressed else path.open("rb")


def read_head(path: Path) -> NiftiHead:
    """Read the head of a NIfTI-1 or NIfTI-2 file; raises `CannotRead` with the reason, and `OSError`."""
    head_path, pixel_path = _pair(path)
    header, is_single = _parse(head_path)
    name = path.name
    shape, time_points = _shape(header, name)
    dtype, channels = _dtype(header, name)
    slope, intercept = _scaling(header)
    affine, notes = _geometry(header, shape, name)
    lengths = [abs(float(length)) or 1.0 for length in header["pixdim"][1:4]]
    scale = _TO_MM.get(int(header["xyzt_units"]) & 7, 1.0)
    with pixel_path.open("rb") as handle:
        is_compressed = handle.read(2) == b"\x1f\x8b"
    least = int(header["sizeof_hdr"]) + 4 if is_single else 0
    head = NiftiHead(
        path=path,
        pixels=pixel_path,
        header=header,
        offset=max(int(header["vox_offset"]), least),
        is_compressed=is_compressed,
        shape=shape,
        time_points=time_points,
        dtype=dtype,
        channels=channels,
        slope=slope,
        intercept=intercept,
        affine=affine,
        spacing=(lengths[0] * scale, lengths[1] * scale, lengths[2] * scale),
        notes=(*notes, *(["Its transparency is left out."] if channels == 4 else [])),  # noqa: PLR2004 - RGBA
    )
    _check_length(head)
    return head


def _pair(path: Path) -> tuple[Path, Path]:
    """The file of the header and that of the voxels."""
    name = path.name
    stem, ending = (name[:-3], ".gz") if name.lower().endswith(".gz") else (name, "")
    kind = Path(stem).suffix.lower()
    if kind not in {".hdr", ".img"}:
        return path, path
    beside = {each.name.lower(): each for each in path.parent.iterdir()}
    found = []
    for suffix in (".hdr", ".img"):
        wanted = str(Path(stem).with_suffix(suffix)).lower()
        partner = beside.get(wanted + ending) or beside.get(wanted) or beside.get(wanted + ".gz")
        if partner is None:
            raise CannotRead(f"“{name}” is one half of a pair, and its “{suffix}” file is not beside it; put it there.")
        found.append(partner)
    return found[0], found[1]


def _parse(path: Path) -> tuple[Any, bool]:
    """The header, and whether the voxels are in the same file."""
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    try:
        with open_maybe_compressed(path) as handle:
            start = handle.read(540)
    except (EOFError, gzip.BadGzipFile) as error:
        raise Damaged(f"“{path.name}” is damaged: it cannot be unpacked; get a fresh copy of it.") from error
    sizes = {int.from_bytes(start[:4], "little"): "<", int.from_bytes(start[:4], "big"): ">"}
    version = next((_SIZES[size] for size in sizes if size in _SIZES), 0)
    if version == 0 or len(start) < (348 if version == 1 else 540):
        raise NotAnImage(f"“{path.name}” is no NIfTI file, or it is cut short; get a fresh copy of it.")
    order = next(sizes[size] for size in sizes if size in _SIZES)
    magic = start[344:348] if version == 1 else start[4:8]
    if magic not in {b"n+1\0", b"ni1\0", b"n+2\0", b"ni2\0"}:
        raise NotAnImage(
            f"“{path.name}” is in the old Analyze format, which does not say left from right; convert it to NIfTI."
        )
    maker = Nifti1Header if version == 1 else Nifti2Header
    header = maker(start[: int(maker.sizeof_hdr)], order, check=False)  # type: ignore[no-untyped-call]
    return header, magic[1:2] == b"+"


def _shape(header: Any, name: str) -> tuple[Shape, int]:  # noqa: ANN401 - nibabel's header
    if int(header["intent_code"]) in _CIFTI:
        raise NotAnImage(f"“{name}” is a CIFTI file: values on the cortex, no image; open a volume instead.")
    count = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : count + 1]]
    if not 1 <= count <= _MOST_DIMENSIONS or min(sizes) < 1:
        raise Damaged(f"“{name}” is damaged: it claims to be {sizes} voxels large; get a fresh copy of it.")
    if any(size > 1 for size in sizes[4:]):
        raise NotAnImage(
            f"“{name}” holds several values a voxel ({' x '.join(map(str, sizes))}), a field of vectors rather than an "
            "image; open an image instead."
        )
    if count == 1:
        raise NotAnImage(f"“{name}” holds one row of values and no image; open an image instead.")
    sizes += [1] * (4 - len(sizes))
    return (sizes[0], sizes[1], sizes[2]), sizes[_TIME]


def _dtype(header: Any, name: str) -> "tuple[np.dtype[Any], int]":  # noqa: ANN401 - nibabel's header
    code = int(header["datatype"])
    if code in _CHANNELS:
        return np.dtype(np.uint8), _CHANNELS[code]
    if code in _COMPLEX:
        raise NotAnImage(
            f"“{name}” holds complex numbers, which are no image; save their magnitude with the program that made it."
        )
    try:
        dtype = np.dtype(header.get_data_dtype())
    except Exception as error:
        raise NotAnImage(f"“{name}” holds values of a kind (NIfTI {code}) that cannot be shown.") from error
    if dtype.kind not in "iuf" or dtype.itemsize > 8:  # noqa: PLR2004 - the largest number of numpy on every computer
        raise NotAnImage(f"“{name}” holds values of a kind ({dtype}) that cannot be shown; save them as 32-bit floats.")
    return dtype, 1


def _scaling(header: Any) -> tuple[float, float]:  # noqa: ANN401 - nibabel's header
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0.0 or not np.isfinite(slope) or int(header["datatype"]) in _CHANNELS:
        return 1.0, 0.0
    return slope, intercept if np.isfinite(intercept) else 0.0


def _geometry(header: Any, shape: Shape, name: str) -> tuple[Affine | None, list[str]]:  # noqa: ANN401 - nibabel's
    notes = []
    unit = int(header["xyzt_units"]) & 7
    if unit in _UNITS:
        notes.append(f"“{name}” measures in {_UNITS[unit]}, which were turned into millimetres.")
    sform, qform = (_usable(header, kind) for kind in ("sform", "qform"))
    chosen = qform if sform is None else sform
    if chosen is None:
        notes.append(
            f"“{name}” does not say where it lies in the patient (no valid sform or qform): no directions are shown."
        )
        return None, notes
    if sform is not None and qform is not None:
        apart = float(np.abs(_corners(sform, shape) - _corners(qform, shape)).max())
        if apart > DISAGREEMENT:
            notes.append(
                f"“{name}” gives two positions in the patient, up to {apart:.2f} mm apart (sform and qform): the sform "
                "is used; other programs may use the other."
            )
    elif sform is None and int(header["sform_code"]) > 0:
        notes.append(f"“{name}” has an sform that is no position; its qform is used.")
    affine = np.array(chosen, dtype=np.float64)
    affine[:3] *= _TO_MM.get(unit, 1.0)
    if is_sheared(affine):
        notes.append(f"The axes of “{name}” are not at right angles, which some other programs refuse to open.")
    return affine, notes


def is_sheared(affine: Affine) -> bool:
    """Whether the axes are not at right angles."""
    directions = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    return bool(np.abs(directions.T @ directions - np.eye(3)).max() > _RIGHT_ANGLE)


def _usable(header: Any, kind: str) -> Affine | None:  # noqa: ANN401 - nibabel's header
    if int(header[f"{kind}_code"]) <= 0:
        return None
    try:
        affine = getattr(header, f"get_{kind}")()
    except Exception:  # noqa: BLE001 - a damaged quaternion is no position, whatever is wrong with it
        return None
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite(affine).all() or lengths.min() <= 0:
        return None
    is_flat = abs(np.linalg.det(affine[:3, :3] / lengths)) < _SMALLEST
    return None if is_flat else np.asarray(affine, dtype=np.float64)


def _corners(affine: Affine, shape: Shape) -> "np.ndarray[Any, np.dtype[np.float64]]":
    corners = np.array(
        [[i, j, k, 1.0] for i in (0, shape[0] - 1) for j in (0, shape[1] - 1) for k in (0, shape[2] - 1)]
    )
    placed: np.ndarray[Any, np.dtype[np.float64]] = corners @ affine.T
    return placed


def _check_length(head: NiftiHead) -> None:
    size = head.pixels.stat().st_size
    if not head.is_compressed and size < head.offset + head.nbytes:
        raise Damaged(
            f"“{head.pixels.name}” is cut short: it holds {max(size - head.offset, 0):,} of {head.nbytes:,} bytes of "
            "voxels; get a fresh copy of it."
        )

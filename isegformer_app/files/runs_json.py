"""Runs of labels and masks as JSON, for the session file and the journal."""

import base64
import math
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Box, MaskCrop
from isegformer_app.document.label_map import Patch
from isegformer_app.document.runs import Runs

from .plain_json import BadContent, Json, listed, number, record, text, triple

MOST_VOXELS = 2**33
"""More voxels than any picture has: an array said to be larger is a lie."""

_KINDS = {"labels": np.dtype("<u2"), "mask": np.dtype("|b1")}


def runs_json(runs: Runs) -> Json:
    """Put runs of labels or of a mask into words."""
    kind = next(name for name, dtype in _KINDS.items() if dtype == runs.values.dtype)
    lengths = None if runs.ends is None else _packed(np.diff(runs.ends, prepend=0).astype("<u8"))
    return {"shape": list(runs.shape), "kind": kind, "values": _packed(runs.values), "lengths": lengths}


def read_runs(value: object) -> Runs:
    """Read `runs_json`; the array is at most as large as its shape says."""
    stored = record(value)
    shape = listed(stored.get("shape"), number)
    dtype = _KINDS.get(text(stored.get("kind")))
    size = math.prod(shape)
    if dtype is None or size > MOST_VOXELS:
        raise BadContent("runs of an unknown kind or of an impossible size")
    if stored.get("lengths") is None:
        return Runs(shape, _unpacked(stored.get("values"), dtype, size, is_exact=True), None)
    lengths = _unpacked(stored["lengths"], np.dtype("<u8"), size)
    if lengths.size == 0 or lengths.max() > size or int(lengths.sum()) != size:
        raise BadContent("runs that do not add up")
    values = _unpacked(stored.get("values"), dtype, lengths.size, is_exact=True)
    return Runs(shape, values, np.cumsum(lengths.astype(np.int64)))


def crop_json(crop: MaskCrop) -> Json:
    """Put a mask into words."""
    return {"top": crop.top, "left": crop.left, "runs": runs_json(crop.runs)}


def read_crop(value: object) -> MaskCrop:
    """Read `crop_json`."""
    stored = record(value)
    runs = read_runs(stored.get("runs"))
    if len(runs.shape) != 2 or runs.values.dtype != np.bool_:  # noqa: PLR2004
        raise BadContent("a mask that is none")
    return MaskCrop(number(stored.get("top")), number(stored.get("left")), runs)


def patch_json(patch: Patch, *, is_undo: bool) -> Json:
    """Put a write to the label map into words: where, and what is there afterwards."""
    runs = patch.before if is_undo else patch.after
    return {"layer": patch.layer, "at": list(patch.box.lower), "runs": runs_json(runs)}


def read_patch(value: object) -> tuple[int, Box, NDArray[np.uint16]]:
    """Read `patch_json`: layer, box, and the labels in it."""
    stored = record(value)
    runs = read_runs(stored.get("runs"))
    if len(runs.shape) != 3 or runs.values.dtype != np.uint16:  # noqa: PLR2004
        raise BadContent("labels that are none")
    low, shape = triple(stored.get("at")), runs.shape
    box = Box(low, (low[0] + shape[0], low[1] + shape[1], low[2] + shape[2]))
    return number(stored.get("layer"), 0, 255), box, runs.decode()


def _packed(array: NDArray[Any]) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 1)).decode("ascii")


def _unpacked(value: object, dtype: np.dtype[Any], most: int, *, is_exact: bool = False) -> NDArray[Any]:
    """Unpack at most `most` values, or exactly as many; never takes more memory than these need."""
    limit = most * dtype.itemsize
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.b64decode(text(value), validate=True), limit + 1)
    except (ValueError, zlib.error) as error:
        raise BadContent("packed values that cannot be unpacked") from error
    if len(data) > limit or len(data) % dtype.itemsize or not unpacker.eof or (is_exact and len(data) != limit):
        raise BadContent("packed values of another length")
    if dtype == np.bool_ and data.translate(None, b"\0\1"):
        raise BadContent("a mask of other values than 0 and 1")
    return np.frombuffer(data, dtype).astype(dtype.newbyteorder("="))

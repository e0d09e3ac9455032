"""The labels of one picture or volume of a session: runs in JSON, never unpacked to more than their shape asks for."""

import base64
import math
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DatasetError

READ_ERRORS = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError, zlib.error)
"""What damaged JSON ends in."""

_MOST_VOXELS = 2**31


@dataclass(frozen=True, slots=True, eq=False)
class StoredLabels:
    """The labels of a work as they are stored; with `only_finished`, those of objects without an open prompt."""

    name: str
    work: dict[str, Any]
    only_finished: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Slices, rows, columns."""
        depth, height, width = map(int, self.work["shape"])
        return depth, height, width

    def unpack(self) -> NDArray[np.uint16]:
        """Unpack them: (L, D, H, W), the numbers of objects in layers; raises `DatasetError` where they are damaged.

        Those of the last two works are kept, not to be written.
        """
        return _unpack(self)

    @property
    def clicked_axis(self) -> int:
        """The axis of the slices that most clicks were made on; of those that were looked at last where none was."""
        counts = [0, 0, 0]
        for each in self.work["state"]["objects"]:
            for prompt in each["prompts"]:
                counts[prompt["axis"]] += len(prompt["clicks"])
        return counts.index(max(counts)) if any(counts) else int((self.work.get("view") or {"axis": 0})["axis"])

    @property
    def classes(self) -> dict[int, str]:
        """Names of the objects' classes by number; none where they are damaged, for they are only told."""
        try:
            names = {each["id"]: str(each["name"]) for each in self.work["state"]["classes"]}
            return {int(each["id"]): names[each["class"]] for each in self.work["state"]["objects"]}
        except READ_ERRORS:
            return {}

    def finished(self) -> list[int]:
        """Numbers of the objects without an open prompt."""
        objects = self.work["state"]["objects"]
        return [int(each["id"]) for each in objects if not any(prompt["open"] for prompt in each["prompts"])]


@lru_cache(maxsize=2)
def _unpack(stored: StoredLabels) -> NDArray[np.uint16]:
    try:
        labels = np.stack([_runs(layer, stored.shape) for layer in stored.work["layers"]])
        if stored.only_finished:
            labels[~np.isin(labels, stored.finished())] = 0
    except READ_ERRORS as error:
        raise DatasetError(f"The labels of {stored.name} in the session are damaged.") from error
    except MemoryError as error:
        raise DatasetError(f"There is not enough memory for the labels of {stored.name} in the session.") from error
    labels.flags.writeable = False
    return labels


def _runs(stored: dict[str, Any], shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Unpack the labels of one layer; never more memory than the shape asks for."""
    size = math.prod(shape)
    if tuple(stored["shape"]) != shape or stored["kind"] != "labels" or not 0 < size <= _MOST_VOXELS:
        raise ValueError("runs of another shape")
    if stored.get("lengths") is None:
        return _unpacked(stored["values"], "<u2", size).reshape(shape)
    lengths = _unpacked(stored["lengths"], "<u8", size).astype(np.int64)
    values = _unpacked(stored["values"], "<u2", lengths.size)
    if lengths.min(initial=1) < 0 or lengths.max(initial=0) > size or int(lengths.sum()) != size:
        raise ValueError("runs that do not add up")
    return np.repeat(values, lengths).reshape(shape)


def _unpacked(text: str, kind: str, most: int) -> NDArray[Any]:
    limit = most * np.dtype(kind).itemsize
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(base64.b64decode(text, validate=True), limit + 1)
    if len(data) > limit:
        raise ValueError("more values than announced")
    return np.frombuffer(data, kind)

"""Run lengths: how the history keeps pixels that hardly ever change from one neighbour to the next."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """An array stored without loss as runs of equal values in C order, or as it is where runs would be larger."""

    shape: tuple[int, ...]
    values: NDArray[Any]
    ends: NDArray[np.int64] | None
    """End of each run in the flat array; None where `values` holds the whole array."""

    @classmethod
    def encode(cls, array: NDArray[Any]) -> "Runs":
        """Store a copy of `array`. A large one is looked at piece by piece: most of a label map is empty."""
        flat = np.ascontiguousarray(array).reshape(-1)
        if flat.size == 0:
            return cls(array.shape, flat.copy(), None)
        pieces = [_changes(flat, start) for start in range(0, flat.size - 1, _PIECE)]
        ends = np.append(np.concatenate(pieces) if pieces else np.empty(0, np.int64), flat.size)
        if ends.size * (8 + flat.itemsize) >= flat.nbytes:
            return cls(array.shape, flat.copy(), None)
        return cls(array.shape, flat[ends - 1], ends)

    def decode(self) -> NDArray[Any]:
        """Return the array that was stored."""
        if self.ends is None:
            return self.values.reshape(self.shape)
        return np.repeat(self.values, np.diff(self.ends, prepend=0)).reshape(self.shape)

    def bounds(self) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
        """Value, start and end of each run in the flat array, as long as it can be, however the array is stored."""
        values, ends = self.values.reshape(-1), self.ends
        if ends is None:
            ends = np.append(np.flatnonzero(values[1:] != values[:-1]) + 1, values.size)
            values = values[ends - 1]
        return values, np.append(0, ends[:-1]), ends

    @property
    def nbytes(self) -> int:
        """Bytes that the stored runs take."""
        return int(self.values.nbytes + (0 if self.ends is None else self.ends.nbytes))


def _changes(flat: NDArray[Any], start: int) -> NDArray[np.int64]:
    """Places in a piece of an array, and one behind it, that differ from the place before."""
    piece = flat[start : start + _PIECE + 1]
    if not piece.any():
        return np.empty(0, np.int64)
    return np.flatnonzero(piece[1:] != piece[:-1]) + (start + 1)

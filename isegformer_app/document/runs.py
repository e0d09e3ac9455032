"""Run lengths: how the history keeps pixels that hardly ever change from one neighbour to the next."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """An array stored without loss as runs of equal values in C order, or as it is where runs would be larger."""

    shape: tuple[int, ...]
    values: NDArray[Any]
    ends: NDArray[np.int64] | None
    """End of each run in the flat array; None where `values` holds the whole array."""

    @classmethod
    def encode(cls, array: NDArray[Any]) -> "Runs":
        """Store a copy of `array`."""
        flat = np.ascontiguousarray(array).reshape(-1)
        if flat.size == 0:
            return cls(array.shape, flat.copy(), None)
        ends = np.append(np.flatnonzero(flat[1:] != flat[:-1]) + 1, flat.size)
        if ends.size * (8 + flat.itemsize) >= flat.nbytes:
            return cls(array.shape, flat.copy(), None)
        return cls(array.shape, flat[ends - 1], ends)

    def decode(self) -> NDArray[Any]:
        """Return the array that was stored."""
        if self.ends is None:
            return self.values.reshape(self.shape)
        return np.repeat(self.values, np.diff(self.ends, prepend=0)).reshape(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the stored runs take."""
        return int(self.values.nbytes + (0 if self.ends is None else self.ends.nbytes))

"""The chain of answers: what an object started from, and its state after each click. Small enough to keep many."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from .region import EMPTY, Box, Extent
from .view import View, change_view, extent_in_view, extent_of_mask, look_at_mask

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Before the first click: nothing, or the mask (H, W) that the caller gave, kept by reference and never cached."""

    mask: NDArray[Any] | None
    extent: Extent

    @classmethod
    def of(cls, mask: NDArray[Any] | None) -> "Start":
        """Start from a mask (H, W), bool or float in [0, 1]; None: from nothing."""
        return cls(mask, EMPTY if mask is None else extent_of_mask(mask))

    @property
    def region(self) -> Box | None:
        """No region was chosen yet."""
        return None

    def seen_in(self, view: View) -> NDArray[np.float32]:
        """Probability (h, w) float32 of the start in a view."""
        if self.mask is None:
            return np.zeros(view.size, dtype=np.float32)
        return look_at_mask(self.mask, view)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """After a click: the region that was looked at, and the probability (h, w) float32 of its view."""

    region: Box | None
    view: View
    probability: NDArray[np.float32]
    extent: Extent

    @classmethod
    def of(cls, region: Box | None, view: View, probability: NDArray[np.float32]) -> "State":
        """Keep an answer; the probability becomes read-only, for it is shared."""
        probability.setflags(write=False)
        return cls(region, view, probability, extent_in_view(probability, view))

    def seen_in(self, view: View) -> NDArray[np.float32]:
        """Probability (h, w) float32 of this answer in a view, zero outside of what was looked at."""
        return change_view(self.probability, self.view, view)


class RecentlyUsed(Generic[Key, Value]):
    """A dictionary of at most `capacity` entries that forgets the one not used for longest."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._entries: OrderedDict[Key, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Value | None:
        """Give the entry, now the last used one; None where there is none."""
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: Key, value: Value) -> None:
        """Keep an entry, and forget the oldest where there are too many."""
        self._entries[key] = value
        self._entries.move_to_end(key)
        while len(self._entries) > self._capacity:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()

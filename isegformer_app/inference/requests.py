"""What passes between the window and the worker: a request in, an answer or a failure out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Click

from .crop import ProbabilityCrop

Image = NDArray[np.uint8]
Probability = NDArray[np.float32]


class EngineError(Exception):
    """The engine cannot do what was asked; `str(error)` is one sentence for the user."""


class Cancelled(Exception):  # noqa: N818 - not an error: the job was called off and nobody waits for it
    """Raised by an engine that saw `cancelled()` answer True and stopped."""


@dataclass(frozen=True, eq=False, slots=True)
class KnownSlice:
    """A slice that the object is known on: the name of its pixels, `image` (H, W, 3) uint8, its `mask` (H, W) bool."""

    image_key: str
    image: Image
    mask: NDArray[np.bool_]


@dataclass(frozen=True, eq=False, slots=True)
class Request:
    """One prompt on one slice of one image, frozen; two requests are equal when they ask for the same answer.

    `image_key` names the pixels: the same key always means the same `image` (H, W, 3) uint8, RGB.
    `previous` is the mask (H, W) the object had before its first click, or None. With `known` slices there are no
    clicks: the object is carried here from the last of them, which lies beside this one; the first is the key slice.
    No array may be written to once it is here: the worker reads them on its own thread.
    """

    image_key: str
    image: Image
    slice_index: int
    object_id: int
    clicks: tuple[Click, ...]
    previous: NDArray[np.generic] | None = None
    known: tuple[KnownSlice, ...] = ()

    def __eq__(self, other: object) -> bool:
        """Compare by value; the key stands for the image, the previous mask is compared pixel by pixel."""
        if not isinstance(other, Request):
            return NotImplemented
        if self._identity() != other._identity() or not _same_array(self.previous, other.previous):
            return False
        return all(_same_array(one.mask, two.mask) for one, two in zip(self.known, other.known, strict=True))

    def __hash__(self) -> int:
        """Agree with equality; the previous mask is left out, for a hash of millions of pixels helps nobody."""
        return hash(self._identity())

    def _identity(self) -> tuple[str, int, int, tuple[Click, ...], tuple[str, ...]]:
        known = tuple(each.image_key for each in self.known)
        return self.image_key, self.slice_index, self.object_id, self.clicks, known

    def continues(self, other: "Request") -> bool:
        """Whether the answer to `other` is a step on the way to the answer to this request."""
        if self.known or other.known:
            return self == other
        return (
            (self.image_key, self.slice_index, self.object_id) == (other.image_key, other.slice_index, other.object_id)
            and self.clicks[: len(other.clicks)] == other.clicks
            and _same_array(self.previous, other.previous)
        )


def _same_array(one: NDArray[np.generic] | None, other: NDArray[np.generic] | None) -> bool:
    if one is other:
        return True
    return one is not None and other is not None and np.array_equal(one, other)


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """The network's answer: `crop` lies on the request's image.

    `seconds` is what the user waited: from `Worker.submit` to the answer, loading and queueing included.
    """

    request: Request
    crop: ProbabilityCrop
    seconds: float
    device: str
    model: str


@dataclass(frozen=True, eq=False, slots=True)
class Failure:
    """A request that could not be answered; `message` is one sentence for the user."""

    request: Request
    message: str


class Engine(Protocol):
    """What the worker drives. Every method is called on the worker's thread, one call at a time.

    Expected failures are raised as `EngineError`.
    """

    def load(self) -> None:
        """Make ready to answer (slow, once); called again after it failed."""

    def encode(self, image_key: str, image: Image, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Do the slow part for an image that will be asked about soon; raise `Cancelled` as `predict` does."""

    def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        """Answer (H, W) float32 in [0, 1]; raise `Cancelled` soon after `cancelled()` turns True."""

    def describe(self) -> tuple[str, str]:
        """Name the model and the device, for the status bar."""

"""The network on its device: views in, probabilities out, each part timed; numpy outside, torch inside."""

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import DeviceError
from ..networks import ClickNetwork, Features, disk_maps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .view import View

CEILING = 1 - 2**-16
"""Largest probability of an answer: no rounding of a later resize can lift it over 1."""


class Cancelled(Exception):  # noqa: N818 - not an error: the caller asked for it
    """The caller's `cancelled()` said so between two stages; nothing was lost."""


@dataclass(slots=True)
class Timings:
    """Seconds that the last call spent in the network, encoding and decoding apart."""

    encode: float = 0.0
    decode: float = 0.0


def find_device(name: str) -> torch.device:
    """Give the device of a name: "auto" (CUDA where there is one), "cpu", "cuda" or "cuda:N".

    Raises `DeviceError` where it is unknown or absent.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise DeviceError(f"There is no device named {name!r}: choose auto, cpu or cuda.") from error
    if device.type not in ("cpu", "cuda"):
        raise DeviceError(f"The device {name!r} is not supported: choose auto, cpu or cuda.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"The device {name!r} was asked for, but is not there: choose auto or cpu.")
    return device


class Runner:
    """Runs one network on one device for one caller at a time."""

    def __init__(self, network: ClickNetwork, device: torch.device, *, threads: int | None, flip: bool) -> None:
        self.device = device
        self.timings = Timings()
        self._network = network.to(device).eval()
        self._threads = threads
        self._flip = flip

    def begin(self) -> None:
        """Start the timings of a call anew, and give the calling thread its number of threads."""
        self.timings = Timings()
        if self._threads is not None and torch.get_num_threads() != self._threads:
            torch.set_num_threads(self._threads)
            cv2.setNumThreads(self._threads)

    def fuses_early(self) -> bool:
        """Tell whether the network encodes nothing: by contract its features are then the image itself."""
        side = self._network.view_multiple
        with torch.inference_mode():
            image = torch.zeros((1, 3, side, side), device=self.device)
            return any(feature is image for feature in self._network.encode(image))

    def encode(self, picture: NDArray[np.uint8]) -> Features:
        """Encode a view (h, w, 3) uint8, and its mirror image when answers are averaged over flips."""
        with self._stage() as end:
            # torch.tensor copies: where a tensor begins in memory must never depend on the caller's array.
            image = torch.tensor(picture).to(self.device).permute(2, 0, 1)[None].float() / 255
            if self._flip:
                image = torch.cat((image, image.flip(3)))
            features = self._network.encode(image.contiguous())
            self.timings.encode += end()
        return features

    def decode(
        self,
        features: Features,
        previous: NDArray[np.float32],
        points: Sequence[tuple[float, float, bool]],
        view: "View",
    ) -> NDArray[np.float32]:
        """Answer clicks at `points` (row, column in view pixels, sign): probability (h, w) float32 in [0, CEILING]."""
        with self._stage() as end:
            rows = [(row, col, 1.0 if is_positive else -1.0) for row, col, is_positive in points]
            points_of_batch = torch.tensor([rows], device=self.device, dtype=torch.float32)
            clicks = disk_maps(points_of_batch, view.size, self._network.click_radius)
            guidance = torch.tensor(previous).to(self.device)[None, None]
            if self._flip:
                clicks = torch.cat((clicks, clicks.flip(3)))
                guidance = torch.cat((guidance, guidance.flip(3)))
            logits = self._network.decode(features, guidance, clicks).float()
            if self._flip:
                logits = (logits[:1] + logits[1:].flip(3)) / 2
            probability = torch.sigmoid(logits[0, 0]).clamp(max=CEILING).cpu().numpy()
            self.timings.decode += end()
        return np.ascontiguousarray(probability, dtype=np.float32)

    @contextmanager
    def _stage(self) -> "Iterator[Callable[[], float]]":
        def seconds() -> float:
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            return perf_counter() - started

        started = perf_counter()
        try:
            with torch.inference_mode():
                yield seconds
        except torch.OutOfMemoryError as error:
            raise DeviceError(
                f"The memory of the device {self.device} is full: close other programs that use it, or choose cpu."
            ) from error

"""The engine's one door: an image once, clicks many times, a probability for each pixel."""

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints import load_checkpoint
from ..clicks import Click
from ..errors import ImageError, SettingsError
from ..store import resolve_model
from .carrying import Carrier, CarryRule
from .chain import RecentlyUsed, Start, State
from .honour import HonourRule, agrees, effective, honour_in_image, honour_in_view
from .inputs import checked_clicks, checked_image, checked_previous
from .region import AdaptiveRegion, Box, RegionPolicy, Situation, ZoomIn, whole
from .runner import CEILING, Cancelled, Runner, Timings, find_device
from .view import View, look, paste, view_of

if TYPE_CHECKING:
    from ..networks import ClickNetwork, Features

STATES_KEPT = 64
"""Answers kept for undo and for the next click; each is one view of float32, about 0.8 MB at 448 pixels."""

REGIONS_KEPT = 4
"""Encoded regions kept beside the whole image."""

_Origin = tuple[int, ...]
_NOTHING: _Origin = ()
_HASHED_ROWS = 256


class Segmenter:
    """Answers clicks on an image with a network.

    An answer is a pure function of the image, the clicks in their order, and `previous`: what was asked before
    changes only how long it takes. One caller at a time; a second one waits.
    """

    def __init__(
        self,
        network: "ClickNetwork",
        device: str = "cpu",
        *,
        threads: int | None = None,
        flip: bool = False,
        region: RegionPolicy | None = None,
        honour: HonourRule | None = HonourRule(),  # noqa: B008 - frozen, so one for all is safe
    ) -> None:
        """Put a network to work; see `load` for the options.

        `honour` says how far a click reaches that the network overrules; None leaves the network's answers as they
        are (benchmarks of other people's numbers). Raises `DeviceError` and `SettingsError`.
        """
        if threads is not None and threads < 1:
            raise SettingsError(f"The number of threads is {threads}, but must be at least 1.")
        self.network = network
        self.model_name = type(network).__name__
        self.model_sha256: str | None = None
        self._runner = Runner(network, find_device(device), threads=threads, flip=flip)
        self.region = self._published_region() if region is None else region
        self._honour = honour
        self._lock = Lock()
        self._image: NDArray[np.uint8] | None = None
        self._whole_features: tuple[View, Features] | None = None
        self._region_features: RecentlyUsed[View, Features] = RecentlyUsed(REGIONS_KEPT)
        self._states: RecentlyUsed[tuple[_Origin, tuple[Click, ...]], State] = RecentlyUsed(STATES_KEPT)

    @classmethod
    def load(
        cls,
        model: str | Path | None = None,
        device: str = "auto",
        *,
        threads: int | None = None,
        flip: bool = False,
        region: RegionPolicy | None = None,
    ) -> "Segmenter":
        """Load a model: None is the bundled default, else the name of a bundled or own one, or a file.

        `device` is "auto" (CUDA where there is one), "cpu" or "cuda"; `threads` the number of CPU threads (None: as
        the process has it); `flip` averages each answer with the mirrored view's, at twice the cost; `region` is the
        rule of the region of interest (None: the published Zoom-In for early fusion, where the whole network runs at
        each click anyway, the adaptive rule for late fusion). Raises `CheckpointError`, `DeviceError` and
        `SettingsError`.
        """
        find_device(device)  # Before the weights: a device that is not there should not cost their reading.
        checkpoint = load_checkpoint(resolve_model(model))
        segmenter = cls(checkpoint.network, device, threads=threads, flip=flip, region=region)
        segmenter.model_name = checkpoint.name
        segmenter.model_sha256 = checkpoint.sha256
        return segmenter

    @property
    def device(self) -> str:
        """The device in use: "cpu", "cuda" or "cuda:N"."""
        return str(self._runner.device)

    @property
    def timings(self) -> Timings:
        """Seconds of the last call, encoding and decoding apart."""
        return self._runner.timings

    @property
    def image_size(self) -> tuple[int, int] | None:
        """Height and width of the image set, None before."""
        return None if self._image is None else (self._image.shape[0], self._image.shape[1])

    def set_image(self, image: NDArray[np.uint8]) -> None:
        """Encode an image (H, W, 3) uint8, RGB. It is kept by reference: do not change it while it is in use.

        Raises `ImageError`, and then the image before stays set; `DeviceError` where the device's memory is full.
        """
        image = checked_image(image)
        with self._lock:
            self._runner.begin()
            self._image, self._whole_features = None, None
            self._region_features.clear()
            self._states.clear()
            view = self._view(None, (image.shape[0], image.shape[1]))
            self._whole_features = view, self._runner.encode(look(image, view))
            self._image = image

    def predict(
        self,
        clicks: Iterable[Click],
        previous: NDArray[Any] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> NDArray[np.float32]:
        """Answer the clicks: probability (H, W) float32 in [0, 1]; the object is where it is at least `THRESHOLD`.

        `previous` (H, W), bool or float in [0, 1], is the mask that the object had before its first click (None:
        empty). An answer of this very chain of clicks may be passed back instead: it changes nothing. `cancelled` is
        asked between stages, from the calling thread. Raises `Cancelled`, `ImageError`, `ClickError`, `DeviceError`.
        """
        with self._lock:
            self._runner.begin()
            size = self._size()
            points = checked_clicks(clicks, size)
            mask = checked_previous(previous, size)
            stage = _Stages(cancelled)
            if mask is not None and self._is_own_answer(mask, points, stage):
                mask = None
            if not points:
                return np.zeros(size, dtype=np.float32) if mask is None else mask.astype(np.float32)
            return self._render(self._replay(mask, points, stage), points)

    def carrier(self, rule: CarryRule | None = None) -> Carrier:
        """Give what carries masks from slice to slice with this network."""
        network = self.network
        return Carrier(
            self._runner,
            network.view_side,
            network.view_multiple,
            square=network.square_view,
            rule=rule or CarryRule(),
        )

    def _published_region(self) -> RegionPolicy:
        """Give the rule with which networks of this kind were published, at the size of view that this one is for."""
        if not self._runner.fuses_early():
            return AdaptiveRegion(square=self.network.square_view)
        return ZoomIn.fixed(self.network.view_side) if self.network.square_view else ZoomIn(side=None)

    def _is_own_answer(self, mask: NDArray[Any], clicks: tuple[Click, ...], stage: "_Stages") -> bool:
        """Tell whether `mask` is the answer to a beginning of `clicks`, from nothing.

        This is decided by value, not by what happens to be cached, so that equal questions have equal answers. The
        first two tests spare masks from elsewhere, which are binary or contradict the first click, the replay.
        """
        if mask.dtype == np.bool_ or mask.max() > CEILING:
            return False
        # The last answer first: it is what callers pass back.
        for count in [*range(len(clicks) - 1, 0, -1), len(clicks)]:
            beginning = clicks[:count]
            if self._honour is not None and not _honoured(mask, beginning):
                continue
            if np.array_equal(self._render(self._replay(None, beginning, stage), beginning), mask):
                return True
        return False

    def _replay(self, mask: NDArray[Any] | None, clicks: tuple[Click, ...], stage: "_Stages") -> State:
        """Walk the chain of clicks, one at least, from the longest beginning that is still known."""
        origin = _NOTHING if mask is None else _digest(mask)
        state, end = None, len(clicks)
        while end > 0 and (state := self._states.get((origin, clicks[:end]))) is None:
            end -= 1
        if state is None:
            end = 1
            state = self._advance(Start.of(mask), origin, clicks[:1], stage)
        for count in range(end + 1, len(clicks) + 1):
            state = self._advance(state, origin, clicks[:count], stage)
        return state

    def _advance(self, before: Start | State, origin: _Origin, clicks: tuple[Click, ...], stage: "_Stages") -> State:
        """Answer the last of the clicks, and keep the answer."""
        valid = effective(clicks)
        situation = Situation(
            size=self._size(),
            view_side=self.region.view_side(self.network.view_side, self._size(), zoomed=True),
            clicks=valid,
            mask=before.extent,
            present=before.region,
            started_from_mask=origin != _NOTHING,
        )
        state = self._look(self.region.choose(situation), before, valid, stage)
        self._states.put((origin, clicks), state)
        return state

    def _look(self, region: Box | None, before: Start | State, clicks: tuple[Click, ...], stage: "_Stages") -> State:
        """Answer the clicks in one region, with what was known before as guidance."""
        view = self._view(region, self._size())
        stage.check()
        features = self._encoded(view)
        stage.check()
        points = [(*view.point(click), click.is_positive) for click in clicks]
        probability = self._runner.decode(features, before.seen_in(view), points, view)
        if self._honour is not None:
            probability = honour_in_view(probability, view, clicks, self._honour)
        return State.of(region, view, probability)

    def _render(self, state: State, clicks: tuple[Click, ...]) -> NDArray[np.float32]:
        answer = paste(state.probability, state.view, self._size())
        if self._honour is not None:
            honour_in_image(answer, effective(clicks), state.view)
        return answer

    def _view(self, region: Box | None, size: tuple[int, int]) -> View:
        side = self.region.view_side(self.network.view_side, size, zoomed=region is not None)
        box = whole(size) if region is None else region
        return view_of(box, side, self.network.view_multiple, square=self.region.square)

    def _encoded(self, view: View) -> "Features":
        if self._whole_features is not None and self._whole_features[0] == view:
            return self._whole_features[1]
        features = self._region_features.get(view)
        if features is None:
            features = self._runner.encode(look(self._pixels(), view))
            self._region_features.put(view, features)
        return features

    def _pixels(self) -> NDArray[np.uint8]:
        if self._image is None:
            raise ImageError("No image is set: call set_image before predict.")
        return self._image

    def _size(self) -> tuple[int, int]:
        return self._pixels().shape[0], self._pixels().shape[1]


class _Stages:
    """Asks the caller between two stages whether the answer is still wanted."""

    def __init__(self, cancelled: Callable[[], bool] | None) -> None:
        self._cancelled = cancelled

    def check(self) -> None:
        """Raise `Cancelled` where it is not."""
        if self._cancelled is not None and self._cancelled():
            raise Cancelled("The caller cancelled this answer.")


def _digest(mask: NDArray[Any]) -> _Origin:
    """Name a mask by its values: a hash for each band of rows. Equal masks of one type have equal names."""
    bands = (mask[row : row + _HASHED_ROWS] for row in range(0, mask.shape[0], _HASHED_ROWS))
    return tuple(hash((np.packbits(band) if band.dtype == np.bool_ else band).tobytes()) for band in bands)


def _honoured(mask: NDArray[Any], clicks: tuple[Click, ...]) -> bool:
    return all(agrees(float(mask[click.row, click.col]), is_positive=click.is_positive) for click in effective(clicks))

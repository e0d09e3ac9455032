"""The bridge: the one module that drives the network. It runs on the worker's thread, and so does importing torch."""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .requests import Cancelled, EngineError, Image, Probability, Request

if TYPE_CHECKING:
    from model.engine import Carrier, Segmenter

logger = logging.getLogger(__name__)

IMAGES_KEPT = 4
"""Encoded images kept: the one on the canvas, its neighbours, and the one encoded ahead."""

PIXELS_KEPT = 128_000_000
"""Pixels of all encoded images together, for each is kept with its image; the newest stays, however large."""

_NO_MODEL = "No model is loaded; choose one in the Model menu."
_INSTALL = "repeat the installation (make install)"
_BUSY_MEMORY = "close other programs, choose another device, or reduce the picture"


class SegmenterEngine:
    """Answers requests with a `model.engine.Segmenter`; see `Engine` for the methods.

    `model` is a file, the name of a bundled model, or None for the default; `device` is "auto", "cpu" or "cuda";
    `threads` the number of CPU threads, None for as many as torch begins with.
    """

    def __init__(self, model: str | Path | None = None, device: str = "auto", threads: int | None = None) -> None:
        """Remember what to load; nothing is imported yet."""
        self._model = model
        self._device = device
        self._threads = threads
        self._first: Segmenter | None = None
        self._encoded: OrderedDict[str, Segmenter] = OrderedDict()
        self._carrier: Carrier | None = None

    def load(self) -> None:
        """Import torch and read the weights: seconds, once. Raises `EngineError`."""
        try:
            from model.engine import Segmenter
        except (ImportError, OSError) as error:
            # A library that is cut short or made for another processor is an OSError on Windows.
            raise EngineError(f"PyTorch cannot be started ({_first_line(error)}); {_INSTALL}.") from error
        # What an engine before this one had set would stay: asking for none in particular sets the first number again.
        own = _threads_of_torch()
        self._threads = self._threads or own
        with _in_words():
            self._first = Segmenter.load(self._model, self._device, threads=self._threads)
            self._carrier = self._first.carrier()

    def encode(self, image_key: str, image: Image, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Encode an image (H, W, 3) uint8 unless it is still known. Raises `EngineError` and `Cancelled`."""
        with _in_words(), _interruptible(cancelled):
            self._with_image(image_key, image)

    def predict(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        """Answer with the probability (H, W) float32 in [0, 1]. Raises `EngineError` and `Cancelled`."""
        if request.known:
            return self._carry(request, cancelled)
        from model.clicks import Click

        clicks = [Click(click.row, click.col, click.is_positive) for click in request.clicks]
        with _in_words():
            segmenter = self._with_image(request.image_key, request.image)
            if cancelled():
                raise Cancelled
            return segmenter.predict(clicks, _as_mask(request.previous), cancelled)

    def describe(self) -> tuple[str, str]:
        """Name the model and the device."""
        if self._first is None:
            return Path(self._model).stem if self._model else "", self._device
        return self._first.model_name, self._first.device

    def _carry(self, request: Request, cancelled: Callable[[], bool]) -> Probability:
        from model.engine import KnownSlice

        if self._carrier is None:
            raise EngineError(_NO_MODEL)
        known = [KnownSlice(each.image, each.mask) for each in request.known]
        with _in_words(), _interruptible(cancelled):
            return self._carrier.carry(known, request.image, cancelled)

    def _with_image(self, image_key: str, image: Image) -> "Segmenter":
        if image_key in self._encoded:
            self._encoded.move_to_end(image_key)
            return self._encoded[image_key]
        segmenter = self._spare()
        try:
            segmenter.set_image(image)
        except Cancelled:
            raise
        except Exception:
            # Most likely the memory is full: what is kept would stand in the way of the next attempt.
            self._encoded.clear()
            raise
        self._encoded[image_key] = segmenter
        self._forget_oldest()
        return segmenter

    def _spare(self) -> "Segmenter":
        """Give a segmenter that holds no image; all of them share one network."""
        from model.engine import Segmenter

        if self._first is None:
            raise EngineError(_NO_MODEL)
        first = self._first
        return Segmenter(first.network, first.device, threads=self._threads, region=first.region)

    def _forget_oldest(self) -> None:
        while len(self._encoded) > 1 and (len(self._encoded) > IMAGES_KEPT or self._pixels() > PIXELS_KEPT):
            self._encoded.popitem(last=False)

    def _pixels(self) -> int:
        sizes = (segmenter.image_size or (0, 0) for segmenter in self._encoded.values())
        return sum(height * width for height, width in sizes)


@cache
def _threads_of_torch() -> int:
    """Number of CPU threads that torch chose on the worker's thread; to be asked before it is told another."""
    import torch

    return torch.get_num_threads()


@contextmanager
def _interruptible(cancelled: Callable[[], bool]) -> Iterator[None]:
    """Ask `cancelled()` before every layer of the network: encoding an image is one long call otherwise."""
    from torch.nn.modules.module import register_module_forward_pre_hook

    def ask(_module: object, _inputs: object) -> None:
        if cancelled():
            raise Cancelled

    hook = register_module_forward_pre_hook(ask)
    try:
        yield
    finally:
        hook.remove()


@contextmanager
def _in_words() -> Iterator[None]:
    """Turn what the model raises into what the worker knows."""
    from model.engine import Cancelled as ModelCancelled
    from model.errors import ModelError

    try:
        yield
    except ModelCancelled as error:
        raise Cancelled from error
    except ModelError as error:
        raise EngineError(str(error)) from error
    except MemoryError as error:
        raise EngineError(f"The memory of this computer is full; {_BUSY_MEMORY}.") from error
    except RuntimeError as error:
        # torch reports an allocation that failed, or a graphics driver's trouble, as a bare RuntimeError.
        logger.exception("torch failed")
        if "memory" in str(error):
            raise EngineError(f"The memory of the device is full; {_BUSY_MEMORY}.") from error
        raise EngineError(
            f"The device failed ({_first_line(error)}); choose the CPU in the Model menu, or try again."
        ) from error


def _as_mask(previous: NDArray[np.generic] | None) -> NDArray[np.generic] | None:
    """Bring a previous mask (H, W) to what the model takes: bool and probabilities as they are, labels as bool."""
    if previous is None or previous.dtype == np.bool_ or np.issubdtype(previous.dtype, np.floating):
        return previous
    owned: NDArray[np.bool_] = previous != 0
    return owned


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__

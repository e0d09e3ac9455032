"""What the controllers need of the rooms beside and above them, as interfaces."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Change
from isegformer_app.inference import Answer, Request


class Asking(Protocol):
    """What the controller needs of the worker."""

    def submit(self, request: Request) -> None:
        """Ask; the newest request wins."""

    def cancel(self) -> None:
        """Forget what was asked."""

    def warm_up(self, image_key: str, image: NDArray[np.uint8]) -> None:
        """Encode an image before its first click."""

    def encode_ahead(self, image_key: str, image: NDArray[np.uint8]) -> None:
        """Encode an image that may be wanted later, when there is nothing else to do."""


class View(Protocol):
    """What the controller tells the window."""

    def document_changed(self, change: Change) -> None:
        """Objects, clicks or labels changed."""

    def preview_changed(self) -> None:
        """The active object, its clicks or its unaccepted mask changed."""

    def waiting_changed(self, is_waiting: bool) -> None:
        """An answer is awaited, or no longer."""

    def answered(self, answer: Answer) -> None:
        """An answer was used."""

    def problem(self, message: str, can_retry: bool) -> None:
        """Something went wrong; the work done so far stands."""

    def notice(self, message: str) -> None:
        """Something worth a line, no more."""

"""Networks small enough for every test: random, deterministic, and blind to what a click means."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from model.networks import ClickNetwork, Features


class TinyLate(ClickNetwork):
    """Encodes the view with one convolution and decodes with another; counts its calls."""

    view_side: int = 64
    view_multiple: ClassVar[int] = 16

    def __init__(self, gain: float = 4.0, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.head = nn.Conv2d(4 + 1 + 2, 1, 5, padding=2)
        self.gain = gain
        self.encoded: list[tuple[int, ...]] = []
        self.guidance: list[Tensor] = []
        self.clicks: list[Tensor] = []

    def encode(self, image: Tensor) -> Features:
        self.encoded.append(tuple(image.shape))
        return (torch.tanh(self.stem(image)),)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        self.guidance.append(previous.clone())
        self.clicks.append(clicks.clone())
        logits: Tensor = self.gain * self.head(torch.cat((features[0], previous, clicks), 1))
        return logits


class TinyEarly(TinyLate):
    """Encodes nothing: its features are the image."""

    def encode(self, image: Tensor) -> Features:
        self.encoded.append(tuple(image.shape))
        return (image,)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        return super().decode((torch.tanh(self.stem(features[0])),), previous, clicks)


class TinySquare(TinyEarly):
    """Made for square views only."""

    square_view: bool = True


class Painter(ClickNetwork):
    """Answers a fixed side of the view: 1 where the image is bright. What it is shown is what it sees."""

    view_side: int = 64
    view_multiple: ClassVar[int] = 16

    def encode(self, image: Tensor) -> Features:
        return (image.mean(1, keepdim=True),)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        return (features[0] - 0.5) * 40

"""A batch of clicked crops on its way to the device, where all its colours are changed at once."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

_SHARE = 0.75
_GAIN, _BIAS, _SHIFT = (0.85, 1.4), 0.25, 10 / 255
UNCHANGED = (1.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ClickBatch:
    """Images (B, 3, H, W), targets and ignored (B, 1, H, W) bool, points (B, 2N, 3), numbers (B), colours (B, 5).

    Images come as uint8 and have their `colours` still before them; `to` makes them float in [0, 1].
    """

    images: Tensor
    targets: Tensor
    ignored: Tensor
    points: Tensor
    numbers: Tensor
    colours: Tensor

    def part(self, start: int, end: int) -> "ClickBatch":
        """Give the samples from `start` to `end`."""
        fields = (self.images, self.targets, self.ignored, self.points, self.numbers, self.colours)
        return ClickBatch(*(each[start:end] for each in fields))

    def to(self, device: torch.device) -> "ClickBatch":
        """Move images and masks to a device, and change colours there; points stay on the CPU with those who click."""
        images, targets, ignored, colours = (
            each.to(device, non_blocking=True) for each in (self.images, self.targets, self.ignored, self.colours)
        )
        if images.dtype == torch.uint8:
            images = recoloured(images, colours)
        return ClickBatch(images, targets, ignored, self.points, self.numbers, colours)

    def pin_memory(self) -> "ClickBatch":
        """Pin what is moved, for the loader."""
        images, targets, ignored, colours = (
            each.pin_memory() for each in (self.images, self.targets, self.ignored, self.colours)
        )
        return ClickBatch(images, targets, ignored, self.points, self.numbers, colours)


def draw_colours(rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw the published change of one crop's colours: contrast, brightness, and a shift of each channel, (5,)."""
    drawn = np.array(UNCHANGED, np.float32)
    if rng.random() < _SHARE:
        drawn[:2] = rng.uniform(*_GAIN), rng.uniform(-_BIAS, _BIAS)
    if rng.random() < _SHARE:
        drawn[2:] = rng.uniform(-_SHIFT, _SHIFT, 3)
    return drawn


def recoloured(images: Tensor, colours: Tensor) -> Tensor:
    """Change images (B, 3, H, W) uint8 as `colours` (B, 5) say: float in [0, 1], cut off after either change."""
    gain, bias, shift = colours[:, 0:1, None, None], colours[:, 1:2, None, None], colours[:, 2:, None, None]
    return (images.float() * (gain / 255)).add_(bias).clamp_(0, 1).add_(shift).clamp_(0, 1)

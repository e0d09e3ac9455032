"""What every early-fusion network shares: the clicks enter with the image, and the answer is resized to the view."""

from abc import abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional

from .base import ClickNetwork, Features, normalised


def padded(x: Tensor, multiple: int) -> Tensor:
    """Add zeros at the bottom and on the right of (B, C, H, W), until both sides are multiples."""
    lacking_rows, lacking_cols = (-side % multiple for side in x.shape[2:])
    return functional.pad(x, (0, lacking_cols, 0, lacking_rows)) if lacking_rows or lacking_cols else x


class EarlyFusionNetwork(ClickNetwork):
    """Encodes nothing: its features are the image itself, and the whole network runs at each click.

    `with_previous`: whether the network looks at the previous mask. `align_corners`: how the logits are upsampled to
    the view; every published network was trained with corners aligned.
    """

    view_side: int = 400
    view_multiple: ClassVar[int] = 1

    def __init__(self, *, with_previous: bool = True, align_corners: bool = True) -> None:
        super().__init__()
        self.with_previous = with_previous
        self.align_corners = align_corners

    @property
    def prompt_channels(self) -> int:
        """Channels of the prompt: the previous mask where the network looks at it, and a click map a sign."""
        return 3 if self.with_previous else 2

    @abstractmethod
    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """Answer at any resolution: logits (B, 1, h, w).

        `rgb` (B, 3, H, W) is normalised; `prompt` (B, prompt_channels, H, W) holds the previous mask, if any, before
        the positive and the negative click map.
        """

    def encode(self, image: Tensor) -> Features:
        """Early fusion: the features are the image itself."""
        return (image,)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`."""
        (image,) = features
        height, width = image.shape[2:]
        rgb = padded(normalised(image), self.pads_to)
        prompt = padded(torch.cat((previous, clicks), dim=1) if self.with_previous else clicks, self.pads_to)
        full = self.resized(self.logits(rgb, prompt), (rgb.shape[2], rgb.shape[3]))
        return full[:, :, :height, :width]

    def resized(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """Resize maps (B, C, h, w) to `size`, bilinear, corners aligned or not as the network was trained."""
        return functional.interpolate(x, size=size, mode="bilinear", align_corners=self.align_corners)

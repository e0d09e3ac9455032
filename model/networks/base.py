"""The one interface behind which every network sits, early and late fusion alike."""

from abc import ABC, abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from .click_maps import DISK_RADIUS

COLOUR_NORM = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and spread of the colours of ImageNet's photos."""

Features = tuple[Tensor, ...]
"""What `encode` hands to `decode`: tensors with the batch as first dimension."""


def normalised(image: Tensor) -> Tensor:
    """Give RGB in [0, 1] (B, 3, H, W) the mean and the spread of ImageNet's photos."""
    mean, std = (image.new_tensor(each)[:, None, None] for each in COLOUR_NORM)
    return (image - mean) / std


class ClickNetwork(nn.Module, ABC):
    """A network that answers clicks on a view (the whole image or a region of it, resized).

    `encode` runs once a view, `decode` once a click. An early-fusion network encodes nothing: its features are
    the image itself. Views come at any size whose height and width are multiples of `view_multiple`.
    """

    view_side: int
    """Longest side of a view in pixels, at which the network works best."""

    view_multiple: ClassVar[int]
    """Height and width of a view must be multiples of this many pixels."""

    pads_to: int = 1
    """What the network sees is padded to multiples of this many pixels: normalised colours, mask and clicks by zeros.

    Such a network answers a view alike, whether it comes padded with the mean colour or not. The others (1) take odd
    sizes as their published code does, and padding changes their answers everywhere, if little.
    """

    feature_names: ClassVar[tuple[str, ...]] = ("image",)
    """What each tensor is called that `encode` gives."""

    square_view: bool = False
    """True: made for square views of `view_side` pixels, whatever the shape of the region that they show."""

    auxiliary: str = ""
    """The module whose logits are a second answer, which is trained beside the answer; empty where there is none."""

    click_radius: float = DISK_RADIUS
    """Radius of the disks in `clicks`, in view pixels."""

    @abstractmethod
    def encode(self, image: Tensor) -> Features:
        """Turn views `image` (B, 3, H, W), RGB in [0, 1], into features that hold for every click."""

    @abstractmethod
    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """Answer the clicks: logits (B, 1, H, W).

        `previous` (B, 1, H, W) is the last probability in [0, 1], zeros at the start.
        `clicks` (B, 2, H, W) are the positive and the negative disk maps of `model.networks.click_maps`.
        """

    def forward(self, image: Tensor, previous: Tensor, clicks: Tensor) -> Tensor:
        """Encode and decode at once; shapes as in `encode` and `decode`."""
        return self.decode(self.encode(image), previous, clicks)

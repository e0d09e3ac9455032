"""FocalClick's refiner: details of the mask in a small crop, from its colours and what the coarse network found.

Parameters are named as in FocalClick's checkpoints; `feature_gate`, which the published code never runs, is not there.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

_WIDTH = 32
_INPUTS = 6


class ConvNorm(nn.Module):
    """Convolution with bias, batch norm, ReLU."""

    def __init__(self, width_in: int, width: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width, kernel, stride, padding=kernel // 2)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', ceil(H / stride), ceil(W / stride))."""
        return functional.relu(self.norm(self.conv(x)))


class SeparableConv(nn.Module):
    """Xception's convolution: 3x3 within each channel, 1x1 across them, batch norm, ReLU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv3x3 = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.conv1x1 = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        return functional.relu(self.norm(self.conv1x1(self.conv3x3(x))))


class Refiner(nn.Module):
    """Details at half the crop's size, and a boundary map that says where they replace the coarse answer."""

    def __init__(self, feature_channels: int) -> None:
        super().__init__()
        self.image_conv1 = ConvNorm(_INPUTS, _WIDTH, 3, 2)
        self.image_conv2 = SeparableConv(_WIDTH)
        self.image_conv3 = SeparableConv(_WIDTH)
        self.refine_fusion = ConvNorm(feature_channels, _WIDTH, 1)
        self.refine_fusion2 = SeparableConv(_WIDTH)
        self.refine_fusion3 = SeparableConv(_WIDTH)
        self.refine_pred = nn.Conv2d(_WIDTH, 1, 3, padding=1)
        self.refine_trimap = nn.Conv2d(_WIDTH, 1, 3, padding=1)

    def forward(self, crop: Tensor, clicks: Tensor, features: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        """Return refined logits and boundary logits, both (B, 1, h, w).

        `crop` (B, 3, h, w) is RGB in [0, 1], not normalised, as published; `clicks` (B, 2, h, w) are disk maps,
        `features` (B, C, h', w') and `coarse` logits (B, 1, h, w) of the coarse network, cut to the same place.
        """
        x = self.image_conv1(torch.cat((crop, clicks, coarse.sigmoid()), dim=1))
        x = self.image_conv3(self.image_conv2(x))
        x = x + _resized(self.refine_fusion(features), (x.shape[2], x.shape[3]))
        x = self.refine_fusion3(self.refine_fusion2(x))
        size = (crop.shape[2], crop.shape[3])
        detail, boundary = _resized(self.refine_pred(x), size), _resized(self.refine_trimap(x), size)
        share = boundary.sigmoid()
        return detail * share + coarse * (1 - share), boundary


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return functional.interpolate(x, size=size, mode="bilinear", align_corners=True)

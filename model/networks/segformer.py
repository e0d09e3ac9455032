"""iSegFormer with SegFormer's encoder: early fusion, the whole network runs at each click (arXiv 2112.11325)."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import SettingsError
from .base import ClickNetwork, Features
from .mit import MIT_SIZES, MitSize, MixTransformer

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
_HEAD_DROPOUT = 0.1
_WITH_PREVIOUS = 6
_WITHOUT_PREVIOUS = 5
_MOST_HEAD_CHANNELS = 4096


class ConvRelu(nn.Module):
    """A 1x1 convolution with bias, and ReLU; the convolution stands in `conv`, as in the published checkpoints."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        return functional.relu(self.conv(x))


class MlpHead(nn.Module):
    """The published all-MLP head, in an order that gives the same logits for two fifths of the work.

    Published: every level to `channels`, upsampled to stride 4, concatenated, fused by a 1x1 convolution. A 1x1
    convolution commutes with bilinear upsampling, so here each level meets its own part of the fusion weights at
    its own size, and the fused maps are upsampled and added.
    """

    def __init__(self, in_channels: tuple[int, ...], channels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(ConvRelu(width, channels) for width in in_channels)
        self.fusion_conv = ConvRelu(channels * len(in_channels), channels)
        self.dropout = nn.Dropout2d(_HEAD_DROPOUT)
        self.conv_seg = nn.Conv2d(channels, 1, 1)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Maps from the finest to the coarsest -> logits (B, 1, h, w) at the size of the finest."""
        size = maps[0].shape[2:]
        fusion = self.fusion_conv.conv
        weights = fusion.weight.chunk(len(maps), dim=1)
        fused = functional.conv2d(self.convs[0](maps[0]), weights[0], fusion.bias)
        for level, conv, weight in zip(maps[1:], self.convs[1:], weights[1:], strict=True):
            part = functional.conv2d(conv(level), weight)
            fused = fused + functional.interpolate(part, size=size, mode="bilinear", align_corners=False)
        logits: Tensor = self.conv_seg(self.dropout(functional.relu(fused)))
        return logits


class SegFormerNetwork(ClickNetwork):
    """RGB, the previous mask and the click maps enter the encoder's stem together.

    `in_channels` is 6 (the published code: with the previous mask) or 5 (the paper: without).
    """

    view_side: ClassVar[int] = 400
    view_multiple: ClassVar[int] = 1

    def __init__(
        self, size: MitSize, *, in_channels: int = _WITH_PREVIOUS, head_channels: int = 256, drop_path: float = 0.1
    ) -> None:
        super().__init__()
        if in_channels not in (_WITH_PREVIOUS, _WITHOUT_PREVIOUS):
            raise SettingsError(f"A SegFormer takes 5 or 6 input channels, not {in_channels}.")
        if not 1 <= head_channels <= _MOST_HEAD_CHANNELS:
            raise SettingsError(f"The head must have 1 to {_MOST_HEAD_CHANNELS} channels, not {head_channels}.")
        if not 0 <= drop_path < 1:
            raise SettingsError(f"The drop path probability must be at least 0 and under 1, not {drop_path}.")
        self.in_channels = in_channels
        self.encoder = MixTransformer(size, in_channels, drop_path=drop_path)
        self.head = MlpHead(size.channels, head_channels)

    def encode(self, image: Tensor) -> Features:
        """Early fusion: the features are the image itself."""
        return (image,)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`; with 5 input channels `previous` is not looked at."""
        (image,) = features
        mean = image.new_tensor(_MEAN)[:, None, None]
        std = image.new_tensor(_STD)[:, None, None]
        prompt = (previous, clicks) if self.in_channels == _WITH_PREVIOUS else (clicks,)
        logits = self.head(self.encoder(torch.cat(((image - mean) / std, *prompt), dim=1)))
        return functional.interpolate(logits, size=image.shape[2:], mode="bilinear", align_corners=True)


def segformer_b0(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B0: 3.72 M parameters."""
    return SegFormerNetwork(MIT_SIZES[0], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)


def segformer_b1(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B1: 13.69 M parameters."""
    return SegFormerNetwork(MIT_SIZES[1], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)


def segformer_b2(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B2: 24.73 M parameters."""
    return SegFormerNetwork(MIT_SIZES[2], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)


def segformer_b3(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B3: 44.61 M parameters."""
    return SegFormerNetwork(MIT_SIZES[3], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)


def segformer_b4(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B4: 61.38 M parameters."""
    return SegFormerNetwork(MIT_SIZES[4], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)


def segformer_b5(*, in_channels: int = 6, head_channels: int = 256, drop_path: float = 0.1) -> SegFormerNetwork:
    """Build iSegFormer-B5: 81.98 M parameters."""
    return SegFormerNetwork(MIT_SIZES[5], in_channels=in_channels, head_channels=head_channels, drop_path=drop_path)

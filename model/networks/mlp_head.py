"""The all-MLP head of SegFormer as iSegFormer, its Swin and SimpleClick use it."""

from torch import Tensor, nn
from torch.nn import functional

_DROPOUT = 0.1


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
        self.dropout = nn.Dropout2d(_DROPOUT)
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

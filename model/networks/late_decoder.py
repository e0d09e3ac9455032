"""The light click decoder of the late-fusion network: image features once, then a few milliseconds a click.

Grids are named by their stride in view pixels: 16 (one cell a token), 8, 4; logits come at stride 2.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

MIDDLE = 48
"""Channels at stride 8."""
FINE = 24
"""Channels at stride 4."""
_CLICK_SHARE = 0.07
"""Share of a token's area that a click's disk must cover for the token to count as clicked (18 of 256 pixels)."""


class LateFeatures(NamedTuple):
    """What one view is encoded to; h and w are its token grid.

    The two key maps hold tokens of unit length, so that a product of two of them is their cosine.
    """

    context: Tensor  # (B, C, h, w)
    mid_keys: Tensor  # (B, D, h, w)
    last_keys: Tensor  # (B, D, h, w)
    rgb8: Tensor  # (B, MIDDLE, 2h, 2w)
    rgb4: Tensor  # (B, FINE, 4h, 4w)


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over the channels of a (B, C, H, W) map."""

    def forward(self, x: Tensor) -> Tensor:
        """Normalise each position over its channels."""
        normed: Tensor = super().forward(x.permute(0, 2, 3, 1))
        return normed.permute(0, 3, 1, 2)


class ConvBlock(nn.Module):
    """Residual block: 7x7 depthwise convolution, norm, and a two-layer MLP a position (ConvNeXt's block)."""

    def __init__(self, channels: int, expansion: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = ChannelNorm(channels)
        self.expand = nn.Conv2d(channels, channels * expansion, 1)
        self.reduce = nn.Conv2d(channels * expansion, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        change: Tensor = self.reduce(functional.gelu(self.expand(self.norm(self.depthwise(x)))))
        return x + change


class PooledAttention(nn.Module):
    """Residual self-attention whose keys and values are pooled 2x2: every token hears of the whole view."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = ChannelNorm(channels)
        self.query = nn.Conv2d(channels, channels, 1)
        self.key_value = nn.Conv2d(channels, 2 * channels, 1)
        self.project = nn.Conv2d(channels, channels, 1)

    def _split(self, x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        return x.reshape(batch, self.heads, channels // self.heads, height * width).transpose(2, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        normed = self.norm(x)
        pooled = functional.avg_pool2d(normed, 2, ceil_mode=True, count_include_pad=False)
        key, value = self.key_value(pooled).chunk(2, dim=1)
        heard = functional.scaled_dot_product_attention(
            self._split(self.query(normed)), self._split(key), self._split(value)
        )
        change: Tensor = self.project(heard.transpose(2, 3).reshape(x.shape))
        return x + change


class RefineBlock(nn.Module):
    """Residual pair of 3x3 convolutions at the finer grids."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        change: Tensor = self.second(functional.gelu(self.first(self.norm(x))))
        return x + change


def click_similarity(keys: Tensor, clicked: Tensor) -> Tensor:
    """Return the largest cosine of every token to the clicked tokens: (B, 1, h, w), 0 where nothing is clicked.

    `keys` (B, D, h, w) have unit length; `clicked` (B, 1, h, w) is boolean.
    """
    batch, _, height, width = keys.shape
    flat_keys, flat_clicked = keys.flatten(2), clicked.flatten(1)
    if torch.compiler.is_exporting():
        # A graph cannot count what is clicked: every token is compared with every other, and the rest is masked.
        cosine = torch.bmm(flat_keys.transpose(1, 2), flat_keys).masked_fill(~flat_clicked[:, :, None], -1.0)
        best = cosine.amax(dim=1) * flat_clicked.any(dim=1, keepdim=True)
        return best.reshape(batch, 1, height, width)
    count = int(flat_clicked.sum(dim=1).max())
    if count == 0:
        return keys.new_zeros((batch, 1, height, width))
    chosen, index = flat_clicked.float().topk(count, dim=1)
    prompts = flat_keys.gather(2, index[:, None, :].expand(-1, keys.shape[1], -1))
    cosine = torch.bmm(prompts.transpose(1, 2), flat_keys)
    cosine = cosine.masked_fill(chosen[:, :, None] == 0, -1.0)
    best = cosine.amax(dim=1) * flat_clicked.any(dim=1, keepdim=True)
    return best.reshape(batch, 1, height, width)


def mask_similarity(keys: Tensor, weight: Tensor) -> Tensor:
    """Return the cosine of every token to the mean token under `weight` (B, 1, h, w) >= 0: (B, 1, h, w)."""
    total = weight.sum(dim=(2, 3), keepdim=True)
    prototype = functional.normalize((keys * weight).sum(dim=(2, 3), keepdim=True), dim=1)
    return (keys * prototype).sum(dim=1, keepdim=True) * (total > 1e-3)


class ClickDecoder(nn.Module):
    """Click maps, previous mask and encoded view in, logits at half the view's size out."""

    def __init__(self, channels: int = 128, rounds: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.prompt4 = nn.Conv2d(12, FINE, 3, padding=1)
        self.prompt8 = nn.Conv2d(FINE, MIDDLE, 3, stride=2, padding=1)
        self.prompt16 = nn.Conv2d(MIDDLE, channels, 3, stride=2, padding=1)
        self.similarity = nn.Sequential(nn.Conv2d(8, 48, 1), nn.GELU(), nn.Conv2d(48, channels, 1))
        self.rounds = nn.Sequential(
            *(nn.Sequential(ConvBlock(channels), PooledAttention(channels, heads)) for _ in range(rounds)),
            ConvBlock(channels),
        )
        self.coarse = nn.Conv2d(channels, 1, 1)
        self.to8 = nn.Conv2d(channels, MIDDLE, 1)
        self.skip8 = nn.Conv2d(2 * MIDDLE, MIDDLE, 1)
        self.refine8 = RefineBlock(MIDDLE)
        self.to4 = nn.Conv2d(MIDDLE, FINE, 1)
        self.skip4 = nn.Conv2d(2 * FINE, FINE, 1)
        self.refine4 = RefineBlock(FINE)
        self.logits = nn.Conv2d(FINE, 4, 3, padding=1)

    def _similarities(self, features: LateFeatures, previous: Tensor, clicks: Tensor) -> Tensor:
        grid = (features.context.shape[2], features.context.shape[3])
        clicked = functional.adaptive_avg_pool2d(clicks, grid) > _CLICK_SHARE
        inside = functional.adaptive_avg_pool2d(previous, grid)
        outside = (1 - inside) * (inside.amax(dim=(2, 3), keepdim=True) > 0.5)
        maps = []
        for keys in (features.mid_keys, features.last_keys):
            maps += [
                click_similarity(keys, clicked[:, :1]),
                click_similarity(keys, clicked[:, 1:]),
                mask_similarity(keys, inside.square()),
                mask_similarity(keys, outside.square()),
            ]
        return torch.cat(maps, dim=1)

    def forward(self, features: LateFeatures, previous: Tensor, clicks: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (B, 1, H/2, W/2) and coarse logits (B, 1, H/16, W/16).

        `previous` (B, 1, H/2, W/2) in [0, 1]; `clicks` (B, 2, H/2, W/2) disk maps.
        """
        prompt = functional.pixel_unshuffle(torch.cat((previous, clicks), dim=1), 2)
        prompt4 = functional.gelu(self.prompt4(prompt))
        prompt8 = functional.gelu(self.prompt8(prompt4))
        similarity = self.similarity(self._similarities(features, previous, clicks))
        x = self.rounds(features.context + self.prompt16(prompt8) + similarity)
        coarse = self.coarse(x)
        x = functional.interpolate(self.to8(x), scale_factor=2, mode="bilinear", align_corners=False)
        x = self.refine8(x + self.skip8(torch.cat((features.rgb8, prompt8), dim=1)))
        x = functional.interpolate(self.to4(x), scale_factor=2, mode="bilinear", align_corners=False)
        x = self.refine4(x + self.skip4(torch.cat((features.rgb4, prompt4), dim=1)))
        return functional.pixel_shuffle(self.logits(x), 2), coarse

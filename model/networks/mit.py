"""The Mix Transformer (MiT), SegFormer's encoder: four stages at strides 4, 8, 16, 32, no positional embedding.

Written from the tables of the SegFormer paper (arXiv 2105.15203). Parameters are named and shaped as in the
checkpoints of iSegFormer: `layers.S.0` embeds patches, `layers.S.1.J` is block J, `layers.S.2` the stage's norm.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .drop_path import DropPath

if TYPE_CHECKING:
    from collections.abc import Iterable

_PATCHES = ((7, 4), (3, 2), (3, 2), (3, 2))
"""Kernel and stride of the overlapping patch embedding of each stage."""

_HEADS = (1, 2, 5, 8)
_REDUCTIONS = (8, 4, 2, 1)
_EXPANSION = 4
_INIT_STD = 0.02


@dataclass(frozen=True, slots=True)
class MitSize:
    """What tells one MiT from another: channels and number of blocks of each stage."""

    channels: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]


MIT_SIZES = (
    MitSize((32, 64, 160, 256), (2, 2, 2, 2)),
    MitSize((64, 128, 320, 512), (2, 2, 2, 2)),
    MitSize((64, 128, 320, 512), (3, 4, 6, 3)),
    MitSize((64, 128, 320, 512), (3, 4, 18, 3)),
    MitSize((64, 128, 320, 512), (3, 8, 27, 3)),
    MitSize((64, 128, 320, 512), (3, 6, 40, 3)),
)
"""MiT-B0 to MiT-B5."""


def _as_map(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, H*W, C) -> (B, C, H, W), a view that lies in memory as `channels_last`.

    Permuted in this order it keeps a stride of the batch by which torch knows `channels_last` at batch 1 too;
    otherwise the upsampling in the head takes a way that is thirty times slower.
    """
    return tokens.reshape(tokens.shape[0], *size, tokens.shape[2]).permute(0, 3, 1, 2)


def _as_tokens(grid: Tensor) -> Tensor:
    """(B, C, H, W) -> (B, H*W, C)."""
    return grid.flatten(2).transpose(1, 2)


class PatchEmbed(nn.Module):
    """Overlapping patches: a strided convolution and a norm. A side of n pixels becomes ceil(n / stride)."""

    def __init__(self, in_channels: int, channels: int, patch: tuple[int, int], norm_eps: float) -> None:
        super().__init__()
        kernel, stride = patch
        self.projection = nn.Conv2d(in_channels, channels, kernel, stride=stride, padding=kernel // 2)
        self.norm = nn.LayerNorm(channels, eps=norm_eps)

    def forward(self, grid: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """(B, C, H, W) -> tokens (B, h*w, C') and (h, w)."""
        grid = self.projection(grid)
        return self.norm(_as_tokens(grid)), (grid.shape[2], grid.shape[3])


class JointProjection(nn.Module):
    """Weights of multi-head attention in one block (query, key, value in this order), and the output projection."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * channels, channels))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * channels))
        self.out_proj = nn.Linear(channels, channels)
        nn.init.trunc_normal_(self.in_proj_weight, std=_INIT_STD)


class ReducedAttention(nn.Module):
    """Self-attention whose keys and values come from a map that is `reduction` times smaller on each side."""

    def __init__(self, channels: int, heads: int, reduction: int, norm_eps: float) -> None:
        super().__init__()
        self.heads = heads
        self.reduction = reduction
        self.attn = JointProjection(channels)
        if reduction > 1:
            self.sr = nn.Conv2d(channels, channels, reduction, stride=reduction)
            self.norm = nn.LayerNorm(channels, eps=norm_eps)

    def _reduce(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        if self.reduction == 1:
            return tokens
        grid = _as_map(tokens, size)
        # The published convolution has no padding and needs a map of at least reduction x reduction.
        lacking = [max(0, self.reduction - side) for side in size]
        if any(lacking):
            grid = functional.pad(grid, (0, lacking[1], 0, lacking[0]), mode="replicate")
        reduced: Tensor = self.norm(_as_tokens(self.sr(grid)))
        return reduced

    def _split(self, tokens: Tensor) -> Tensor:
        return tokens.reshape(*tokens.shape[:2], self.heads, -1).transpose(1, 2)

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H*W, C) of a map of `size` (H, W) -> the same shape."""
        channels = tokens.shape[2]
        weight, bias = self.attn.in_proj_weight, self.attn.in_proj_bias
        query = functional.linear(tokens, weight[:channels], bias[:channels])
        key_value = functional.linear(self._reduce(tokens, size), weight[channels:], bias[channels:])
        key, value = key_value.chunk(2, dim=2)
        heard = functional.scaled_dot_product_attention(self._split(query), self._split(key), self._split(value))
        projected: Tensor = self.attn.out_proj(heard.transpose(1, 2).flatten(2))
        return projected


class MixFeedForward(nn.Module):
    """Two-layer MLP a position with a 3x3 depthwise convolution between: this is how tokens know where they are."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = _EXPANSION * channels
        self.layers = nn.Sequential(
            nn.Conv2d(channels, hidden, 1),
            nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden),
            nn.GELU(),
            nn.Identity(),  # the published dropout of probability 0, which holds the number 3
            nn.Conv2d(hidden, channels, 1),
        )

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H*W, C) of a map of `size` (H, W) -> the same shape."""
        # A depthwise convolution on the CPU is up to five times slower in the memory order of tokens.
        grid = _as_map(tokens, size).contiguous()
        return _as_tokens(self.layers(grid))


class MitBlock(nn.Module):
    """Attention and feed-forward, each behind a norm and with a residual connection."""

    def __init__(
        self, channels: int, heads: int, reduction: int, drop_path: float, norm_eps: float, conv_norm_eps: float
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(channels, eps=norm_eps)
        self.attn = ReducedAttention(channels, heads, reduction, conv_norm_eps)
        self.norm2 = nn.LayerNorm(channels, eps=norm_eps)
        self.ffn = MixFeedForward(channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, tokens: Tensor, size: tuple[int, int]) -> Tensor:
        """(B, H*W, C) of a map of `size` (H, W) -> the same shape."""
        tokens = tokens + self.drop_path(self.attn(self.norm1(tokens), size))
        out: Tensor = tokens + self.drop_path(self.ffn(self.norm2(tokens), size))
        return out


class MitStage(nn.ModuleList):
    """Patch embedding, blocks and norm, held as children 0, 1 and 2 because published checkpoints name them so."""

    def __init__(self, embed: PatchEmbed, blocks: list[MitBlock], norm: nn.LayerNorm) -> None:
        super().__init__((embed, nn.ModuleList(blocks), norm))

    def forward(self, grid: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', h, w)."""
        embed, blocks, norm = cast("tuple[PatchEmbed, Iterable[MitBlock], nn.LayerNorm]", tuple(self))
        tokens, size = embed(grid)
        for block in blocks:
            tokens = block(tokens, size)
        return _as_map(norm(tokens), size)


class MixTransformer(nn.Module):
    """MiT: an image of any size from 1x1 to maps at strides 4, 8, 16, 32.

    `drop_path` is the probability of the last block; it grows linearly from 0 at the first. `norm_eps` is 1e-6 in
    the published iSegFormer and 1e-5 in the files of Hugging Face; `conv_norm_eps` (None: the same) is that of norms
    behind a strided convolution, 1e-5 in NVIDIA's own code.
    """

    def __init__(
        self,
        size: MitSize,
        in_channels: int = 3,
        *,
        drop_path: float = 0.1,
        norm_eps: float = 1e-6,
        conv_norm_eps: float | None = None,
    ) -> None:
        super().__init__()
        conv_eps = norm_eps if conv_norm_eps is None else conv_norm_eps
        self.size = size
        last_block = sum(size.depths) - 1
        widths = pairwise((in_channels, *size.channels))
        self.layers = nn.ModuleList()
        for stage, (width_in, width) in enumerate(widths):
            first = sum(size.depths[:stage])
            rates = [drop_path * (first + j) / last_block for j in range(size.depths[stage])]
            blocks = [MitBlock(width, _HEADS[stage], _REDUCTIONS[stage], rate, norm_eps, conv_eps) for rate in rates]
            embed = PatchEmbed(width_in, width, _PATCHES[stage], conv_eps)
            self.layers.append(MitStage(embed, blocks, nn.LayerNorm(width, eps=norm_eps)))
        self.apply(_initialise)

    def forward(self, image: Tensor) -> list[Tensor]:
        """(B, in_channels, H, W) -> four maps (B, C, ceil(H / s), ceil(W / s)), s = 4, 8, 16, 32."""
        maps = [image]
        for stage in self.layers:
            maps.append(stage(maps[-1]))
        return maps[1:]


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=_INIT_STD)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, std=(2 / fan_out) ** 0.5)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def widen_stem(weight: Tensor, in_channels: int) -> Tensor:
    """Turn an RGB stem (C, 3, k, k) into one of `in_channels`: the RGB filters are repeated and cut, not rescaled.

    This is iSegFormer's rule for weights pretrained on photos: mask and click channels begin as copies of the
    filters for red, green and blue.
    """
    repeats = -(-in_channels // weight.shape[1])
    return weight.repeat(1, repeats, 1, 1)[:, :in_channels].clone()

"""iSegFormer with HRFormer (arXiv 2110.09408): HRNet's trunk with attention within windows instead of convolutions.

Parameters are named as in HRFormer's and iSegFormer's checkpoints: `feature_extractor.backbone` and the heads beside
it. The table of `relative_position_index` is computed, not stored.
"""

import math
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from .drop_path import DropPath
from .early import EarlyFusionNetwork
from .high_resolution import Design, HighResolutionTrunk, conv_norm
from .ocr import ObjectContextHead
from .windows import join_windows, lacking, offset_bias, offset_count, offset_index, split_heads, split_windows

_WINDOW = 7
_EXPANSION = 4
_BLOCKS = 2
_MODULES = (1, 4, 2)
_FIRST_BLOCKS = 2
_HEAD_WIDTH = 512
_NORM_EPS = 1e-6
_INIT_STD = 0.02


@dataclass(frozen=True, slots=True)
class HRFormerSize:
    """What tells one HRFormer from another; both numbers double with each coarser branch."""

    width: int
    heads: int

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels of the four branches."""
        return self.width, 2 * self.width, 4 * self.width, 8 * self.width


_SIZES = {"s": HRFormerSize(32, 1), "b": HRFormerSize(78, 2)}


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for each way from a token to another."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))
        self.relative_position_bias_table = nn.Parameter(_INIT_STD * torch.randn(offset_count(_WINDOW), heads))
        self.relative_position_index: Tensor
        self.register_buffer("relative_position_index", offset_index(_WINDOW), persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        """(B, 49, C) -> the same shape."""
        query, key, value = (split_heads(p(windows), self.heads) for p in (self.q_proj, self.k_proj, self.v_proj))
        bias = offset_bias(self.relative_position_bias_table, self.relative_position_index)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out: Tensor = self.out_proj(heard.transpose(1, 2).flatten(2))
        return out


class PaddedAttention(nn.Module):
    """Windows over a map whose zeros, where it needs any, lie on all sides: half of them before, half behind."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = WindowAttention(width, heads)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> the same shape."""
        height, width = x.shape[1:3]
        rows, cols = lacking(height, _WINDOW), lacking(width, _WINDOW)
        above, left = rows // 2, cols // 2
        below, right = rows - above, cols - left
        grid = functional.pad(x, (0, 0, left, right, above, below))
        size = (grid.shape[1], grid.shape[2])
        heard = join_windows(self.attn(split_windows(grid, _WINDOW)), _WINDOW, size)
        return heard[:, above : above + height, left : left + width]


class ConvMlp(nn.Module):
    """Two-layer MLP a position with a 3x3 depthwise convolution between, and a batch norm and GELU after each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = _EXPANSION * width
        self.fc1 = nn.Conv2d(width, hidden, 1)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.dw3x3 = nn.Conv2d(hidden, hidden, 3, padding=1, groups=hidden)
        self.norm2 = nn.BatchNorm2d(hidden)
        self.fc2 = nn.Conv2d(hidden, width, 1)
        self.norm3 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        x = functional.gelu(self.norm1(self.fc1(x)))
        x = functional.gelu(self.norm2(self.dw3x3(x)))
        return functional.gelu(self.norm3(self.fc2(x)))


class HRFormerBlock(nn.Module):
    """Attention and MLP, each behind a norm and with a residual connection."""

    def __init__(self, width: int, heads: int, drop_path: float) -> None:
        super().__init__()
        norm = partial(nn.LayerNorm, width, eps=_NORM_EPS)
        self.norm1 = norm()
        self.attn = PaddedAttention(width, heads)
        self.norm2 = norm()
        self.mlp = ConvMlp(width)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        grid = x.permute(0, 2, 3, 1)
        grid = grid + self.drop_path(self.attn(self.norm1(grid)))
        change = self.mlp(self.norm2(grid).permute(0, 3, 1, 2).contiguous())
        out: Tensor = grid.permute(0, 3, 1, 2) + self.drop_path(change)
        return out


class HRFormerDesign(Design):
    """Attention in the branches, separable convolutions between them."""

    def __init__(self, heads: int, drop_path: float) -> None:
        self._heads = heads
        self._rate = drop_path / (sum(_MODULES) * _BLOCKS - 1)

    @property
    def blocks(self) -> int:
        """See `Design.blocks`."""
        return _BLOCKS

    def branch(self, width: int, level: int, first_block: int) -> nn.Sequential:
        """See `Design.branch`."""
        heads = self._heads * 2**level
        return nn.Sequential(*(HRFormerBlock(width, heads, self._rate * (first_block + j)) for j in range(_BLOCKS)))

    def up(self, width_in: int, width: int, factor: int) -> nn.Sequential:
        """See `Design.up`; where sizes are odd, the map is enlarged by `factor` first, and resized from there."""
        return nn.Sequential(*conv_norm(width_in, width, 1), nn.Upsample(scale_factor=factor, mode="nearest"))

    def down(self, width_in: int, width: int, *, last: bool) -> nn.Sequential:
        """See `Design.down`."""
        step = [*conv_norm(width_in, width_in, 3, 2, groups=width_in), *conv_norm(width_in, width, 1)]
        return nn.Sequential(*step) if last else nn.Sequential(*step, nn.ReLU())


class HRFormerOcr(nn.Module):
    """The trunk, a coarse head for the object's region, and the OCR head; both see the joined maps 7x7 at a time."""

    def __init__(self, size: HRFormerSize, in_channels: int, *, drop_path: float, align_corners: bool) -> None:
        super().__init__()
        design = HRFormerDesign(size.heads, drop_path)
        self.backbone = HighResolutionTrunk(
            in_channels, size.widths, _FIRST_BLOCKS, _MODULES, design, align_corners=align_corners
        )
        joined = sum(size.widths)
        self.conv3x3 = nn.Sequential(*_seven(joined))
        self.ocr_distri_head = ObjectContextHead(_HEAD_WIDTH, _HEAD_WIDTH // 2, bias=True)
        self.cls_head = nn.Conv2d(_HEAD_WIDTH, 1, 1)
        self.aux_head = nn.Sequential(*_seven(joined), nn.Conv2d(_HEAD_WIDTH, 1, 1))

    def coarse(self, joined: Tensor) -> Tensor:
        """Logits of the coarse head from joined maps (B, C, h, w): (B, 1, h, w)."""
        answer: Tensor = self.aux_head(joined)
        return answer

    def fine(self, joined: Tensor, coarse: Tensor) -> Tensor:
        """Logits of the OCR head: (B, 1, h, w)."""
        answer: Tensor = self.cls_head(self.ocr_distri_head(self.conv3x3(joined), coarse))
        return answer


def _seven(joined: int) -> list[nn.Module]:
    """7x7 convolution in as many groups as the numbers of channels allow, batch norm, ReLU."""
    groups = math.gcd(joined, _HEAD_WIDTH)
    conv = nn.Conv2d(joined, _HEAD_WIDTH, 7, padding=3, groups=groups)
    return [conv, nn.Sequential(nn.BatchNorm2d(_HEAD_WIDTH), nn.ReLU())]


class HRFormerNetwork(EarlyFusionNetwork):
    """RGB, previous mask and clicks enter the stem together. `size` is "s" or "b".

    `swapped_heads`: the answer is that of the coarse head, which iSegFormer's code takes, and trains as the answer,
    because the network gives it first; the OCR head then runs in training alone, as the second answer. False: the
    other way round.
    """

    def __init__(
        self,
        size: str,
        *,
        drop_path: float = 0.2,
        swapped_heads: bool = True,
        with_previous: bool = True,
        align_corners: bool = True,
    ) -> None:
        super().__init__(with_previous=with_previous, align_corners=align_corners)
        self.swapped_heads = swapped_heads
        self.auxiliary = f"feature_extractor.{'cls_head' if swapped_heads else 'aux_head'}"
        self.feature_extractor = HRFormerOcr(
            _SIZES[size], 3 + self.prompt_channels, drop_path=drop_path, align_corners=align_corners
        )

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4."""
        trunk = self.feature_extractor.backbone
        joined = trunk.joined(trunk(torch.cat((rgb, prompt), dim=1)))
        coarse = self.feature_extractor.coarse(joined)
        if self.swapped_heads and not self.training:
            return coarse
        fine = self.feature_extractor.fine(joined, coarse)
        return coarse if self.swapped_heads else fine

"""iSegFormer with a Swin encoder and deep fusion: clicks are embedded beside the image and added to its patches.

Parameters are named as in iSegFormer's checkpoints. The table of `relative_position_index` is computed, not stored.
"""

from dataclasses import dataclass

import torch
from timm.layers.mlp import Mlp
from torch import Tensor, nn
from torch.nn import functional

from .drop_path import DropPath
from .early import EarlyFusionNetwork, padded
from .mlp_head import MlpHead
from .windows import join_windows, lacking, offset_bias, offset_count, offset_index, split_heads, split_windows

_PATCH = 4
_EXPANSION = 4
_OTHER_REGION = -100.0
"""Added to the attention between tokens that the shift brought together."""
_INIT_STD = 0.02


@dataclass(frozen=True, slots=True)
class SwinSize:
    """What tells one Swin from another; the width doubles with each stage."""

    width: int
    heads: tuple[int, int, int, int]
    depths: tuple[int, int, int, int] = (2, 2, 18, 2)
    window: int = 12

    @property
    def widths(self) -> tuple[int, int, int, int]:
        """Channels of the four stages."""
        return self.width, 2 * self.width, 4 * self.width, 8 * self.width


_SIZES = {"b": SwinSize(128, (4, 8, 16, 32)), "l": SwinSize(192, (6, 12, 24, 48))}


class WindowAttention(nn.Module):
    """Self-attention within windows, with a learned bias for each way from a token to another."""

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        self.relative_position_bias_table = nn.Parameter(_INIT_STD * torch.randn(offset_count(side), heads))
        self.relative_position_index: Tensor
        self.register_buffer("relative_position_index", offset_index(side), persistent=False)

    def forward(self, windows: Tensor, regions: Tensor | None) -> Tensor:
        """(B * n, side * side, C) -> the same shape; `regions` (n, side * side, side * side) is added in each view."""
        bias = offset_bias(self.relative_position_bias_table, self.relative_position_index)
        if regions is not None:
            views = windows.shape[0] // regions.shape[0]
            bias = (bias[None] + regions[:, None]).repeat(views, 1, 1, 1)
        query, key, value = (split_heads(part, self.heads) for part in self.qkv(windows).chunk(3, dim=2))
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        out: Tensor = self.proj(heard.transpose(1, 2).flatten(2))
        return out


class SwinBlock(nn.Module):
    """Attention within windows, shifted by half a window in every second block, and an MLP."""

    def __init__(self, width: int, heads: int, side: int, shift: int, drop_path: float) -> None:
        super().__init__()
        self.side, self.shift = side, shift
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, heads, side)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = Mlp(width, _EXPANSION * width)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> the same shape."""
        x = x + self.drop_path(self._attend(self.norm1(x)))
        out: Tensor = x + self.drop_path(self.mlp(self.norm2(x)))
        return out

    def _attend(self, x: Tensor) -> Tensor:
        height, width = x.shape[1:3]
        # Padded before it is shifted, as in the code that the published weights come from; timm pads after.
        x = functional.pad(x, (0, 0, 0, lacking(width, self.side), 0, lacking(height, self.side)))
        size = (x.shape[1], x.shape[2])
        regions = None
        if self.shift:
            x = x.roll((-self.shift, -self.shift), dims=(1, 2))
            regions = shifted_regions(size, self.side, self.shift).to(x)
        x = join_windows(self.attn(split_windows(x, self.side), regions), self.side, size)
        if self.shift:
            x = x.roll((self.shift, self.shift), dims=(1, 2))
        return x[:, :height, :width]


def shifted_regions(size: tuple[int, int], side: int, shift: int) -> Tensor:
    """What keeps tokens apart that only the shift made neighbours: (windows, side * side, side * side), 0 or -100."""
    parts = []
    for length in size:
        place = torch.arange(length)
        parts.append((place >= length - side).int() + (place >= length - shift).int())
    part = split_windows((3 * parts[0][:, None] + parts[1])[None, :, :, None], side)[:, :, 0]
    apart = part[:, :, None] != part[:, None, :]
    return torch.zeros(apart.shape).masked_fill(apart, _OTHER_REGION)


class PatchMerging(nn.Module):
    """Four neighbours become one token of twice the channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, H, W, C) -> (B, ceil(H/2), ceil(W/2), 2C)."""
        x = functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        corners = [x[:, row::2, col::2] for col in (0, 1) for row in (0, 1)]
        merged: Tensor = self.reduction(self.norm(torch.cat(corners, dim=3)))
        return merged


class SwinStage(nn.Module):
    """Blocks of one stride, and after them the way to the next stage, if there is one."""

    def __init__(self, blocks: list[SwinBlock], downsample: PatchMerging | None) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)
        self.downsample = downsample

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, H, W, C) -> what this stage found, and what the next one begins with."""
        x = self.blocks(x)
        return x, x if self.downsample is None else self.downsample(x)


class PatchEmbed(nn.Module):
    """Patches of 4 x 4 pixels that do not overlap, and a norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, _PATCH, stride=_PATCH)
        self.norm = nn.LayerNorm(width)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, ceil(H/4), ceil(W/4), width)."""
        embedded: Tensor = self.norm(self.proj(padded(image, _PATCH)).permute(0, 2, 3, 1))
        return embedded


class SwinEncoder(nn.Module):
    """An image and three maps of clicks, of any size, to maps at strides 4, 8, 16, 32.

    `shared_embedding`: the clicks pass the embedding of the colours, as in the published code, which holds an
    embedding of their own and does not run it. `drop_path` is the probability of the last block.
    """

    def __init__(self, size: SwinSize, *, drop_path: float, shared_embedding: bool) -> None:
        super().__init__()
        self.patch_embed = PatchEmbed(size.width)
        self.patch_embed_coords = None if shared_embedding else PatchEmbed(size.width)
        last_block = sum(size.depths) - 1
        self.layers = nn.ModuleList()
        for stage, (width, heads, depth) in enumerate(zip(size.widths, size.heads, size.depths, strict=True)):
            first = sum(size.depths[:stage])
            blocks = [
                SwinBlock(width, heads, size.window, j % 2 * (size.window // 2), drop_path * (first + j) / last_block)
                for j in range(depth)
            ]
            self.layers.append(SwinStage(blocks, PatchMerging(width) if stage < 3 else None))
        self.norm0, self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width) for width in size.widths)
        self.apply(_initialise)

    def forward(self, rgb: Tensor, prompt: Tensor) -> list[Tensor]:
        """(B, 3, H, W) each -> four maps (B, C, ceil(H / s), ceil(W / s)), s = 4, 8, 16, 32."""
        embed_prompt = self.patch_embed if self.patch_embed_coords is None else self.patch_embed_coords
        x = self.patch_embed(rgb) + embed_prompt(prompt)
        maps = []
        for stage, norm in zip(self.layers, (self.norm0, self.norm1, self.norm2, self.norm3), strict=True):
            found, x = stage(x)
            maps.append(norm(found).permute(0, 3, 1, 2))
        return maps


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=_INIT_STD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class SwinNetwork(EarlyFusionNetwork):
    """`size` is "b" or "l"; `shared_embedding` as in `SwinEncoder`. The prompt always has three channels."""

    def __init__(
        self, size: str, *, drop_path: float = 0.3, shared_embedding: bool = True, align_corners: bool = True
    ) -> None:
        super().__init__(align_corners=align_corners)
        swin = _SIZES[size]
        self.backbone = SwinEncoder(swin, drop_path=drop_path, shared_embedding=shared_embedding)
        self.head = MlpHead(swin.widths, 256)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4."""
        answer: Tensor = self.head(self.backbone(rgb, prompt))
        return answer

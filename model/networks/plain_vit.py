"""A plain ViT that gives a map, and the pyramid of maps that SimpleClick and SegNext make of it.

Parameters are named as in their checkpoints, with two differences: `pos_embed` holds no place for the class token
(the published one, cut [:, 1:]), and what the published networks never run (`cls_token`, `fc_norm` and `head`) is not
there.
"""

from dataclasses import dataclass
from functools import partial

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional

from .windows import join_windows, split_windows

_WINDOW = 224
_NORM_EPS = 1e-6
_INIT_STD = 0.02


@dataclass(frozen=True, slots=True)
class VitSize:
    """What tells one plain ViT from another."""

    width: int
    depth: int
    heads: int
    patch: int
    side: int
    """Height and width of the views of training in pixels."""
    blocks_to_global: int
    """Each so-many-th block attends over the whole view, the others within windows."""

    @property
    def window(self) -> int:
        """Side of a window in tokens: as many windows as 224 pixels fit into a view of training, and no rest."""
        tokens = self.side // self.patch
        return tokens // (tokens * self.patch // _WINDOW)

    @property
    def multiple(self) -> int:
        """Side of a window in pixels, of which the sides of a view must be multiples."""
        return self.window * self.patch


class Patches(nn.Module):
    """Patches that do not overlap, by one strided convolution."""

    def __init__(self, in_channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(in_channels, width, patch, stride=patch)
        nn.init.xavier_uniform_(self.proj.weight.view(width, -1))

    def forward(self, image: Tensor) -> Tensor:
        """(B, C, H, W), multiples of the patch -> map (B, H/patch, W/patch, width)."""
        grid: Tensor = self.proj(image)
        return grid.permute(0, 2, 3, 1)


class PlainVit(nn.Module):
    """ViT without class token and last norm: attention within windows, and over the whole view in every few blocks."""

    def __init__(self, size: VitSize) -> None:
        super().__init__()
        self.size = size
        self.places = size.side // size.patch
        self.patch_embed = Patches(3, size.width, size.patch)
        self.pos_embed = nn.Parameter(_INIT_STD * torch.randn(1, self.places**2, size.width))
        norm = partial(nn.LayerNorm, eps=_NORM_EPS)
        self.blocks = nn.ModuleList(
            Block(size.width, size.heads, qkv_bias=True, norm_layer=norm)  # type: ignore[arg-type]  # is only called
            for _ in range(size.depth)
        )
        self.blocks.apply(_initialise)

    def _positions(self, grid: tuple[int, int]) -> Tensor:
        """Learned embedding of each place (1, h, w, width), resized where the view is not the one of training."""
        places = self.pos_embed.reshape(1, self.places, self.places, -1)
        if grid == (self.places, self.places):
            return places
        resized = functional.interpolate(places.permute(0, 3, 1, 2), size=grid, mode="bicubic", align_corners=False)
        return resized.permute(0, 2, 3, 1)

    def forward(self, image: Tensor, added: Tensor | None = None) -> Tensor:
        """Views (B, 3, H, W), multiples of `size.multiple`, and `added` (B, h, w, width) -> map (B, width, h, w)."""
        x = self.patch_embed(image)
        if added is not None:
            x = x + added
        grid = (x.shape[1], x.shape[2])
        x = x + self._positions(grid)
        tokens: Tensor = x.flatten(1, 2)
        in_windows = False
        for number, block in enumerate(self.blocks, start=1):
            is_local = number % self.size.blocks_to_global != 0
            if is_local and not in_windows:
                tokens = split_windows(tokens.reshape(x.shape), self.size.window)
            elif in_windows and not is_local:
                tokens = join_windows(tokens, self.size.window, grid).flatten(1, 2)
            in_windows = is_local
            tokens = block(tokens)
        return tokens.reshape(x.shape).permute(0, 3, 1, 2)


class Pyramid(nn.Module):
    """One map at stride 16 (14) to four at strides 4, 8, 16, 32; norms are over channels and places together."""

    def __init__(self, width: int, levels: tuple[int, int, int, int]) -> None:
        super().__init__()
        fine, middle, same, coarse = levels
        wide = max(2 * fine, width // 2)
        self.down_4 = nn.Sequential(
            *_norm_after(nn.ConvTranspose2d(width, wide, 2, stride=2)),
            nn.GELU(),
            *_norm_after(nn.ConvTranspose2d(wide, wide // 2, 2, stride=2)),
            *_norm_after(nn.Conv2d(wide // 2, fine, 1)),
            nn.GELU(),
        )
        wide = max(middle, width // 2)
        self.down_8 = nn.Sequential(
            *_norm_after(nn.ConvTranspose2d(width, wide, 2, stride=2)),
            *_norm_after(nn.Conv2d(wide, middle, 1)),
            nn.GELU(),
        )
        self.down_16 = nn.Sequential(*_norm_after(nn.Conv2d(width, same, 1)), nn.GELU())
        wide = max(coarse, 2 * width)
        self.down_32 = nn.Sequential(
            *_norm_after(nn.Conv2d(width, wide, 2, stride=2)), *_norm_after(nn.Conv2d(wide, coarse, 1)), nn.GELU()
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, width, h, w), h and w even -> four maps, the finest (4h, 4w) first."""
        return [self.down_4(x), self.down_8(x), self.down_16(x), self.down_32(x)]


class WholeNorm(nn.GroupNorm):
    """Norm over channels and places together."""

    def __init__(self, channels: int) -> None:
        super().__init__(1, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        if not torch.compiler.is_exporting():
            return super().forward(x)
        # Runtimes add up millions of numbers one after the other in single precision; by axes nothing is lost.
        centred = x - _mean(x)
        normed = centred * torch.rsqrt(_mean(centred * centred) + self.eps)
        return normed * self.weight[:, None, None] + self.bias[:, None, None]


def _mean(x: Tensor) -> Tensor:
    for axis in (3, 2, 1):
        x = x.mean(dim=axis, keepdim=True)
    return x


def _norm_after(conv: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, nn.Module]:
    return conv, WholeNorm(conv.out_channels)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)

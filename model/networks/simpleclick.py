"""SimpleClick (arXiv 2210.11006): a plain ViT to which the clicks are added as a second patch embedding.

Parameters are named as in SimpleClick's checkpoints, with two differences: `backbone.pos_embed` holds no place for
the class token (the published one, cut [:, 1:]), and what the published network never runs (`backbone.cls_token`,
`fc_norm` and `head`) is not there.
"""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional

from .early import EarlyFusionNetwork
from .mlp_head import MlpHead
from .windows import join_windows, split_windows

_WINDOW = 224
_SIDE = 448
_NORM_EPS = 1e-6
_INIT_STD = 0.02


@dataclass(frozen=True, slots=True)
class VitSize:
    """What tells one SimpleClick from another."""

    width: int
    depth: int
    heads: int
    patch: int
    levels: tuple[int, int, int, int]
    """Channels of the pyramid, the finest level first."""
    head_channels: int = 256

    @property
    def blocks_to_global(self) -> int:
        """Each so-many-th block attends over the whole view, the others within windows."""
        return 6 if self.depth == 12 else self.depth // 4


_SIZES = {
    "b": VitSize(768, 12, 12, 16, (128, 256, 512, 1024)),
    "l": VitSize(1024, 24, 16, 16, (192, 384, 768, 1536)),
    "h": VitSize(1280, 32, 16, 14, (240, 480, 960, 1920)),
    "xtiny": VitSize(160, 8, 4, 16, (96, 192, 288, 384), head_channels=128),
}


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
    """ViT without class token and last norm: windows of 224 pixels, and the whole view in every few blocks."""

    def __init__(self, size: VitSize) -> None:
        super().__init__()
        self.size = size
        self.window = _WINDOW // size.patch
        self.places = _SIDE // size.patch
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

    def forward(self, image: Tensor, added: Tensor) -> Tensor:
        """Views (B, 3, H, W), multiples of 224, and `added` (B, h, w, width) -> map (B, width, h, w)."""
        x = self.patch_embed(image) + added
        grid = (x.shape[1], x.shape[2])
        x = x + self._positions(grid)
        tokens: Tensor = x.flatten(1, 2)
        in_windows = False
        for number, block in enumerate(self.blocks, start=1):
            is_local = number % self.size.blocks_to_global != 0
            if is_local and not in_windows:
                tokens = split_windows(tokens.reshape(x.shape), self.window)
            elif in_windows and not is_local:
                tokens = join_windows(tokens, self.window, grid).flatten(1, 2)
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


def _norm_after(conv: nn.Conv2d | nn.ConvTranspose2d) -> tuple[nn.Module, nn.Module]:
    return conv, nn.GroupNorm(1, conv.out_channels)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)


class SimpleClickNetwork(EarlyFusionNetwork):
    """`size` is "b", "l", "h" or "xtiny". Made for views of 448 x 448; others are padded to multiples of 224."""

    view_side: ClassVar[int] = _SIDE
    square_view: ClassVar[bool] = True

    def __init__(self, size: str, *, with_previous: bool = True, align_corners: bool = True) -> None:
        super().__init__(with_previous=with_previous, align_corners=align_corners)
        vit = _SIZES[size]
        self.pads_to = _WINDOW
        self.patch_embed_coords = Patches(self.prompt_channels, vit.width, vit.patch)
        self.backbone = PlainVit(vit)
        self.neck = Pyramid(vit.width, vit.levels)
        self.head = MlpHead(vit.levels, vit.head_channels)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4 (3.5 for "h")."""
        answer: Tensor = self.head(self.neck(self.backbone(rgb, self.patch_embed_coords(prompt))))
        return answer

"""FocalClick (arXiv 2204.02574) with SegFormer: a coarse answer at 256 pixels, and details where the click changed it.

Parameters are named as in ClickSEG's checkpoints, with these differences: the encoder bears the names of `mit`
(`feature_extractor.backbone.layers...` for NVIDIA's `patch_embed1`, `block1`, ...), and `maps_transform` and
`refiner.feature_gate`, which the published code never runs, are not there.
"""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import roi_align

from ..errors import SettingsError
from .base import Features, normalised
from .click_maps import disk_centres, redrawn
from .early import EarlyFusionNetwork
from .focus import Focus, focus_of
from .mit import MIT_SIZES, MitSize, MixTransformer, PatchEmbed
from .refiner import Refiner

_SIZES = {"b0": (MIT_SIZES[0], 256), "b3": (MIT_SIZES[3], 512)}
"""Encoder, and channels of the head."""

_SIDE = 256
"""Longer side of what the coarse network is given, and side of the focus crop."""
_RADII = {"s1": 3.0, "s2": 5.0}
_FOCUS_RADIUS = 5.0
_DROPOUT = 0.1
_STEM = (7, 4)
_CONV_NORM_EPS = 1e-5
_PROMPT = 3


class SideEncoder(MixTransformer):
    """MiT on the colours alone; mask and clicks have an embedding beside, added to what the second stage is given."""

    def __init__(self, size: MitSize, drop_path: float) -> None:
        super().__init__(size, 3, drop_path=drop_path, conv_norm_eps=_CONV_NORM_EPS)
        self.patch_embed_side1 = PatchEmbed(_PROMPT, size.channels[0], _STEM, _CONV_NORM_EPS)

    def maps(self, rgb: Tensor, prompt: Tensor) -> list[Tensor]:
        """Maps at strides 4, 8, 16, 32; the first knows nothing of the clicks, as in the published code."""
        side, (height, width) = self.patch_embed_side1(prompt)
        first, *others = self.layers
        maps: list[Tensor] = [first(rgb)]
        x = maps[0] + side.reshape(-1, height, width, side.shape[2]).permute(0, 3, 1, 2)
        for stage in others:
            x = stage(x)
            maps.append(x)
        return maps


class Projection(nn.Module):
    """The same linear layer at each place of a map."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width_in, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        return functional.conv2d(x, self.proj.weight[:, :, None, None], self.proj.bias)


class Fusion(nn.Module):
    """Weights of the 1x1 convolution over all levels, and its batch norm."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4 * width, width, 1, bias=False)
        self.bn = nn.BatchNorm2d(width)


class LinearHead(nn.Module):
    """NVIDIA's head: no ReLU before levels are fused, batch norm after. Fused before upsampling, as in `MlpHead`."""

    def __init__(self, in_channels: tuple[int, int, int, int], width: int) -> None:
        super().__init__()
        self.linear_c1, self.linear_c2, self.linear_c3, self.linear_c4 = (
            Projection(channels, width) for channels in in_channels
        )
        self.linear_fuse = Fusion(width)
        self.dropout = nn.Dropout2d(_DROPOUT)
        self.linear_pred = nn.Conv2d(width, 1, 1)

    def forward(self, maps: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Maps from the finest to the coarsest -> logits (B, 1, h, w) and features (B, width, h, w) of the finest."""
        projections = (self.linear_c1, self.linear_c2, self.linear_c3, self.linear_c4)
        # The published order of levels is from the coarsest to the finest.
        weights = reversed(self.linear_fuse.conv.weight.chunk(4, dim=1))
        size = maps[0].shape[2:]
        parts = [
            functional.conv2d(projection(x), weight)
            for projection, x, weight in zip(projections, maps, weights, strict=True)
        ]
        fused = parts[0]
        for part in parts[1:]:
            fused = fused + functional.interpolate(part, size=size, mode="bilinear", align_corners=False)
        features: Tensor = self.dropout(functional.relu(self.linear_fuse.bn(fused)))
        return self.linear_pred(features), features


class CoarseNetwork(nn.Module):
    """Encoder and head."""

    def __init__(self, size: MitSize, width: int, drop_path: float) -> None:
        super().__init__()
        self.backbone = SideEncoder(size, drop_path)
        self.decode_head = LinearHead(size.channels, width)

    def forward(self, rgb: Tensor, prompt: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and features at stride 4."""
        answer: tuple[Tensor, Tensor] = self.decode_head(self.backbone.maps(rgb, prompt))
        return answer


class FocalClickNetwork(EarlyFusionNetwork):
    """The view is seen twice: as a whole at 256 pixels, and in a focus crop at its own resolution.

    `size` is "b0" or "b3". `pipeline` "s1": the coarse network works at half of 256 pixels, and clicks are disks of 3
    pixels of 256; "s2": at 256, with disks of 5 (`coarse_radius` where given; the paper says 2). `refine` False: the
    coarse answer alone. Not done is what the published evaluation does between clicks: it merges by itself from the
    tenth click on.
    """

    view_side: int = 2 * _SIDE
    square_view: bool = True

    def __init__(
        self,
        size: str,
        *,
        pipeline: Literal["s1", "s2"] = "s2",
        coarse_radius: float | None = None,
        refine: bool = True,
        drop_path: float = 0.1,
        align_corners: bool = True,
    ) -> None:
        super().__init__(align_corners=align_corners)
        if pipeline not in _RADII:
            raise SettingsError(f'The pipeline must be "s1" or "s2", not {pipeline!r}.')
        if coarse_radius is not None and not 0 <= coarse_radius <= _SIDE:
            raise SettingsError(f"The radius of a click must be 0 to {_SIDE} pixels, not {coarse_radius}.")
        mit, width = _SIZES[size]
        self.halves = pipeline == "s1"
        self.coarse_radius = _RADII[pipeline] if coarse_radius is None else coarse_radius
        self.refine = refine
        self.feature_extractor = CoarseNetwork(mit, width, drop_path)
        self.refiner = Refiner(width)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`: the coarse network alone, at stride 4."""
        answer: Tensor = self.feature_extractor(rgb, prompt)[0]
        return answer

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`."""
        (image,) = features
        centres = disk_centres(clicks, self.click_radius)
        full, coarse, hidden = self.first_look(image, previous, self.coarse_disks(centres))
        if not self.refine:
            return full
        views = (image, previous, centres, coarse, hidden, full)
        return torch.cat([self._refined(*(x[i : i + 1] for x in views)) for i in range(len(image))])

    def coarse_disks(self, centres: Tensor) -> Tensor:
        """Draw clicks for `first_look`: `disk_centres` (B, 2, H, W) -> disks (B, 2, h, w), the longer side 256."""
        height, width = centres.shape[2:]
        scale = _SIDE / max(height, width)
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        return redrawn(centres, (0, 0, height, width), size, self.coarse_radius)

    def crop_disks(self, centres: Tensor, focus: Focus) -> Tensor:
        """Draw clicks for `closer_look`: `disk_centres` (B, 2, H, W) -> disks (B, 2, 256, 256) of the focus resized."""
        return redrawn(centres, focus, (_SIDE, _SIDE), _FOCUS_RADIUS)

    def first_look(self, image: Tensor, previous: Tensor, disks: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Run the coarse network on whole views, at the size of `disks` (B, 2, h, w) of `coarse_disks`.

        Returns logits (B, 1, H, W) at the size of `image`, logits (B, 1, h, w), and features.
        """
        size = (disks.shape[2], disks.shape[3])
        rgb = self.resized(normalised(image), size)
        prompt = torch.cat((self.resized(previous, size), disks), dim=1)
        if self.halves:
            half = (max(1, size[0] // 2), max(1, size[1] // 2))
            rgb, prompt = self.resized(rgb, half), self.resized(prompt, half)
        answer, hidden = self.feature_extractor(rgb, prompt)
        coarse = self.resized(answer, size)
        return self.resized(coarse, (image.shape[2], image.shape[3])), coarse, hidden

    def closer_look(self, crop: Tensor, clicks: Tensor, box: Tensor, coarse: Tensor, hidden: Tensor) -> Tensor:
        """Run the refiner on a crop (1, 3, r, c) of a view: logits (1, 1, r, c).

        `clicks` (1, 2, 256, 256) are those of `crop_disks`. `box` (4) says where in the view the crop
        lies: first row, first column, last row, last column (excluded), as shares of the view's height and width.
        `coarse` logits and features `hidden` are of the whole view, as `first_look` gives them.
        """
        resized = self.resized(crop, (_SIDE, _SIDE))
        features = _cut(hidden, box, (hidden.shape[2], hidden.shape[3]))
        refined, _ = self.refiner(resized, clicks, features, _cut(coarse, box, (_SIDE, _SIDE)))
        return self.resized(refined, (crop.shape[2], crop.shape[3]))

    def _refined(
        self, image: Tensor, previous: Tensor, centres: Tensor, coarse: Tensor, hidden: Tensor, full: Tensor
    ) -> Tensor:
        """Answer of one view, with details where the focus is."""
        row0, col0, row1, col1 = focus = focus_of(full[0, 0], previous[0, 0], centres[0].any(dim=0))
        height, width = image.shape[2:]
        box = full.new_tensor([row0 / height, col0 / width, row1 / height, col1 / width])
        clicks = self.crop_disks(centres, focus)
        crop = image[:, :, row0:row1, col0:col1]
        answer = full.clone()
        answer[:, :, row0:row1, col0:col1] = self.closer_look(crop, clicks, box, coarse, hidden)
        return answer


def _cut(x: Tensor, box: Tensor, size: tuple[int, int]) -> Tensor:
    """Cut a box of `closer_look` out of a map of the whole view (1, C, h, w), and resize it to `size`."""
    row0, col0, row1, col1 = (box * box.new_tensor([x.shape[2], x.shape[3]] * 2)).unbind()
    cut: Tensor = roi_align(x, torch.stack((torch.zeros_like(row0), col0, row0, col1, row1))[None], size, aligned=True)
    return cut

"""The trunk of HRNet and HRFormer: up to four branches at strides 4 to 32 that hear of each other again and again.

Parameters are named as in HRNet's own checkpoints. What tells the two networks apart, the blocks of a branch and the
convolutions between branches, comes from a `Design`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

STEM = 64
_STAGE1 = 256
_EXPANSION = 4


def conv_norm(width_in: int, width: int, kernel: int, stride: int = 1, *, groups: int = 1) -> list[nn.Module]:
    """Give a convolution without bias and its batch norm."""
    conv = nn.Conv2d(width_in, width, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return [conv, nn.BatchNorm2d(width)]


class Design(ABC):
    """What a network of this family puts into the trunk."""

    @abstractmethod
    def branch(self, width: int, level: int, first_block: int) -> nn.Sequential:
        """Give the blocks of one branch: `level` 0 is stride 4; `first_block` counts the blocks on the way there."""

    @abstractmethod
    def up(self, width_in: int, width: int, factor: int) -> nn.Sequential:
        """Give what a map passes on its way to a branch that is `factor` times finer, before it is resized."""

    @abstractmethod
    def down(self, width_in: int, width: int, *, last: bool) -> nn.Sequential:
        """Give one step of stride 2 towards a coarser branch."""

    @property
    @abstractmethod
    def blocks(self) -> int:
        """Number of blocks that each call of `branch` gives."""


class Bottleneck(nn.Module):
    """Residual block of the first stage: 1x1, 3x3, 1x1 convolutions to four times as many channels."""

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(width_in, width, 1)
        self.conv2, self.bn2 = conv_norm(width, width, 3)
        self.conv3, self.bn3 = conv_norm(width, _EXPANSION * width, 1)
        has_width = width_in == _EXPANSION * width
        self.downsample = None if has_width else nn.Sequential(*conv_norm(width_in, _EXPANSION * width, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        change = functional.relu(self.bn1(self.conv1(x)))
        change = functional.relu(self.bn2(self.conv2(change)))
        change = self.bn3(self.conv3(change))
        return functional.relu(change + (x if self.downsample is None else self.downsample(x)))


class Exchange(nn.Module):
    """Branches side by side, and after them each branch's sum over all of them."""

    def __init__(self, widths: Sequence[int], design: Design, first_block: int, *, align_corners: bool) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.branches = nn.ModuleList(design.branch(width, level, first_block) for level, width in enumerate(widths))
        self.fuse_layers = nn.ModuleList(
            nn.ModuleList(_way(widths, source, target, design) for source in range(len(widths)))
            for target in range(len(widths))
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps of all branches, the finest first -> maps of the same shapes."""
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        return [self._sum(maps, target) for target in range(len(maps))]

    def _sum(self, maps: list[Tensor], target: int) -> Tensor:
        ways = self.fuse_layers[target].children()
        parts: list[Tensor] = [way(x) for way, x in zip(ways, maps, strict=True)]
        total = parts[0]
        for source, part in enumerate(parts[1:], start=1):
            coarser = source > target
            total = total + (resized(part, maps[target], align_corners=self.align_corners) if coarser else part)
        return functional.relu(total)


def resized(x: Tensor, like: Tensor, *, align_corners: bool) -> Tensor:
    """Resize (B, C, h, w) to the height and width of `like`."""
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=align_corners)


def _way(widths: Sequence[int], source: int, target: int, design: Design) -> nn.Module:
    width_in, width = widths[source], widths[target]
    if source == target:
        return nn.Identity()
    if source > target:
        return design.up(width_in, width, 2 ** (source - target))
    steps = target - source
    return nn.Sequential(
        *(design.down(width_in, width if k == steps - 1 else width_in, last=k == steps - 1) for k in range(steps))
    )


def _transition(widths_in: Sequence[int], widths: Sequence[int]) -> nn.ModuleList:
    """Give the branches of a stage their channels; the one new branch begins at half the size of the last."""
    ways: list[nn.Module] = []
    for level, width in enumerate(widths):
        if level == len(widths_in):
            ways.append(nn.Sequential(nn.Sequential(*conv_norm(widths_in[-1], width, 3, 2), nn.ReLU())))
        elif width == widths_in[level]:
            ways.append(nn.Identity())
        else:
            ways.append(nn.Sequential(*conv_norm(widths_in[level], width, 3), nn.ReLU()))
    return nn.ModuleList(ways)


class HighResolutionTrunk(nn.Module):
    """An image of any size from 1x1 to maps at strides 4, 8, 16, 32.

    `modules` are the exchanges of stages 2, 3 and 4. `align_corners` says how coarse maps are resized where branches
    meet.
    """

    def __init__(
        self,
        in_channels: int,
        widths: tuple[int, int, int, int],
        first_blocks: int,
        modules: tuple[int, int, int],
        design: Design,
        *,
        align_corners: bool,
    ) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.conv1, self.bn1 = conv_norm(in_channels, STEM, 3, 2)
        self.conv2, self.bn2 = conv_norm(STEM, STEM, 3, 2)
        self.layer1 = nn.Sequential(
            Bottleneck(STEM, STEM), *(Bottleneck(_STAGE1, STEM) for _ in range(first_blocks - 1))
        )
        self.transition1 = _transition((_STAGE1,), widths[:2])
        self.transition2 = _transition(widths[:2], widths[:3])
        self.transition3 = _transition(widths[:3], widths)
        starts = [sum(modules[:stage]) * design.blocks for stage in range(3)]
        self.stage2, self.stage3, self.stage4 = (
            nn.Sequential(
                *(
                    Exchange(widths[: stage + 2], design, start + k * design.blocks, align_corners=align_corners)
                    for k in range(count)
                )
            )
            for stage, (start, count) in enumerate(zip(starts, modules, strict=True))
        )

    def forward(self, image: Tensor, added: Tensor | None = None) -> list[Tensor]:
        """(B, in_channels, H, W) -> four maps; `added` (B, 64, ceil(H/2), ceil(W/2)) joins after the first step."""
        x = functional.relu(self.bn1(self.conv1(image)))
        if added is not None:
            x = x + added
        x = self.layer1(functional.relu(self.bn2(self.conv2(x))))
        maps: list[Tensor] = self.stage2([way(x) for way in self.transition1])
        for transition, stage in ((self.transition2, self.stage3), (self.transition3, self.stage4)):
            maps = stage([way(x) for way, x in zip(transition, [*maps, maps[-1]], strict=True)])
        return maps

    def joined(self, maps: list[Tensor]) -> Tensor:
        """All maps at the size of the finest, one behind the other: (B, sum of widths, h, w)."""
        finer = maps[0]
        coarser = [resized(x, finer, align_corners=self.align_corners) for x in maps[1:]]
        return torch.cat([finer, *coarser], dim=1)

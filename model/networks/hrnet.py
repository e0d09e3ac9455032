"""RITM's HRNet with OCR (arXiv 2102.06583), the rival of the paper: clicks join after the first step of the stem.

Parameters are named as in RITM's checkpoints: `maps_transform` and `feature_extractor`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import SettingsError
from .early import EarlyFusionNetwork
from .high_resolution import STEM, Design, HighResolutionTrunk, conv_norm
from .ocr import ObjectContextHead

_SIZES = {"18s": (18, 48), "18": (18, 64), "32": (32, 128), "48": (48, 256)}
"""Channels of the finest branch, and of the OCR head's keys."""

_SCALE = 0.05
_CLICK_WIDTH = 16
_MOST_OCR = 1024


class BasicBlock(nn.Module):
    """Residual block of two 3x3 convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = conv_norm(width, width, 3)
        self.conv2, self.bn2 = conv_norm(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> the same shape."""
        change = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(change)) + x)


class HRNetDesign(Design):
    """Convolutions all the way."""

    def __init__(self, blocks: int) -> None:
        self._blocks = blocks

    @property
    def blocks(self) -> int:
        """See `Design.blocks`."""
        return self._blocks

    def branch(self, width: int, level: int, first_block: int) -> nn.Sequential:
        """See `Design.branch`."""
        del level, first_block
        return nn.Sequential(*(BasicBlock(width) for _ in range(self._blocks)))

    def up(self, width_in: int, width: int, factor: int) -> nn.Sequential:
        """See `Design.up`."""
        del factor
        return nn.Sequential(*conv_norm(width_in, width, 1))

    def down(self, width_in: int, width: int, *, last: bool) -> nn.Sequential:
        """See `Design.down`."""
        step = conv_norm(width_in, width, 3, 2)
        return nn.Sequential(*step) if last else nn.Sequential(*step, nn.ReLU())


class HRNetOcr(HighResolutionTrunk):
    """HRNetV2, a coarse head for the object's region, and the OCR head."""

    def __init__(self, width: int, ocr_width: int, *, small: bool, align_corners: bool) -> None:
        widths = (width, 2 * width, 4 * width, 8 * width)
        blocks, modules = (2, (1, 3, 2)) if small else (4, (1, 4, 3))
        super().__init__(3, widths, blocks, modules, HRNetDesign(blocks), align_corners=align_corners)
        joined, wide = sum(widths), 2 * ocr_width
        self.conv3x3_ocr = nn.Sequential(nn.Conv2d(joined, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU())
        self.ocr_distri_head = ObjectContextHead(wide, ocr_width, bias=False)
        self.cls_head = nn.Conv2d(wide, 1, 1)
        self.aux_head = nn.Sequential(
            nn.Conv2d(joined, joined, 1), nn.BatchNorm2d(joined), nn.ReLU(), nn.Conv2d(joined, 1, 1)
        )

    def answers(self, image: Tensor, added: Tensor) -> tuple[Tensor, Tensor]:
        """Logits at stride 4 of the OCR head and of the coarse head; arguments as in `forward`."""
        joined = self.joined(self(image, added))
        coarse: Tensor = self.aux_head(joined)
        return self.cls_head(self.ocr_distri_head(self.conv3x3_ocr(joined), coarse)), coarse


class Scale(nn.Module):
    """A learned factor, of which the size counts and not the sign."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), _SCALE))

    def forward(self, x: Tensor) -> Tensor:
        """(...) -> the same shape."""
        return x * self.scale.abs()


class HRNetNetwork(EarlyFusionNetwork):
    """Previous mask and clicks pass two convolutions (Conv1S) and are added to the stem at half the view's size.

    `size` is "18s", "18", "32" or "48"; millions of parameters: 4.22, 10.03, 30.95 and 70.36. `align_corners` holds
    within the trunk too, as in RITM; `with_previous` is False in RITM's models without iterative training.
    """

    def __init__(
        self, size: str, *, ocr_width: int | None = None, with_previous: bool = True, align_corners: bool = True
    ) -> None:
        super().__init__(with_previous=with_previous, align_corners=align_corners)
        width, published = _SIZES[size]
        keys = published if ocr_width is None else ocr_width
        if not 1 <= keys <= _MOST_OCR:
            raise SettingsError(f"The OCR head must have 1 to {_MOST_OCR} channels, not {keys}.")
        self.maps_transform = nn.Sequential(
            nn.Conv2d(self.prompt_channels, _CLICK_WIDTH, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(_CLICK_WIDTH, STEM, 3, stride=2, padding=1),
            Scale(),
        )
        self.auxiliary = "feature_extractor.aux_head"
        self.feature_extractor = HRNetOcr(width, keys, small=size == "18s", align_corners=align_corners)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4."""
        answer, _ = self.feature_extractor.answers(rgb, self.maps_transform(prompt))
        return answer

"""Early fusion on any backbone of timm that gives feature maps: `timm:NAME`, for example `timm:pvt_v2_b2`."""

from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import Tensor, nn

from ..errors import SettingsError
from .early import EarlyFusionNetwork
from .mlp_head import MlpHead

_FINEST_STRIDE = 4
_MOST_HEAD_CHANNELS = 4096
_ANY_SIZE: tuple[dict[str, Any], ...] = ({"strict_img_size": False}, {"dynamic_img_size": True}, {})
"""How timm's families are told that images come at any size; the others need not be told."""
_WINDOWS = (224, 256, 384)
"""Multiples of pixels that networks with fixed windows ask for."""


class TimmNetwork(EarlyFusionNetwork):
    """RGB, previous mask and clicks enter the stem of timm's `name` together; SegFormer's head joins its maps.

    Maps finer than stride 4 are left out. `backbone` has timm's own parameter names, `head` those of `MlpHead`.
    """

    def __init__(
        self, name: str, *, head_channels: int = 256, with_previous: bool = True, align_corners: bool = True
    ) -> None:
        super().__init__(with_previous=with_previous, align_corners=align_corners)
        if not 1 <= head_channels <= _MOST_HEAD_CHANNELS:
            raise SettingsError(f"The head must have 1 to {_MOST_HEAD_CHANNELS} channels, not {head_channels}.")
        self.backbone = _backbone(name, 3 + self.prompt_channels)
        info: Any = self.backbone.feature_info
        self.levels = [level for level, stride in enumerate(info.reduction()) if stride >= _FINEST_STRIDE]
        self.has_channels_last = str(getattr(self.backbone, "output_fmt", "NCHW")).endswith("NHWC")
        self.pads_to = _multiple(name, self.backbone, 3 + self.prompt_channels, info.reduction())
        self.head = MlpHead(tuple(info.channels()[level] for level in self.levels), head_channels)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; the stride of the backbone's finest map from 4 on."""
        found: list[Tensor] = self.backbone(torch.cat((rgb, prompt), dim=1))
        maps = [found[level] for level in self.levels]
        answer: Tensor = self.head([x.permute(0, 3, 1, 2) for x in maps] if self.has_channels_last else maps)
        return answer


def _backbone(name: str, in_channels: int) -> nn.Module:
    """Build timm's `name` with random weights. Only names of its own list: others would reach for the network."""
    if not timm.is_model(name):
        raise SettingsError(f"timm has no model named {name!r}: timm.list_models() lists what it has.")
    for options in _ANY_SIZE:
        try:
            return timm.create_model(name, pretrained=False, features_only=True, in_chans=in_channels, **options)
        except TypeError:  # the family does not know this option
            continue
        except (RuntimeError, AttributeError) as error:
            raise SettingsError(f"timm's {name} gives no feature maps, so that it cannot answer clicks.") from error
    raise SettingsError(f"timm's {name} cannot be built for {in_channels} input channels.")


def _multiple(name: str, backbone: nn.Module, in_channels: int, strides: Sequence[int]) -> int:
    """Find of what the sides of a view must be multiples, by trying."""
    parameter = next(backbone.parameters())
    was_training = backbone.training
    backbone.eval()
    for side in (max(strides), *_WINDOWS):
        try:
            with torch.no_grad():
                backbone(torch.zeros((1, in_channels, side, 2 * side), device=parameter.device))
        except (RuntimeError, AssertionError, ValueError):  # how timm says that a size does not fit
            continue
        backbone.train(was_training)
        return side
    raise SettingsError(f"timm's {name} takes images of one size only, so that it cannot look at views of any shape.")

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
_DEFAULT_SIDE = 224


class TimmNetwork(EarlyFusionNetwork):
    """RGB, previous mask and clicks enter the stem of timm's `name` together; SegFormer's head joins its maps.

    Maps finer than stride 4 are left out. `backbone` has timm's own parameter names, `head` those of `MlpHead`. A
    backbone that takes images of one size only is given square views, resized to that size.
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
        self.only_side: int | None = None
        try:
            self.pads_to = _multiple(self.backbone, 3 + self.prompt_channels, info.reduction())
        except ValueError:
            self.only_side = self.view_side = _only_side(name, self.backbone, 3 + self.prompt_channels)
            self.square_view = True
        self.head = MlpHead(tuple(info.channels()[level] for level in self.levels), head_channels)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; the stride of the backbone's finest map from 4 on."""
        seen = torch.cat((rgb, prompt), dim=1)
        if self.only_side is not None:
            seen = self.resized(seen, (self.only_side, self.only_side))
        found: list[Tensor] = self.backbone(seen)
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


def _multiple(backbone: nn.Module, in_channels: int, strides: Sequence[int]) -> int:
    """Find of what the sides of a view must be multiples, by trying. Raises `ValueError` where nothing fits."""
    for side in (max(strides), *_WINDOWS):
        if _takes(backbone, (1, in_channels, side, 2 * side)):
            return side
    raise ValueError


def _only_side(name: str, backbone: nn.Module, in_channels: int) -> int:
    """Give the side of the square images that timm's `name` was made for. Raises `SettingsError` if it takes none."""
    known = timm.get_pretrained_cfg(name)
    side = int(known.input_size[-1] if known else _DEFAULT_SIDE)
    if not _takes(backbone, (1, in_channels, side, side)):
        raise SettingsError(
            f"timm's {name} cannot look at {in_channels} channels of {side} x {side} pixels: colours and clicks."
        )
    return side


def _takes(backbone: nn.Module, shape: tuple[int, int, int, int]) -> bool:
    parameter = next(backbone.parameters())
    was_training = backbone.training
    try:
        with torch.no_grad():
            backbone.eval()(torch.zeros(shape, device=parameter.device))
    except (RuntimeError, AssertionError, ValueError):  # how timm says that a size does not fit
        return False
    finally:
        backbone.train(was_training)
    return True

"""iSegFormer with SegFormer's encoder: early fusion, the whole network runs at each click (arXiv 2112.11325)."""

import torch
from torch import Tensor

from ..errors import SettingsError
from .early import EarlyFusionNetwork
from .mit import MIT_SIZES, MixTransformer
from .mlp_head import MlpHead

_WITH_PREVIOUS = 6
_WITHOUT_PREVIOUS = 5
_MOST_HEAD_CHANNELS = 4096


class SegFormerNetwork(EarlyFusionNetwork):
    """RGB, the previous mask and the click maps enter the encoder's stem together.

    `size` is the N of MiT-BN. `in_channels` is 6 (the published code: with the previous mask) or 5 (the paper:
    without). Millions of parameters with six channels: 3.72, 13.69, 24.73, 44.61, 61.38, 81.98.
    """

    def __init__(
        self,
        size: int,
        *,
        in_channels: int = _WITH_PREVIOUS,
        head_channels: int = 256,
        drop_path: float = 0.1,
        align_corners: bool = True,
    ) -> None:
        super().__init__(with_previous=in_channels == _WITH_PREVIOUS, align_corners=align_corners)
        if in_channels not in (_WITH_PREVIOUS, _WITHOUT_PREVIOUS):
            raise SettingsError(f"A SegFormer takes 5 or 6 input channels, not {in_channels}.")
        if not 1 <= head_channels <= _MOST_HEAD_CHANNELS:
            raise SettingsError(f"The head must have 1 to {_MOST_HEAD_CHANNELS} channels, not {head_channels}.")
        self.in_channels = in_channels
        self.encoder = MixTransformer(MIT_SIZES[size], in_channels, drop_path=drop_path)
        self.head = MlpHead(MIT_SIZES[size].channels, head_channels)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4."""
        answer: Tensor = self.head(self.encoder(torch.cat((rgb, prompt), dim=1)))
        return answer

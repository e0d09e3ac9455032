"""SegNext (arXiv 2404.00741): late fusion of dense prompts on a plain ViT at 1024 pixels.

Parameters are named as in SegNext's checkpoints, `backbone` as `plain_vit` says, and `head.conv_seg` for the published
`head.seg_conv`.
"""

from typing import ClassVar

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn import functional

from .base import ClickNetwork, Features, normalised
from .early import padded
from .mlp_head import MlpHead
from .plain_vit import Patches, PlainVit, Pyramid, VitSize

_SIDE = 1024
_VIT = VitSize(768, 12, 12, 16, _SIDE, 3)
_LEVELS = (128, 256, 512, 1024)
_HEAD = 256
_PROMPT = 3


class SegNextNetwork(ClickNetwork):
    """The image is encoded alone; mask and clicks are embedded and added, and one or two blocks join the two.

    `fusion_blocks` is 1 or 2 (the published sax1 and sax2). Made for square views of 1024 pixels; others are padded to
    multiples of 256.
    """

    view_side: int = _SIDE
    view_multiple: ClassVar[int] = 1
    square_view: bool = True
    feature_names: ClassVar[tuple[str, ...]] = ("tokens",)

    def __init__(self, fusion_blocks: int) -> None:
        super().__init__()
        self.pads_to = _VIT.multiple
        self.backbone = PlainVit(_VIT)
        self.visual_prompts_encoder = Patches(_PROMPT, _VIT.width, _VIT.patch)
        # Their norms have the epsilon of torch, not that of the encoder: the published code leaves it out here.
        self.fusion_blocks = nn.Sequential(
            *(Block(_VIT.width, _VIT.heads, qkv_bias=True, norm_layer=nn.LayerNorm) for _ in range(fusion_blocks))
        )
        self.neck = Pyramid(_VIT.width, _LEVELS)
        self.head = MlpHead(_LEVELS, _HEAD)

    def encode(self, image: Tensor) -> Features:
        """See `ClickNetwork.encode`: one map (B, 768, h, w) of the padded view."""
        return (self.backbone(padded(normalised(image), self.pads_to)),)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`."""
        (found,) = features
        height, width = previous.shape[2:]
        prompt = padded(torch.cat((previous, clicks), dim=1), self.pads_to)
        x = found.permute(0, 2, 3, 1) + self.visual_prompts_encoder(prompt)
        joined = self.fusion_blocks(x.flatten(1, 2)).reshape(x.shape).permute(0, 3, 1, 2)
        logits = self.head(self.neck(joined))
        full = functional.interpolate(logits, size=prompt.shape[2:], mode="bilinear", align_corners=True)
        return full[:, :, :height, :width]

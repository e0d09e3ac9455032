"""SimpleClick (arXiv 2210.11006): a plain ViT to which the clicks are added as a second patch embedding.

Parameters are named as in SimpleClick's checkpoints, `backbone` as `plain_vit` says.
"""

from torch import Tensor

from .early import EarlyFusionNetwork
from .mlp_head import MlpHead
from .plain_vit import Patches, PlainVit, Pyramid, VitSize

_SIDE = 448
_SIZES = {
    "b": (VitSize(768, 12, 12, 16, _SIDE, 6), (128, 256, 512, 1024), 256),
    "l": (VitSize(1024, 24, 16, 16, _SIDE, 6), (192, 384, 768, 1536), 256),
    "h": (VitSize(1280, 32, 16, 14, _SIDE, 8), (240, 480, 960, 1920), 256),
    "xtiny": (VitSize(160, 8, 4, 16, _SIDE, 2), (96, 192, 288, 384), 128),
}
"""The ViT, channels of the pyramid from the finest level on, and channels of the head."""


class SimpleClickNetwork(EarlyFusionNetwork):
    """`size` is "b", "l", "h" or "xtiny". Made for views of 448 x 448; others are padded to multiples of 224."""

    view_side: int = _SIDE
    square_view: bool = True

    def __init__(self, size: str, *, with_previous: bool = True, align_corners: bool = True) -> None:
        super().__init__(with_previous=with_previous, align_corners=align_corners)
        vit, levels, head_channels = _SIZES[size]
        self.pads_to = vit.multiple
        self.patch_embed_coords = Patches(self.prompt_channels, vit.width, vit.patch)
        self.backbone = PlainVit(vit)
        self.neck = Pyramid(vit.width, levels)
        self.head = MlpHead(levels, head_channels)

    def logits(self, rgb: Tensor, prompt: Tensor) -> Tensor:
        """See `EarlyFusionNetwork.logits`; stride 4 (3.5 for "h")."""
        answer: Tensor = self.head(self.neck(self.backbone(rgb, self.patch_embed_coords(prompt))))
        return answer

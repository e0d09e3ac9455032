"""Late fusion: a plain ViT encodes the view once, a light decoder answers each click (the bundled model)."""

from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import SettingsError
from .base import ClickNetwork, Features, normalised
from .late_decoder import FINE, MIDDLE, ClickDecoder, LateFeatures

_VIT_PATCH = 14
_TOKEN = 16
_MOST_CHANNELS = 1024
_MOST_ROUNDS = 16


class DinoEncoder(nn.Module):
    """DINOv2's ViT-S/14 (timm's `vit_small_patch14_dinov2`), cut in a trunk and a last part.

    The cut makes it possible to keep the trunk's tokens and to train only what follows.
    """

    trunk_blocks: ClassVar[int] = 8
    width: ClassVar[int] = 384

    def __init__(self) -> None:
        super().__init__()
        import timm  # here, because it takes three seconds and only this network needs it

        self.vit: Any = timm.create_model(
            "vit_small_patch14_dinov2", pretrained=False, num_classes=0, img_size=518, dynamic_img_size=True
        )

    def trunk(self, image: Tensor) -> Tensor:
        """Views (B, 3, 16h, 16w), RGB in [0, 1] -> tokens of block 8, class token first: (B, 1 + hw, 384)."""
        height, width = image.shape[2] // _TOKEN, image.shape[3] // _TOKEN
        size = (height * _VIT_PATCH, width * _VIT_PATCH)
        pixels = functional.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=True)
        x: Tensor = self.vit._pos_embed(self.vit.patch_embed(normalised(pixels)))  # its forward cannot stop midway
        for block in self.vit.blocks[: self.trunk_blocks]:
            x = block(x)
        return x

    def last(self, tokens: Tensor) -> Tensor:
        """Tokens of block 8 -> normed tokens of block 12, the same shape."""
        for block in self.vit.blocks[self.trunk_blocks :]:
            tokens = block(tokens)
        normed: Tensor = self.vit.norm(tokens)
        return normed


class LateNetwork(ClickNetwork):
    """A frozen or lightly tuned ViT, a small RGB stem, and the click decoder.

    A view is 512 pixels at its longest side: 32 tokens of 16 pixels (14 for the ViT, which sees 448 pixels);
    the decoder sees masks, clicks and colours at half the view.
    """

    view_side: int = 512
    view_multiple: ClassVar[int] = _TOKEN
    feature_names: ClassVar[tuple[str, ...]] = LateFeatures._fields

    def __init__(self, channels: int = 128, rounds: int = 2, heads: int = 4) -> None:
        super().__init__()
        self.encoder = DinoEncoder()
        self.context = nn.Sequential(nn.Conv2d(2 * DinoEncoder.width, channels, 1), nn.GroupNorm(8, channels))
        self.rgb4 = nn.Sequential(nn.Conv2d(12, FINE, 3, padding=1), nn.GELU(), nn.Conv2d(FINE, FINE, 3, padding=1))
        self.rgb8 = nn.Sequential(nn.GELU(), nn.Conv2d(FINE, MIDDLE, 3, stride=2, padding=1), nn.GELU())
        self.decoder = ClickDecoder(channels, rounds, heads)

    def encode(self, image: Tensor) -> Features:
        """See `ClickNetwork.encode`; H and W are multiples of 16."""
        trunk = self.encoder.trunk(image)
        half = functional.avg_pool2d(image, 2)
        return self.features(trunk, self.encoder.last(trunk), half)

    def features(self, trunk: Tensor, last: Tensor, half: Tensor) -> LateFeatures:
        """Build the features from kept tokens (B, 1 + hw, 384) and the view at half size (B, 3, 8h, 8w)."""
        trunk = functional.layer_norm(trunk, trunk.shape[-1:])
        shape = (len(half), DinoEncoder.width, half.shape[2] // 8, half.shape[3] // 8)
        mid_map, last_map = (t[:, 1:].transpose(1, 2).reshape(shape) for t in (trunk, last))
        rgb4 = self.rgb4(functional.pixel_unshuffle(half - 0.5, 2))
        return LateFeatures(
            context=self.context(torch.cat((mid_map, last_map), dim=1)),
            mid_keys=functional.normalize(mid_map, dim=1),
            last_keys=functional.normalize(last_map, dim=1),
            rgb8=self.rgb8(rgb4),
            rgb4=functional.gelu(rgb4),
        )

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`."""
        half, _ = self.decoder(
            LateFeatures(*features), functional.avg_pool2d(previous, 2), functional.avg_pool2d(clicks, 2)
        )
        return functional.interpolate(half, scale_factor=2, mode="bilinear", align_corners=False)


def late_vit_s14(channels: int = 128, rounds: int = 2, heads: int = 4) -> LateNetwork:
    """Build late fusion on DINOv2's ViT-S/14: 22.06 M parameters of encoder.

    Raises `SettingsError` where an option is out of range.
    """
    if not 8 <= channels <= _MOST_CHANNELS or channels % 8:
        raise SettingsError(f"The decoder must have 8 to {_MOST_CHANNELS} channels, a multiple of 8, not {channels}.")
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise SettingsError(f"The decoder must have 1 to {_MOST_ROUNDS} rounds, not {rounds}.")
    if not 1 <= heads <= channels or channels % heads:
        raise SettingsError(f"The number of heads must divide the {channels} channels, not be {heads}.")
    return LateNetwork(channels, rounds, heads)


def is_stored_in_half(key: str) -> bool:
    """Tell whether a weight of late fusion goes into files in half precision: those of the large encoder do."""
    return key.startswith("encoder.")


def freeze_blocks(network: ClickNetwork, count: int) -> None:
    """Train neither the first `count` blocks of the ViT nor what is before them. Raises `SettingsError`."""
    if not isinstance(network, LateNetwork):
        raise SettingsError(f"Only late fusion has blocks to freeze, a {type(network).__name__} has none.")
    vit = network.encoder.vit
    if count > len(vit.blocks):
        raise SettingsError(f"The encoder has {len(vit.blocks)} blocks, of which {count} cannot be frozen.")
    for part in (vit.patch_embed, *vit.blocks[:count]):
        part.requires_grad_(requires_grad=False)
    for token in (vit.cls_token, vit.pos_embed):
        token.requires_grad_(requires_grad=False)

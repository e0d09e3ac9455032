"""Object-contextual representations (OCR, arXiv 1909.11065) with one region, the object, as HRNet and HRFormer use it.

Parameters are named as in RITM's and HRFormer's checkpoints.
"""

import torch
from torch import Tensor, nn

_DROPOUT = 0.05


def _conv(width_in: int, width: int, *, bias: bool) -> list[nn.Module]:
    return [nn.Conv2d(width_in, width, 1, bias=bias), nn.Sequential(nn.BatchNorm2d(width), nn.ReLU())]


class ObjectContext(nn.Module):
    """What a pixel hears of the object.

    A pixel attends to the regions by `f_pixel` and `f_object`. There is one region, so that every weight is 1
    whatever these two say: they are held because published files hold them, and are never run or trained.
    """

    def __init__(self, channels: int, key_channels: int, *, bias: bool) -> None:
        super().__init__()
        wide, key = channels, key_channels
        self.f_pixel = nn.Sequential(*_conv(wide, key, bias=bias), *_conv(key, key, bias=bias))
        self.f_object = nn.Sequential(*_conv(wide, key, bias=bias), *_conv(key, key, bias=bias))
        self.f_down = nn.Sequential(*_conv(wide, key, bias=bias))
        self.f_up = nn.Sequential(*_conv(key, wide, bias=bias))

    def forward(self, region: Tensor) -> Tensor:
        """The region's features (B, C, 1, 1) -> context of every pixel (B, C, 1, 1)."""
        context: Tensor = self.f_up(self.f_down(region))
        return context


class ObjectContextHead(nn.Module):
    """Pixels' features joined with their context. `bias`: HRFormer's convolutions have one, HRNet's do not."""

    def __init__(self, channels: int, key_channels: int, *, bias: bool) -> None:
        super().__init__()
        self.object_context_block = ObjectContext(channels, key_channels, bias=bias)
        self.conv_bn_dropout = nn.Sequential(*_conv(2 * channels, channels, bias=bias), nn.Dropout2d(_DROPOUT))

    def forward(self, features: Tensor, coarse: Tensor) -> Tensor:
        """Features (B, C, H, W) and coarse logits (B, 1, H, W) of the object -> features (B, C, H, W)."""
        context = self.object_context_block(gather(features, coarse)).expand_as(features)
        joined: Tensor = self.conv_bn_dropout(torch.cat((context, features), dim=1))
        return joined


def rest_unused(network: nn.Module) -> None:
    """Take what is never run out of a training: several processes would wait for its gradients."""
    for module in network.modules():
        if isinstance(module, ObjectContext):
            for unused in (module.f_pixel, module.f_object):
                unused.requires_grad_(requires_grad=False)


def gather(features: Tensor, coarse: Tensor) -> Tensor:
    """Mean of features (B, C, H, W) under the softmax of the logits (B, 1, H, W) over all pixels: (B, C, 1, 1)."""
    weights = coarse.flatten(2).softmax(dim=2)
    return (features.flatten(2) @ weights.transpose(1, 2))[:, :, :, None]

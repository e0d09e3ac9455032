"""Which parameters learn how fast: as the published code has it, slips included, or as it was meant."""

from typing import TYPE_CHECKING, Any

from ..networks import ClickNetwork
from ..networks.hrformer import HRFormerNetwork
from .click_settings import ClickSettings

if TYPE_CHECKING:
    from torch import nn

_ENCODERS = ("encoder.", "feature_extractor.", "backbone.")
"""How the names of an encoder's weights begin, in our networks and in those that keep their published names."""

_HEADS = ("ocr_distri_head", "conv3x3", "cls_head", "aux_head")
"""Parts of `feature_extractor` that are no encoder: they start from random weights."""

_RAISED = ("ocr_distri_head", "conv3x3_ocr")
"""Of these RITM remembers that they are no encoder; of HRFormer's iSegFormer remembers none."""

_SLOWED = ("weight", "bias")
"""RITM slows tensors down by these names of attributes. `in_proj_weight`, `in_proj_bias` and the tables of relative
positions are not called so, and learn at the full rate."""


def rate_groups(network: ClickNetwork, settings: ClickSettings) -> list[dict[str, Any]]:
    """Group the parameters: those of the encoder learn at `encoder_rate` of the others' rate."""
    is_slow = _is_slow_as_published if settings.published_rates else _is_slow
    slow: list[nn.Parameter] = []
    fast: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            (slow if name.startswith(_ENCODERS) and is_slow(name, network) else fast).append(parameter)
    rates = ((slow, settings.encoder_rate), (fast, 1.0))
    return [{"params": group, "lr": settings.learning_rate, "share": share} for group, share in rates if group]


def _is_slow(name: str, _: ClickNetwork) -> bool:
    return not any(part.startswith(_HEADS) for part in name.split("."))


def _is_slow_as_published(name: str, network: ClickNetwork) -> bool:
    *parts, last = name.split(".")
    is_raised = not isinstance(network, HRFormerNetwork) and any(part in _RAISED for part in parts)
    return last in _SLOWED and not is_raised

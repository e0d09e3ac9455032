"""How much a network computes: parameters and multiply-adds."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..networks import ClickNetwork
from ..networks.early import EarlyFusionNetwork

SIDES = (256, 400, 512)
"""Sides of the square views that are told, in pixels; each is rounded up to what the network takes."""


_RADIUS = 5


@dataclass(frozen=True, slots=True)
class Operations:
    """Multiply-adds for one square view of `side` pixels; an early-fusion network encodes nothing."""

    side: int
    encode: int
    """Once a view."""
    decode: int
    """Once a click."""


def count_operations(network: ClickNetwork, side: int) -> Operations:
    """Count the multiply-adds of matrix products, convolutions and attention, for one positive click.

    On torch's device `meta` (see `without_weights`) no number is computed.
    """
    whole = -(-side // network.view_multiple) * network.view_multiple
    device = next(network.parameters()).device
    image, previous, clicks = (torch.zeros(1, channels, whole, whole, device=device) for channels in (3, 1, 2))
    middle = slice(whole // 2 - _RADIUS, whole // 2 + _RADIUS)
    clicks[:, 0, middle, middle] = 1.0
    with torch.inference_mode():
        with FlopCounterMode(display=False) as encoding:
            features = network.encode(image)
        with FlopCounterMode(display=False) as decoding:
            network.decode(features, previous, clicks)
    return Operations(whole, encoding.get_total_flops() // 2, decoding.get_total_flops() // 2)


def count_parameters(network: ClickNetwork) -> int:
    """Count the numbers that training could change."""
    return sum(parameter.numel() for parameter in network.parameters())


def without_weights(network: ClickNetwork) -> ClickNetwork:
    """Take the weights off a network, in place, where what it does depends on shapes alone; others stay as they are."""
    network.eval()
    depends_on_shapes = isinstance(network, EarlyFusionNetwork) and type(network).decode is EarlyFusionNetwork.decode
    return network.to("meta") if depends_on_shapes else network

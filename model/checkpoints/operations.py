"""How much a network computes: parameters and multiply-adds, from shapes alone."""

from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..networks import ClickNetwork

SIDES = (256, 400, 512)
"""Sides of the square views that are told, in pixels; each is rounded up to what the network takes."""


@dataclass(frozen=True, slots=True)
class Operations:
    """Multiply-adds for one square view of `side` pixels; an early-fusion network encodes nothing."""

    side: int
    encode: int
    """Once a view."""
    decode: int
    """Once a click."""


def count_operations(network: ClickNetwork, side: int) -> Operations:
    """Count the multiply-adds of matrix products, convolutions and attention; no number is computed.

    `network` must be on torch's device `meta` (see `without_weights`).
    """
    whole = -(-side // network.view_multiple) * network.view_multiple
    image, previous, clicks = (torch.empty(1, channels, whole, whole, device="meta") for channels in (3, 1, 2))
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
    """Take the weights off a network, in place: shapes stay, memory is given back."""
    return network.eval().to("meta")

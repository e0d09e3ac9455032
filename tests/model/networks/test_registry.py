"""Networks by name."""

import pytest
import torch

from model.errors import SettingsError
from model.networks import ClickNetwork, create_network, network_names


def test_names() -> None:
    families = {
        "segformer": ("b0", "b1", "b2", "b3", "b4", "b5"),
        "hrnet": ("18s", "18", "32", "48"),
        "hrformer": ("s", "b"),
        "swin": ("b", "l"),
        "simpleclick": ("b", "l", "h", "xtiny"),
        "focalclick": ("b0", "b3"),
        "segnext": ("sax1", "sax2"),
        "late": ("vit-s14",),
    }
    assert network_names() == tuple(f"{family}-{size}" for family, sizes in families.items() for size in sizes)


def test_every_name_builds_a_network_of_its_own() -> None:
    with torch.device("meta"):
        counts = {name: sum(p.numel() for p in create_network(name).parameters()) for name in network_names()[:6]}
    assert sorted(counts.values()) == list(counts.values())
    assert len(set(counts.values())) == 6


def test_options_reach_the_builder() -> None:
    network = create_network("segformer-b0", in_channels=5, head_channels=16)
    assert isinstance(network, ClickNetwork)
    assert network.get_parameter("encoder.layers.0.0.projection.weight").shape[1] == 5
    assert network.get_parameter("head.conv_seg.weight").shape[1] == 16


def test_unknown_name_is_said_with_the_known_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"no network named 'resnet'; choose one of: segformer-b0, .*late-vit-s14, timm:NAME"
    ):
        create_network("resnet")

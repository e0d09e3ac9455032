"""iSegFormer: its size, its head in the published order and in ours, and what each input does."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from model.errors import SettingsError
from model.networks import create_network
from model.networks.mlp_head import MlpHead
from model.networks.segformer import SegFormerNetwork


def head_as_published(head: MlpHead, maps: list[Tensor]) -> Tensor:
    """Every level upsampled first, then concatenated and fused."""
    levels = [
        functional.interpolate(conv(level), size=maps[0].shape[2:], mode="bilinear", align_corners=False)
        for conv, level in zip(head.convs, maps, strict=True)
    ]
    logits: Tensor = head.conv_seg(head.fusion_conv(torch.cat(levels, dim=1)))
    return logits


def small(**options: int) -> SegFormerNetwork:
    torch.manual_seed(0)
    network = create_network("segformer-b0", **options).eval()
    assert isinstance(network, SegFormerNetwork)
    return network


@pytest.mark.parametrize("sides", [((32, 32), (16, 16), (8, 8), (4, 4)), ((25, 33), (13, 17), (7, 9), (4, 5))])
def test_fusion_before_upsampling_gives_the_published_logits(sides: tuple[tuple[int, int], ...]) -> None:
    torch.manual_seed(1)
    head = MlpHead((32, 64, 160, 256), 256).eval()
    maps = [torch.randn(2, width, *side) for width, side in zip((32, 64, 160, 256), sides, strict=True)]
    with torch.inference_mode():
        ours, published = head(maps), head_as_published(head, maps)
    assert ours.shape == (2, 1, *sides[0])
    assert float((ours - published).abs().max()) < 1e-5
    assert float(published.std()) > 0.01


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("segformer-b0", 3.72),
        ("segformer-b1", 13.69),
        ("segformer-b2", 24.73),
        ("segformer-b3", 44.61),
        ("segformer-b4", 61.38),
        ("segformer-b5", 81.98),
    ],
)
def test_parameter_counts(name: str, millions: float) -> None:
    with torch.device("meta"):
        network = create_network(name)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 2) == millions


@pytest.mark.parametrize("shape", [(1, 1), (3, 70), (41, 67)])
@pytest.mark.parametrize("in_channels", [5, 6])
def test_logits_have_the_size_of_the_image(shape: tuple[int, int], in_channels: int) -> None:
    network = small(in_channels=in_channels)
    with torch.inference_mode():
        logits = network(torch.rand(2, 3, *shape), torch.zeros(2, 1, *shape), torch.zeros(2, 2, *shape))
    assert logits.shape == (2, 1, *shape)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize(("in_channels", "looks"), [(5, False), (6, True)])
def test_previous_mask_counts_with_six_channels_only(in_channels: int, looks: bool) -> None:
    network = small(in_channels=in_channels)
    image, clicks = torch.rand(1, 3, 48, 48), torch.zeros(1, 2, 48, 48)
    with torch.inference_mode():
        features = network.encode(image)
        empty = network.decode(features, torch.zeros(1, 1, 48, 48), clicks)
        full = network.decode(features, torch.ones(1, 1, 48, 48), clicks)
    assert torch.equal(empty, full) is not looks


def test_early_fusion_encodes_nothing() -> None:
    image = torch.rand(1, 3, 8, 8)
    (feature,) = small().encode(image)
    assert feature is image


def test_clicks_and_their_sign_count() -> None:
    network = small()
    image, nothing = torch.rand(1, 3, 48, 48), torch.zeros(1, 2, 48, 48)
    positive, negative = nothing.clone(), nothing.clone()
    positive[:, 0, 20:30, 20:30] = 1
    negative[:, 1, 20:30, 20:30] = 1
    previous = torch.zeros(1, 1, 48, 48)
    with torch.inference_mode():
        answers = [network(image, previous, clicks) for clicks in (nothing, positive, negative)]
    assert not torch.equal(answers[0], answers[1])
    assert not torch.equal(answers[1], answers[2])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"in_channels": 4}, "5 or 6 input channels, not 4"),
        ({"head_channels": 0}, "channels, not 0"),
        ({"head_channels": 10**9}, "channels, not 1000000000"),
        ({"drop_path": 1.0}, "drop path"),
        ({"depth": 3}, "does not take these options"),
    ],
)
def test_bad_options_are_said(options: dict[str, float], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        create_network("segformer-b0", **options)

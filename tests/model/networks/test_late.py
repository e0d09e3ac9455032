"""The late-fusion network: shapes, similarity maps against plain loops, features that do not depend on clicks."""

import pytest
import torch

from model.networks import create_network
from model.networks.late import LateNetwork
from model.networks.late_decoder import click_similarity, mask_similarity


@pytest.fixture(scope="module")
def network() -> LateNetwork:
    torch.manual_seed(3)
    network = create_network("late-vit-s14").eval()
    assert isinstance(network, LateNetwork)
    return network


def test_parameters_are_those_of_vit_s14_and_a_light_decoder(network: LateNetwork) -> None:
    encoder = sum(p.numel() for p in network.encoder.parameters())
    rest = sum(p.numel() for p in network.parameters()) - encoder
    assert encoder == pytest.approx(22.06e6, rel=2e-3)
    assert rest < 1e6


@pytest.mark.parametrize("grid", [(12, 32), (32, 12), (15, 21)])
def test_logits_have_the_size_of_the_view(network: LateNetwork, grid: tuple[int, int]) -> None:
    height, width = 16 * grid[0], 16 * grid[1]
    image = torch.rand(2, 3, height, width)
    with torch.inference_mode():
        logits = network(image, torch.zeros(2, 1, height, width), torch.zeros(2, 2, height, width))
    assert logits.shape == (2, 1, height, width)
    assert torch.isfinite(logits).all()


def test_a_view_is_answered_alike_alone_and_in_a_batch(network: LateNetwork) -> None:
    image = torch.rand(3, 3, 192, 256)
    previous = torch.rand(3, 1, 192, 256)
    clicks = torch.zeros(3, 2, 192, 256)
    clicks[0, 0, 40:50, 60:70] = 1
    clicks[1, 1, 80:90, 60:70] = 1
    with torch.inference_mode():
        together = network(image, previous, clicks)
        alone = network(image[1:2], previous[1:2], clicks[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-4)


def test_kept_tokens_give_the_features_of_encode(network: LateNetwork) -> None:
    image = torch.rand(1, 3, 192, 256)
    with torch.inference_mode():
        trunk = network.encoder.trunk(image)
        kept = network.features(trunk, network.encoder.last(trunk), torch.nn.functional.avg_pool2d(image, 2))
        whole = network.encode(image)
    for one, other in zip(kept, whole, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_click_similarity_is_the_largest_cosine_to_a_clicked_token() -> None:
    generator = torch.Generator().manual_seed(1)
    keys = torch.nn.functional.normalize(torch.randn(2, 8, 3, 4, generator=generator), dim=1)
    clicked = torch.zeros(2, 1, 3, 4, dtype=torch.bool)
    clicked[0, 0, 1, 2] = clicked[0, 0, 2, 0] = True
    found = click_similarity(keys, clicked)
    for row in range(3):
        for col in range(4):
            expected = max(float(keys[0, :, row, col] @ keys[0, :, r, c]) for r, c in ((1, 2), (2, 0)))
            assert float(found[0, 0, row, col]) == pytest.approx(expected, abs=1e-6)
    assert not found[1].any()


def test_mask_similarity_is_the_cosine_to_the_mean_token() -> None:
    generator = torch.Generator().manual_seed(2)
    keys = torch.nn.functional.normalize(torch.randn(1, 8, 3, 4, generator=generator), dim=1)
    weight = torch.rand(1, 1, 3, 4, generator=generator)
    mean = (keys * weight).sum(dim=(2, 3))[0]
    found = mask_similarity(keys, weight)
    expected = torch.nn.functional.cosine_similarity(keys[0], mean[:, None, None], dim=0)
    assert torch.allclose(found[0, 0], expected, atol=1e-6)
    assert not mask_similarity(keys, torch.zeros_like(weight)).any()

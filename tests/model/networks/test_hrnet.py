"""HRNet is the published one: timm's numbers with the same weights, RITM's parameters, fusion and OCR."""

import pytest
import timm
import torch
from torch import Tensor
from torch.nn import functional

from model.errors import SettingsError
from model.networks import create_network, high_resolution
from model.networks.hrnet import HRNetNetwork
from model.networks.ocr import ObjectContextHead, gather

from .weights import stirred

TIMM_NAMES = {
    "hrnet-18s": "hrnet_w18_small_v2",
    "hrnet-18": "hrnet_w18",
    "hrnet-32": "hrnet_w32",
    "hrnet-48": "hrnet_w48",
}


def network(name: str = "hrnet-18s", **options: float) -> HRNetNetwork:
    torch.manual_seed(0)
    built = stirred(create_network(name, **options))
    assert isinstance(built, HRNetNetwork)
    return built


def nearest(x: Tensor, like: Tensor, *, align_corners: bool) -> Tensor:
    """How timm resizes between branches; every published click network resizes bilinearly instead."""
    assert align_corners
    return functional.interpolate(x, size=like.shape[2:], mode="nearest")


@pytest.mark.parametrize("name", [*list(TIMM_NAMES)[:3], pytest.param("hrnet-48", marks=pytest.mark.slow)])
def test_trunk_equals_timm(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reference = stirred(timm.create_model(TIMM_NAMES[name], features_only=True, feature_location=""), spread=0.01)
    trunk = network(name).feature_extractor
    left = trunk.load_state_dict(reference.state_dict(), strict=False)
    assert not left.unexpected_keys
    assert {key.split(".")[0] for key in left.missing_keys} == {
        "aux_head",
        "cls_head",
        "conv3x3_ocr",
        "ocr_distri_head",
    }
    image = torch.randn(2, 3, 64, 96)
    monkeypatch.setattr(high_resolution, "resized", nearest)
    with torch.inference_mode():
        ours, theirs = trunk(image), reference(image)[1:]
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape
        assert float((mine - other).abs().max()) < 1e-5 * max(1.0, float(other.abs().max()))


@pytest.mark.parametrize(("name", "millions"), [("hrnet-18s", 4.22), ("hrnet-18", 10.03), ("hrnet-32", 30.95)])
def test_parameter_counts(name: str, millions: float) -> None:
    """The numbers of RITM's and FocalClick's tables."""
    with torch.device("meta"):
        built = create_network(name)
    assert round(sum(p.numel() for p in built.parameters()) / 1e6, 2) == millions


def test_previous_mask_and_clicks_join_the_stem_at_half_size() -> None:
    """Conv1S with plain functions: 1x1, leaky 0.2, 3x3 of stride 2, times the size of a learned factor."""
    built = network()
    with torch.no_grad():
        built.get_parameter("maps_transform.3.scale").fill_(-0.07)
    weights = dict(built.maps_transform.named_parameters())
    rgb, prompt = torch.randn(1, 3, 37, 50), torch.rand(1, 3, 37, 50)
    hidden = functional.conv2d(prompt, weights["0.weight"], weights["0.bias"])
    hidden = torch.where(hidden > 0, hidden, 0.2 * hidden)
    added = 0.07 * functional.conv2d(hidden, weights["2.weight"], weights["2.bias"], stride=2, padding=1)
    with torch.inference_mode():
        expected, _ = built.feature_extractor.answers(rgb, added)
        found = built.logits(rgb, prompt)
    assert torch.allclose(found, expected, atol=1e-6)


def test_one_region_is_the_whole_formula_of_ocr() -> None:
    """With one region the attention's weights are 1, so that its queries and keys need not be computed."""
    torch.manual_seed(1)
    head = ObjectContextHead(16, 8, bias=False).eval()
    features, coarse = torch.randn(2, 16, 5, 7), torch.randn(2, 1, 5, 7)
    block = head.object_context_block
    with torch.inference_mode():
        share = functional.softmax(coarse.reshape(2, 1, 35), dim=2)
        region = torch.einsum("bkn,bcn->bck", share, features.reshape(2, 16, 35))[..., None]
        query = block.f_pixel(features).reshape(2, 8, 35).transpose(1, 2)
        key, value = block.f_object(region).reshape(2, 8, 1), block.f_down(region).reshape(2, 8, 1)
        heard = functional.softmax(8**-0.5 * query @ key, dim=2) @ value.transpose(1, 2)
        context = block.f_up(heard.transpose(1, 2).reshape(2, 8, 5, 7))
        expected = head.conv_bn_dropout(torch.cat((context, features), dim=1))
        found = head(features, coarse)
    assert torch.allclose(gather(features, coarse), region, atol=1e-6)
    assert torch.allclose(found, expected, atol=1e-6)


def test_corners_are_aligned_within_the_trunk_unless_said_otherwise() -> None:
    maps = [torch.randn(1, width, 48 // step, 64 // step) for width, step in ((18, 1), (36, 2), (72, 4), (144, 8))]
    for align in (True, False):
        trunk = network(align_corners=align).feature_extractor
        joined = trunk.joined(maps)[:, 18:54]
        assert torch.equal(joined, functional.interpolate(maps[1], size=(48, 64), mode="bilinear", align_corners=align))
    with torch.inference_mode():
        exchange = network().feature_extractor.stage4[0]
        free = network(align_corners=False).feature_extractor.stage4[0]
        assert not torch.allclose(exchange(maps)[0], free(maps)[0], atol=1e-3)


def test_models_without_iterative_training_do_not_look_at_the_previous_mask() -> None:
    built = network(with_previous=False)
    assert built.get_parameter("maps_transform.0.weight").shape == (16, 2, 1, 1)
    image, clicks = torch.rand(1, 3, 33, 40), torch.zeros(1, 2, 33, 40)
    with torch.inference_mode():
        empty, full = (built(image, value * torch.ones(1, 1, 33, 40), clicks) for value in (0, 1))
    assert torch.equal(empty, full)


def test_bad_width_is_said() -> None:
    with pytest.raises(SettingsError, match="OCR head must have 1 to 1024 channels, not 0"):
        create_network("hrnet-18", ocr_width=0)

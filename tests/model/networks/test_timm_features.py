"""Any backbone of timm that gives maps: whatever order its axes have, and a sentence for what cannot answer clicks."""

from typing import Any

import pytest
import timm
import torch

from model.errors import SettingsError
from model.networks import create_network
from model.networks.timm_features import TimmNetwork

from .weights import stirred


def network(name: str, **options: int) -> TimmNetwork:
    torch.manual_seed(0)
    built = stirred(create_network(f"timm:{name}", **options), spread=0.01)
    assert isinstance(built, TimmNetwork)
    return built


@pytest.mark.parametrize(
    ("name", "levels", "multiple"),
    [
        ("pvt_v2_b0", [0, 1, 2, 3], 32),
        ("convnext_atto", [0, 1, 2, 3], 32),
        ("tiny_vit_5m_224", [0, 1, 2, 3], 32),
        ("swin_tiny_patch4_window7_224", [0, 1, 2, 3], 32),
        ("resnet18", [1, 2, 3, 4], 32),
        ("vit_tiny_patch16_224", [0, 1, 2], 16),
        pytest.param("maxvit_tiny_tf_224", [1, 2, 3, 4], 224, marks=pytest.mark.slow),
    ],
)
def test_families_of_every_kind_answer_odd_views(name: str, levels: list[int], multiple: int) -> None:
    built = network(name)
    assert built.levels == levels
    assert built.pads_to == multiple
    for size in ((1, 1), (41, 67)):
        with torch.inference_mode():
            logits = built(torch.rand(3, 3, *size), torch.zeros(3, 1, *size), torch.zeros(3, 2, *size))
        assert logits.shape == (3, 1, *size)
        assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", ["swin_tiny_patch4_window7_224", "pvt_v2_b0"])
def test_the_head_is_given_the_maps_of_timm_channels_first(name: str) -> None:
    built = network(name)
    reference: Any = timm.create_model(name, features_only=True, in_chans=6)
    reference.load_state_dict(built.backbone.state_dict())
    rgb, prompt = torch.randn(1, 3, 224, 224), torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        maps = reference.eval()(torch.cat((rgb, prompt), dim=1))
        channels = reference.feature_info.channels()
        first = [x if x.shape[1] == width else x.permute(0, 3, 1, 2) for x, width in zip(maps, channels, strict=True)]
        assert torch.allclose(built.logits(rgb, prompt), built.head(first), atol=1e-5)


def test_options_reach_head_and_stem() -> None:
    built = network("pvt_v2_b0", head_channels=32, with_previous=False)
    assert built.head.conv_seg.weight.shape == (1, 32, 1, 1)
    assert next(built.backbone.parameters()).shape[1] == 5


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timm:pvt_v9", "timm has no model named 'pvt_v9'"),
        ("timm:hf-hub:someone/something", "timm has no model named 'hf-hub:someone/something'"),
        ("timm:levit_128s", "takes images of one size only"),
        ("timm:", "no network named 'timm:'"),
    ],
)
def test_what_cannot_answer_clicks_is_said(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        create_network(name)


def test_bad_head_is_said() -> None:
    with pytest.raises(SettingsError, match="head must have 1 to 4096 channels, not 0"):
        create_network("timm:pvt_v2_b0", head_channels=0)

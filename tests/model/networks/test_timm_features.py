"""Any backbone of timm that gives maps: whatever order its axes have, and a sentence for what cannot answer clicks."""

from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch.nn import functional

from model.clicks import Click
from model.engine import Segmenter
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


@pytest.mark.parametrize(("name", "side"), [("levit_128s", 224), ("test_maxvit", 160)])
def test_a_backbone_of_one_size_sees_square_views_at_that_size(name: str, side: int) -> None:
    built = network(name)
    assert built.square_view
    assert built.view_side == side
    given = torch.rand(1, 3, 61, 90), torch.rand(1, 1, 61, 90), torch.rand(1, 2, 61, 90)
    whole = [functional.interpolate(x, (side, side), mode="bilinear", align_corners=True) for x in given]
    with torch.inference_mode():
        answer = built(*given)
        expected = functional.interpolate(built(*whole), (61, 90), mode="bilinear", align_corners=True)
    assert torch.isfinite(answer).all()
    assert float(torch.corrcoef(torch.stack((answer.flatten(), expected.flatten())))[0, 1]) > 0.99
    segmenter = Segmenter(built, threads=1)
    segmenter.set_image(np.random.default_rng(5).integers(0, 256, (61, 90, 3), dtype=np.uint8))
    answered = segmenter.predict([Click(30, 40, is_positive=True), Click(5, 5, is_positive=False)])
    assert answered[30, 40] > 0.5 > answered[5, 5]


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


@pytest.mark.filterwarnings("ignore:CSATv2 is designed")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("timm:pvt_v9", "timm has no model named 'pvt_v9'"),
        ("timm:hf-hub:someone/something", "timm has no model named 'hf-hub:someone/something'"),
        ("timm:csatv2", "cannot look at 6 channels of 512 x 512 pixels"),
        ("timm:", "no network named 'timm:'"),
    ],
)
def test_what_cannot_answer_clicks_is_said(name: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        create_network(name)


def test_bad_head_is_said() -> None:
    with pytest.raises(SettingsError, match="head must have 1 to 4096 channels, not 0"):
        create_network("timm:pvt_v2_b0", head_channels=0)

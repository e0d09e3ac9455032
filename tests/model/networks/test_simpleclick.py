"""SimpleClick: timm's ViT with the same weights where one window is the whole view, and the published rest."""

from typing import Any

import pytest
import timm
import torch
from torch import Tensor
from torch.nn import functional

from model.networks import create_network
from model.networks.simpleclick import SimpleClickNetwork

from .weights import stirred

TIMM_NAMES = {"b": "vit_base_patch16_224", "l": "vit_large_patch16_224", "h": "vit_huge_patch14_224"}


def xtiny(**options: bool) -> SimpleClickNetwork:
    torch.manual_seed(0)
    built = stirred(create_network("simpleclick-xtiny", **options))
    assert isinstance(built, SimpleClickNetwork)
    return built


def test_vit_equals_timm_where_one_window_is_the_whole_view() -> None:
    vit = xtiny().backbone
    reference: Any = stirred(
        timm.models.vision_transformer.VisionTransformer(
            img_size=224, embed_dim=160, depth=8, num_heads=4, class_token=False, global_pool="", num_classes=0
        ),
        seed=1,
    )
    state = {key: value for key, value in reference.state_dict().items() if not key.startswith("norm.")}
    places = state.pop("pos_embed")
    missing = vit.load_state_dict(state | {"pos_embed": torch.zeros_like(vit.pos_embed)})
    assert not missing.unexpected_keys
    image, added = torch.randn(2, 3, 224, 224), torch.randn(2, 14, 14, 160)
    with torch.inference_mode():
        tokens = reference.patch_embed(image) + added.flatten(1, 2)
        theirs = reference.blocks(tokens)
        assert places.shape == (1, 196, 160)
        ours = vit(image, added).flatten(2).transpose(1, 2)
    assert float((ours - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


@pytest.mark.parametrize("size", list(TIMM_NAMES))
def test_encoder_has_the_parameters_of_timm(size: str) -> None:
    """All but the class token, its place, the last norm and the classifier, which the published network never runs."""
    with torch.device("meta"):
        built = create_network(f"simpleclick-{size}")
        reference = timm.create_model(TIMM_NAMES[size], img_size=448, num_classes=0)
    assert isinstance(built, SimpleClickNetwork)
    unused = 4 * built.backbone.size.width
    theirs = sum(p.numel() for p in reference.parameters()) - unused
    assert sum(p.numel() for p in built.backbone.parameters()) == theirs


def test_each_fourth_part_ends_with_attention_over_the_whole_view() -> None:
    """A far pixel is heard of in blocks 2, 4, 6 and 8 of xTiny only, and in every sixth block of the base size."""
    assert [period(name) for name in ("b", "l", "h", "xtiny")] == [6, 6, 8, 2]
    vit = xtiny().backbone
    heard: list[bool] = []
    image = torch.randn(1, 3, 448, 448)
    far = image.clone()
    far[:, :, 400:, 400:] = 0
    seen: list[Tensor] = []
    for block in vit.blocks:
        block.register_forward_hook(lambda _module, _given, out: seen.append(out))
    with torch.inference_mode():
        for view in (image, far):
            vit(view, torch.zeros(1, 28, 28, 160))
    for one, other in zip(seen[:8], seen[8:], strict=True):
        heard.append(not torch.equal(one[0, 0], other[0, 0]))
    assert heard == [False] + [True] * 7
    assert [out.shape[:2] for out in seen[:8]] == [(4, 196), (1, 784)] * 4


def period(name: str) -> int:
    with torch.device("meta"):
        built = create_network(f"simpleclick-{name}")
    assert isinstance(built, SimpleClickNetwork)
    return built.backbone.size.blocks_to_global


def test_places_are_resized_as_for_other_views_published() -> None:
    vit = xtiny().backbone
    places = vit.pos_embed.detach().reshape(1, 28, 28, 160).permute(0, 3, 1, 2)
    expected = functional.interpolate(places, size=(14, 42), mode="bicubic", align_corners=False).permute(0, 2, 3, 1)
    with torch.no_grad():
        assert torch.equal(vit._positions((14, 42)), expected)
        assert torch.equal(vit._positions((28, 28)), places.permute(0, 2, 3, 1))


def test_clicks_have_an_embedding_of_their_own() -> None:
    built = xtiny()
    rgb, prompt = torch.randn(1, 3, 224, 224), torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        proj = built.patch_embed_coords.proj
        added = functional.conv2d(prompt, proj.weight, proj.bias, stride=16).permute(0, 2, 3, 1)
        expected = built.head(built.neck(built.backbone(rgb, added)))
        assert torch.allclose(built.logits(rgb, prompt), expected, atol=1e-6)
        assert not torch.allclose(built.backbone.patch_embed(prompt), added, atol=1e-2)


def test_the_pyramid_has_the_published_strides() -> None:
    maps = xtiny().neck(torch.randn(1, 160, 14, 28))
    assert [tuple(level.shape[1:]) for level in maps] == [(96, 56, 112), (192, 28, 56), (288, 14, 28), (384, 7, 14)]


def test_without_previous_mask_the_click_embedding_has_two_channels() -> None:
    assert xtiny(with_previous=False).patch_embed_coords.proj.weight.shape == (160, 2, 16, 16)

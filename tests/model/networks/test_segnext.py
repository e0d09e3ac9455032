"""SegNext: late fusion as published, in a smaller copy of the network where its size does not matter."""

import pytest
import torch
from torch.nn import functional

from model.engine import AdaptiveRegion, Segmenter
from model.networks import create_network, segnext
from model.networks.plain_vit import VitSize
from model.networks.segnext import SegNextNetwork

from .weights import stirred


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> SegNextNetwork:
    """Three blocks of 32 channels; views, windows and patches as published."""
    monkeypatch.setattr(segnext, "_VIT", VitSize(32, 3, 2, 16, 1024, 3))
    monkeypatch.setattr(segnext, "_LEVELS", (8, 16, 32, 64))
    monkeypatch.setattr(segnext, "_HEAD", 16)
    torch.manual_seed(0)
    built = stirred(create_network("segnext-sax2"))
    assert isinstance(built, SegNextNetwork)
    return built


@pytest.mark.parametrize(("name", "mebibytes"), [("sax1", 408), ("sax2", 435)])
def test_parameters_fill_the_published_files(name: str, mebibytes: int) -> None:
    """Four bytes each; the last norm and the class token's place, which are never run, are the rest of the file."""
    with torch.device("meta"):
        count = sum(p.numel() for p in create_network(f"segnext-{name}").parameters())
    assert 0 <= mebibytes - 4 * count / 2**20 < 1


def test_windows_are_a_quarter_of_the_view_and_each_third_block_sees_it_whole() -> None:
    with torch.device("meta"):
        built = create_network("segnext-sax1")
    assert isinstance(built, SegNextNetwork)
    size = built.backbone.size
    assert (size.window, size.multiple, size.blocks_to_global) == (16, 256, 3)
    assert built.backbone.pos_embed.shape == (1, 64 * 64, 768)


def test_prompts_join_the_encoded_image_behind_the_encoder(small: SegNextNetwork) -> None:
    image, previous, clicks = torch.rand(1, 3, 256, 512), torch.rand(1, 1, 256, 512), torch.rand(1, 2, 256, 512)
    proj = small.visual_prompts_encoder.proj
    with torch.inference_mode():
        (found,) = small.encode(image)
        prompt = functional.conv2d(torch.cat((previous, clicks), dim=1), proj.weight, proj.bias, stride=16)
        tokens = (found + prompt).flatten(2).transpose(1, 2)
        for block in small.fusion_blocks:
            tokens = block(tokens)
        maps = small.neck(tokens.transpose(1, 2).reshape(found.shape))
        expected = functional.interpolate(small.head(maps), size=(256, 512), mode="bilinear", align_corners=True)
        assert torch.allclose(small.decode((found,), previous, clicks), expected, atol=1e-5)
    assert len(small.fusion_blocks) == 2
    assert found.shape == (1, 32, 16, 32)


def test_norms_of_the_fusion_have_another_epsilon_than_the_encoders(small: SegNextNetwork) -> None:
    norms = {name: module.eps for name, module in small.named_modules() if isinstance(module, torch.nn.LayerNorm)}
    assert {eps for name, eps in norms.items() if name.startswith("fusion_blocks")} == {1e-5}
    assert {eps for name, eps in norms.items() if name.startswith("backbone")} == {1e-6}


@pytest.mark.parametrize("size", [(1, 1), (41, 67), (300, 200)])
def test_views_of_any_size_are_answered_alike_padded_or_not(small: SegNextNetwork, size: tuple[int, int]) -> None:
    image, previous, clicks = torch.rand(3, 3, *size), torch.rand(3, 1, *size), torch.rand(3, 2, *size)
    mean = torch.tensor((0.485, 0.456, 0.406))[:, None, None]
    rows, cols = (-side % 256 for side in size)
    grown = [functional.pad(x, (0, cols, 0, rows)) for x in (image - mean, previous, clicks)]
    with torch.inference_mode():
        answer = small(image, previous, clicks)
        from_padded = small(grown[0] + mean, grown[1], grown[2])
    assert answer.shape == (3, 1, *size)
    assert torch.allclose(answer, from_padded[:, :, : size[0], : size[1]], atol=1e-4)


def test_the_engine_encodes_once_and_looks_at_squares(small: SegNextNetwork) -> None:
    assert Segmenter(small, threads=1).region == AdaptiveRegion(square=True)

"""Swin: timm's numbers where both agree, the published way of padding where they do not, and the shared embedding."""

from typing import Any

import pytest
import timm
import torch
from timm.models.swin_transformer import SwinTransformer
from torch import Tensor
from torch.nn import functional

from model.networks import create_network
from model.networks.swin import SwinBlock, SwinEncoder, SwinNetwork, SwinSize

from .weights import stirred

TINY = SwinSize(16, (1, 2, 2, 4), (2, 2, 4, 2), window=4)


def tiny(*, shared: bool = True) -> SwinEncoder:
    torch.manual_seed(0)
    encoder = stirred(SwinEncoder(TINY, drop_path=0.1, shared_embedding=shared))
    assert isinstance(encoder, SwinEncoder)
    return encoder


def ours_from(reference: dict[str, Tensor]) -> dict[str, Tensor]:
    """Merging stands before the blocks of the next stage in timm, and after those of a stage in published files."""
    state = {}
    for key, value in reference.items():
        if ".downsample." in key:
            stage = int(key.split(".")[1])
            key = key.replace(f"layers.{stage}.", f"layers.{stage - 1}.")
        state[key.replace("norm.", "norm3.") if key.startswith("norm.") else key] = value
    return state


def test_encoder_equals_timm_where_windows_fit() -> None:
    reference: Any = stirred(
        SwinTransformer(
            img_size=256, embed_dim=16, depths=TINY.depths, num_heads=TINY.heads, window_size=4, num_classes=0
        ),
        seed=3,
    )
    encoder = tiny()
    left = encoder.load_state_dict(ours_from(reference.state_dict()), strict=False)
    assert not left.unexpected_keys
    assert {key.split(".")[0] for key in left.missing_keys} == {"norm0", "norm1", "norm2"}
    image = torch.randn(2, 3, 256, 256)
    with torch.no_grad():
        # The clicks pass the same embedding: what is added for none is the embedding of zeros.
        nothing = encoder.patch_embed(torch.zeros(1, 3, 4, 4))
        encoder.patch_embed.register_forward_hook(lambda _m, given, out: out if given[0].any() else out - nothing)
        theirs = reference.forward_intermediates(image, intermediates_only=True, norm=True)
        plain = encoder(image, torch.zeros_like(image))
    assert float((plain[3] - theirs[3]).abs().max()) < 1e-5 * float(theirs[3].abs().max())
    for level, norm in enumerate((encoder.norm0, encoder.norm1, encoder.norm2)):
        unnormed = reference.forward_intermediates(image, intermediates_only=True)[level].permute(0, 2, 3, 1)
        with torch.no_grad():
            expected = norm(unnormed).permute(0, 3, 1, 2)
        assert float((plain[level] - expected).abs().max()) < 1e-4


def attention_by_loops(block: SwinBlock, x: Tensor) -> Tensor:
    """Pad, shift, attend within each window token by token, shift back, cut: the published order."""
    side, shift, attn = block.side, block.shift, block.attn
    height, width, channels = x.shape
    rows, cols = (-(-length // side) * side for length in (height, width))
    grid = torch.zeros(rows, cols, channels)
    grid[:height, :width] = x
    out = torch.zeros_like(grid)
    for row in range(rows):
        for col in range(cols):
            # Where the token lies after the shift, and the tokens of its window.
            at = ((row - shift) % rows, (col - shift) % cols)
            keys = [
                (at[0] // side * side + down, at[1] // side * side + right)
                for down in range(side)
                for right in range(side)
            ]
            parts = []
            for head in range(attn.heads):
                depth = channels // attn.heads
                query, key, value = (
                    attn.qkv(grid)[..., part * channels + head * depth : part * channels + (head + 1) * depth]
                    for part in range(3)
                )
                scores = []
                for key_row, key_col in keys:
                    score = query[row, col] @ key[(key_row + shift) % rows, (key_col + shift) % cols] / depth**0.5
                    way = (at[0] - key_row + side - 1) * (2 * side - 1) + at[1] - key_col + side - 1
                    score = score + attn.relative_position_bias_table[way, head]
                    together = region(at, (rows, cols), side, shift) == region(
                        (key_row, key_col), (rows, cols), side, shift
                    )
                    scores.append(score if together or not shift else score - 100)
                weights = functional.softmax(torch.stack(scores), dim=0)
                parts.append(
                    sum(
                        w * value[(r + shift) % rows, (c + shift) % cols]
                        for w, (r, c) in zip(weights, keys, strict=True)
                    )
                )
            out[row, col] = torch.cat(parts)
    projected: Tensor = attn.proj(out)
    return projected[:height, :width]


def region(at: tuple[int, int], size: tuple[int, int], side: int, shift: int) -> tuple[int, ...]:
    return tuple((p >= n - side) + (p >= n - shift) for p, n in zip(at, size, strict=True))


@pytest.mark.parametrize("shift", [0, 1])
def test_odd_maps_are_padded_before_they_are_shifted(shift: int) -> None:
    torch.manual_seed(2)
    block = stirred(SwinBlock(4, 2, 3, shift, 0.0))
    assert isinstance(block, SwinBlock)
    grid = torch.randn(4, 5, 4)
    with torch.no_grad():
        expected = attention_by_loops(block, grid)
        found = block._attend(grid[None])[0]
    assert torch.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("size", "name"), [("b", "swin_base_patch4_window12_384"), ("l", "swin_large_patch4_window12_384")]
)
def test_encoder_has_the_parameters_of_timm(size: str, name: str) -> None:
    with torch.device("meta"):
        built = create_network(f"swin-{size}")
        reference: Any = timm.create_model(name, num_classes=0)
    assert isinstance(built, SwinNetwork)
    width = reference.embed_dim
    ours = sum(p.numel() for p in built.backbone.parameters())
    # Three more norms: of 1, 2 and 4 times the width, each with a factor and a bias.
    assert ours == sum(p.numel() for p in reference.parameters()) + 2 * 7 * width


def test_clicks_pass_the_embedding_of_the_colours() -> None:
    """The released weights depend on it: the embedding that was meant for clicks was never run."""
    rgb, prompt = torch.randn(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    shared, own = tiny(), tiny(shared=False)
    assert not [key for key in shared.state_dict() if "coords" in key]
    own.load_state_dict(shared.state_dict(), strict=False)
    with torch.no_grad():
        assert not torch.allclose(shared(rgb, prompt)[0], own(rgb, prompt)[0], atol=1e-3)
        # With the same weights in both places they are one.
        same = {f"patch_embed_coords.{key}": value for key, value in shared.patch_embed.state_dict().items()}
        own.load_state_dict(shared.state_dict() | same)
        for one, other in zip(shared(rgb, prompt), own(rgb, prompt), strict=True):
            assert torch.equal(one, other)
        for one, other in zip(shared(rgb, prompt), shared(prompt, rgb), strict=True):
            assert torch.allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (5, 70), (33, 31)])
def test_maps_have_the_published_strides_at_every_size(shape: tuple[int, int]) -> None:
    with torch.no_grad():
        maps = tiny()(torch.randn(1, 3, *shape), torch.rand(1, 3, *shape))
    for stride, width, grid in zip((4, 8, 16, 32), TINY.widths, maps, strict=True):
        assert grid.shape == (1, width, *(-(-side // stride) for side in shape))


def test_names_build_what_was_published() -> None:
    with torch.device("meta"):
        built = create_network("swin-b").state_dict()
        own = create_network("swin-b", shared_embedding=False).state_dict()
    assert built["backbone.layers.2.blocks.17.attn.relative_position_bias_table"].shape == (529, 16)
    assert "backbone.layers.3.downsample.reduction.weight" not in built
    assert own["backbone.patch_embed_coords.proj.weight"].shape == (128, 3, 4, 4)

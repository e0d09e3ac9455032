"""HRFormer: published sizes, attention within windows against plain loops, and the head that stands for the answer."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from model.networks import create_network
from model.networks.high_resolution import Exchange
from model.networks.hrformer import HRFormerBlock, HRFormerDesign, HRFormerNetwork, PaddedAttention

from .weights import stirred


def network(**options: bool) -> HRFormerNetwork:
    torch.manual_seed(0)
    built = stirred(create_network("hrformer-s", **options))
    assert isinstance(built, HRFormerNetwork)
    return built


def classifier_parameters(widths: tuple[int, ...]) -> int:
    """What HRFormer's ImageNet classifier has beside the trunk, from its published code."""
    inner = (32, 64, 128, 256)
    count = 1024 * 2048 + 2048 + 2 * 2048 + 2048 * 1000 + 1000
    for width, hidden in zip(widths, inner, strict=True):
        wide = 4 * hidden
        count += width * hidden + 2 * hidden + 9 * hidden + 2 * hidden + hidden * wide + 2 * wide
        count += width * wide + 2 * wide
    for hidden in inner[:3]:
        wide, wider = 4 * hidden, 8 * hidden
        count += 9 * wide + wide + 2 * wide + wide * wider + wider + 2 * wider
    return count


@pytest.mark.parametrize(
    ("size", "widths", "millions"), [("s", (32, 64, 128, 256), 13.5), ("b", (78, 156, 312, 624), 50.3)]
)
def test_trunk_and_classifier_have_the_published_number_of_parameters(
    size: str, widths: tuple[int, ...], millions: float
) -> None:
    with torch.device("meta"):
        built = create_network(f"hrformer-{size}")
    assert isinstance(built, HRFormerNetwork)
    trunk = sum(p.numel() for p in built.feature_extractor.backbone.parameters())
    mask_and_clicks = 3 * 64 * 9
    assert round((trunk - mask_and_clicks + classifier_parameters(widths)) / 1e6, 1) == millions


def test_heads_of_the_base_size_have_the_published_shapes() -> None:
    with torch.device("meta"):
        shapes = {key: tuple(value.shape) for key, value in create_network("hrformer-b").state_dict().items()}
    assert shapes["feature_extractor.backbone.conv1.weight"] == (64, 6, 3, 3)
    assert shapes["feature_extractor.conv3x3.0.weight"] == (512, 1170 // 2, 7, 7)
    assert shapes["feature_extractor.conv3x3.1.0.running_mean"] == (512,)
    assert shapes["feature_extractor.aux_head.2.weight"] == (1, 512, 1, 1)
    assert shapes["feature_extractor.ocr_distri_head.object_context_block.f_pixel.0.bias"] == (256,)
    block = "feature_extractor.backbone.stage4.1.branches.3.1."
    assert shapes[block + "attn.attn.relative_position_bias_table"] == (169, 16)
    assert shapes[block + "attn.attn.q_proj.weight"] == (624, 624)
    assert shapes[block + "mlp.dw3x3.weight"] == (2496, 1, 3, 3)


def attention_by_loops(module: PaddedAttention, x: Tensor) -> Tensor:
    """Zeros on all sides up to multiples of seven, attention token by token, and the middle again."""
    attn = module.attn
    height, width, channels = x.shape
    rows, cols = (-(-length // 7) * 7 for length in (height, width))
    above, left = (rows - height) // 2, (cols - width) // 2
    grid = torch.zeros(rows, cols, channels)
    grid[above : above + height, left : left + width] = x
    out = torch.zeros_like(x)
    depth = channels // attn.heads
    query, key, value = attn.q_proj(grid), attn.k_proj(grid), attn.v_proj(grid)
    for row in range(height):
        for col in range(width):
            at = (row + above, col + left)
            others = [(at[0] // 7 * 7 + k // 7, at[1] // 7 * 7 + k % 7) for k in range(49)]
            heard = []
            for head in range(attn.heads):
                part = slice(head * depth, (head + 1) * depth)
                scores = [
                    query[at][part] @ key[other][part] / depth**0.5
                    + attn.relative_position_bias_table[(at[0] - other[0] + 6) * 13 + at[1] - other[1] + 6, head]
                    for other in others
                ]
                weights = functional.softmax(torch.stack(scores), dim=0)
                heard.append(weights @ torch.stack([value[other][part] for other in others]))
            out[row, col] = torch.cat(heard)
    projected: Tensor = attn.out_proj(out)
    return projected


@pytest.mark.parametrize("size", [(7, 7), (3, 10)])
def test_windows_are_padded_on_all_sides(size: tuple[int, int]) -> None:
    torch.manual_seed(1)
    module = stirred(PaddedAttention(8, 2))
    assert isinstance(module, PaddedAttention)
    grid = torch.randn(*size, 8)
    with torch.no_grad():
        assert torch.allclose(module(grid[None])[0], attention_by_loops(module, grid), atol=1e-5)


def test_a_block_is_attention_and_mlp_behind_norms() -> None:
    torch.manual_seed(2)
    block = stirred(HRFormerBlock(8, 2, 0.1))
    assert isinstance(block, HRFormerBlock)
    x = torch.randn(1, 8, 9, 5)
    mlp = block.mlp
    with torch.no_grad():
        y = x.permute(0, 2, 3, 1)
        y = y + block.attn(functional.layer_norm(y, (8,), block.norm1.weight, block.norm1.bias, 1e-6))
        z = functional.layer_norm(y, (8,), block.norm2.weight, block.norm2.bias, 1e-6).permute(0, 3, 1, 2)
        gelu = nn.GELU()
        z = gelu(mlp.norm3(mlp.fc2(gelu(mlp.norm2(mlp.dw3x3(gelu(mlp.norm1(mlp.fc1(z)))))))))
        assert torch.allclose(block(x), y.permute(0, 3, 1, 2) + z, atol=1e-5)


def test_odd_maps_are_enlarged_to_the_next_before_they_are_resized() -> None:
    """As published: to the nearest, twice as large, then bilinear with corners aligned where that is too large."""
    torch.manual_seed(3)
    exchange = stirred(Exchange((8, 16), HRFormerDesign(1, 0.0), 0, align_corners=True))
    assert isinstance(exchange, Exchange)
    maps = [torch.randn(1, 8, 9, 13), torch.randn(1, 16, 5, 7)]
    with torch.no_grad():
        fine, coarse = (branch(x) for branch, x in zip(exchange.branches, maps, strict=True))
        narrowed = exchange.get_submodule("fuse_layers.0.1.1")(exchange.get_submodule("fuse_layers.0.1.0")(coarse))
        doubled = narrowed.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        resized = functional.interpolate(doubled, size=(9, 13), mode="bilinear", align_corners=True)
        assert torch.allclose(exchange(maps)[0], functional.relu(fine + resized), atol=1e-5)


def test_the_coarse_head_stands_for_the_answer_as_published() -> None:
    swapped, meant = network(), network(swapped_heads=False)
    rgb, prompt = torch.randn(1, 3, 64, 96), torch.rand(1, 3, 64, 96)
    parts = swapped.feature_extractor
    with torch.inference_mode():
        joined = parts.backbone.joined(parts.backbone(torch.cat((rgb, prompt), dim=1)))
        coarse = parts.aux_head(joined)
        fine = parts.cls_head(parts.ocr_distri_head(parts.conv3x3(joined), coarse))
        assert torch.equal(swapped.logits(rgb, prompt), coarse)
        assert torch.allclose(meant.logits(rgb, prompt), fine, atol=1e-6)
    assert not torch.allclose(coarse, fine, atol=1e-3)


def test_drop_path_grows_over_all_blocks() -> None:
    with torch.device("meta"):
        built = create_network("hrformer-s", drop_path=0.26)
    assert isinstance(built, HRFormerNetwork)
    trunk = built.feature_extractor.backbone
    rates = [
        block.get_submodule("drop_path").probability
        for stage in (trunk.stage2, trunk.stage3, trunk.stage4)
        for exchange in stage
        for block in exchange.get_submodule("branches.0").children()
    ]
    assert rates == pytest.approx([0.02 * block for block in range(14)])

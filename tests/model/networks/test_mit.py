"""The encoder is the published one: the same numbers as another project's code with the same weights."""

import re

import pytest
import torch
from torch import Tensor
from transformers import SegformerConfig, SegformerModel

from model.networks.mit import MIT_SIZES, MixTransformer, widen_stem

NORM_EPS = 1e-5
"""Norms of the reference that its configuration does not reach have this epsilon."""

OUR_NAMES = (
    (r"^stages\.(\d)\.patch_embeddings\.proj\.", r"layers.\1.0.projection."),
    (r"^stages\.(\d)\.patch_embeddings\.layer_norm\.", r"layers.\1.0.norm."),
    (r"^stages\.(\d)\.layer_norm\.", r"layers.\1.2."),
    (r"^stages\.(\d)\.blocks\.(\d+)\.", r"layers.\1.1.\2."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.attention\.o_proj\.", ".attn.attn.out_proj."),
    (r"\.attention\.sequence_reduction\.sequence_reduction\.", ".attn.sr."),
    (r"\.attention\.sequence_reduction\.layer_norm\.", ".attn.norm."),
    (r"\.mlp\.fc1\.", ".ffn.layers.0."),
    (r"\.mlp\.dwconv\.dwconv\.", ".ffn.layers.1."),
    (r"\.mlp\.fc2\.", ".ffn.layers.4."),
)


def our_name(name: str) -> str:
    for pattern, replacement in OUR_NAMES:
        name = re.sub(pattern, replacement, name)
    return name


def ours_from(reference: dict[str, Tensor]) -> dict[str, Tensor]:
    """Rename the weights; query, key and value become one matrix, and 1x1 convolutions get their two last axes."""
    state: dict[str, Tensor] = {}
    for name, tensor in reference.items():
        if match := re.search(r"^(.*)\.attention\.q_proj\.(weight|bias)$", name):
            parts = [reference[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")]
            state[f"{our_name(match[1] + '.')}attn.attn.in_proj_{match[2]}"] = torch.cat(parts)
        elif "k_proj" not in name and "v_proj" not in name:
            is_matrix = re.search(r"\.mlp\.fc\d\.weight$", name) is not None
            state[our_name(name)] = tensor[:, :, None, None] if is_matrix else tensor
    return state


def reference_encoder(size: int, in_channels: int) -> SegformerModel:
    """The reference with no weight at a value that would hide a mistake, such as a bias of zero."""
    config = SegformerConfig(
        num_channels=in_channels,
        hidden_sizes=list(MIT_SIZES[size].channels),
        depths=list(MIT_SIZES[size].depths),
        layer_norm_eps=NORM_EPS,
    )
    torch.manual_seed(size)
    model = SegformerModel(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    model.train(mode=False)
    return model


@pytest.mark.parametrize(
    ("size", "in_channels", "shape"),
    [
        (0, 3, (64, 64)),
        (0, 6, (97, 131)),
        (0, 5, (29, 250)),
        (1, 6, (75, 61)),
        (2, 3, (65, 33)),
        *(pytest.param(size, 6, (97, 131), marks=pytest.mark.slow) for size in (3, 4, 5)),
    ],
)
def test_encoder_equals_the_reference(size: int, in_channels: int, shape: tuple[int, int]) -> None:
    reference = reference_encoder(size, in_channels)
    encoder = MixTransformer(MIT_SIZES[size], in_channels, norm_eps=NORM_EPS).eval()
    encoder.load_state_dict(ours_from(reference.state_dict()))
    image = torch.randn(2, in_channels, *shape)
    with torch.inference_mode():
        ours = encoder(image)
        theirs = reference(image, output_hidden_states=True).hidden_states
    assert len(ours) == len(theirs) == 4
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape
        assert float((mine - other).abs().max()) < 1e-5


@pytest.mark.parametrize(
    ("size", "with_3", "with_6"),
    [
        (0, 3.319, 3.324),
        (1, 13.151, 13.161),
        (2, 24.196, 24.206),
        (3, 44.072, 44.082),
        (4, 60.843, 60.852),
        (5, 81.443, 81.452),
    ],
)
def test_parameter_counts(size: int, with_3: float, with_6: float) -> None:
    """Millions of parameters, as counted in the published networks."""
    for in_channels, millions in ((3, with_3), (6, with_6)):
        with torch.device("meta"):
            encoder = MixTransformer(MIT_SIZES[size], in_channels)
        assert round(sum(p.numel() for p in encoder.parameters()) / 1e6, 3) == millions


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (5, 3), (31, 33)])
def test_maps_have_the_published_strides_at_every_size(shape: tuple[int, int]) -> None:
    encoder = MixTransformer(MIT_SIZES[0], 3).eval()
    with torch.inference_mode():
        maps = encoder(torch.randn(1, 3, *shape))
    for stride, channels, grid in zip((4, 8, 16, 32), MIT_SIZES[0].channels, maps, strict=True):
        assert grid.shape == (1, channels, *(-(-side // stride) for side in shape))
        assert torch.isfinite(grid).all()


def test_drop_path_grows_to_its_last_value_and_is_off_in_evaluation() -> None:
    encoder = MixTransformer(MIT_SIZES[0], 3, drop_path=0.5)
    rates = [module.probability for module in encoder.modules() if hasattr(module, "probability")]
    assert rates == pytest.approx([0.5 * block / 7 for block in range(8)])
    image = torch.randn(4, 3, 32, 32)
    with torch.inference_mode():
        assert not torch.equal(encoder(image)[3], encoder(image)[3])
        encoder.eval()
        assert torch.equal(encoder(image)[3], encoder(image)[3])


def test_stem_is_widened_by_repeating_the_colours() -> None:
    weight = torch.randn(8, 3, 7, 7)
    assert torch.equal(widen_stem(weight, 6), torch.cat((weight, weight), dim=1))
    assert torch.equal(widen_stem(weight, 5), torch.cat((weight, weight[:, :2]), dim=1))
    assert torch.equal(widen_stem(weight, 3), weight)

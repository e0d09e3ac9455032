"""Whole click models of other projects: how each is told by its names, and which network here holds it."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import CheckpointError
from ..networks.mit import MIT_SIZES
from .foreign import ForeignWeights
from .plans import SEGFORMER, SEGNEXT, Planner, as_they_are, focalclick

Option = bool | int | float | str
Choice = tuple[str, Mapping[str, Option]]
"""Name of a network and its options for `create_network`."""


@dataclass(frozen=True, slots=True)
class ClickKind:
    """A family of published click models.

    `marks`: beginnings of names of which each must be there. `without`: what the published file holds and no answer
    needs. `choose` reads the network's size from shapes; it raises `CheckpointError` for variants that no network
    here computes.
    """

    title: str
    project: str
    licence: str
    marks: tuple[str, ...]
    planner: Planner
    without: re.Pattern[str]
    choose: Callable[[ForeignWeights], Choice]


def click_kind(weights: ForeignWeights) -> ClickKind | None:
    """Which click model the file is; None where it is none that is known."""
    for kind in CLICK_KINDS:
        if all(any(name.startswith(mark) for name in weights.entries) for mark in kind.marks):
            return kind
    return None


def _segformer(weights: ForeignWeights) -> Choice:
    if "head.fusion_conv.bn.weight" in weights.entries:
        raise _variant(weights, "the repository's first SegFormer, with batch norm in its head")
    stem = _shape(weights, "feature_extractor.layers.0.0.projection.weight")
    strides = _nested(weights, "backbone_params", "strides")
    if isinstance(strides, list | tuple) and list(strides) != [4, 2, 2, 2]:
        raise _variant(weights, f"a SegFormer with strides {list(strides)}; the paper's has 4, 2, 2, 2")
    depths = tuple(_count(weights, rf"feature_extractor\.layers\.{stage}\.1\.(\d+)\.") for stage in range(4))
    for number, size in enumerate(MIT_SIZES):
        if (stem[0], depths) == (size.channels[0], size.depths):
            head = _shape(weights, "head.fusion_conv.conv.weight")
            return f"segformer-b{number}", {"in_channels": stem[1], "head_channels": head[0]}
    raise _variant(weights, f"a SegFormer of {stem[0]} channels and {depths} blocks, which is none of B0 to B5")


def _hrnet(weights: ForeignWeights) -> Choice:
    prompt = _shape(weights, "maps_transform.0.weight")
    if prompt[0] != 16 or "rgb_conv.0.weight" in weights.entries:
        raise _variant(weights, "an HRNet whose clicks enter in another way than by Conv1S")
    if parameter(weights, "use_leaky_relu") is False:
        raise _variant(weights, "an HRNet whose clicks pass a ReLU; the published ones have a leaky one")
    width = _shape(weights, "feature_extractor.stage4.0.branches.0.0.conv1.weight")[0]
    small = "feature_extractor.layer1.2.conv1.weight" not in weights.entries
    names = {(18, True): "18s", (18, False): "18", (32, False): "32", (48, False): "48"}
    if (width, small) not in names:
        raise _variant(weights, f"an HRNet of width {width}, which is none of 18s, 18, 32, 48")
    ocr = _shape(weights, "feature_extractor.conv3x3_ocr.0.weight")[0] // 2
    return f"hrnet-{names[width, small]}", {"ocr_width": ocr, "with_previous": prompt[1] == 3}


def _simpleclick(weights: ForeignWeights) -> Choice:
    width, channels = _shape(weights, "patch_embed_coords.proj.weight")[:2]
    names = {768: "b", 1024: "l", 1280: "h", 160: "xtiny"}
    if width not in names:
        raise _variant(weights, f"a SimpleClick of width {width}, which is none of B, L, H, xTiny")
    upsample = _nested(weights, "head_params", "upsample")
    if upsample not in (None, "x1"):
        raise _variant(weights, f"a SimpleClick whose head upsamples {upsample}; the published ones do not")
    return f"simpleclick-{names[width]}", {"with_previous": channels == 3}


def _swin(weights: ForeignWeights) -> Choice:
    width = _shape(weights, "backbone.patch_embed.proj.weight")[0]
    table = _shape(weights, "backbone.layers.0.blocks.0.attn.relative_position_bias_table")[0]
    names = {128: "b", 192: "l"}
    window = (math.isqrt(table) + 1) // 2
    if width not in names or window != 12:
        raise _variant(weights, f"a Swin of width {width} and windows of {window}, where B and L have 128, 192 and 12")
    return f"swin-{names[width]}", {}


def _hrformer(weights: ForeignWeights) -> Choice:
    stem = _shape(weights, "feature_extractor.backbone.conv1.weight")
    width = _shape(weights, "feature_extractor.backbone.stage4.0.branches.0.0.mlp.fc1.weight")[1]
    names = {32: "s", 78: "b"}
    if width not in names or stem[1] not in (5, 6):
        raise _variant(weights, f"an HRFormer of width {width} and {stem[1]} channels, where S and B have 32 and 78")
    return f"hrformer-{names[width]}", {"with_previous": stem[1] == 6}


def _focalclick(weights: ForeignWeights) -> Choice:
    width = _shape(weights, "feature_extractor.backbone.patch_embed1.proj.weight")[0]
    last = _count(weights, r"feature_extractor\.backbone\.block3\.(\d+)\.")
    names = {(32, 2): "b0", (64, 18): "b3"}
    if (width, last) not in names:
        raise _variant(
            weights, f"a FocalClick of width {width} and {last} blocks in stage 3, which is neither B0 nor B3"
        )
    pipeline = parameter(weights, "pipeline_version")
    options = {"pipeline": pipeline} if pipeline in ("s1", "s2") else {}
    return f"focalclick-{names[width, last]}", {str(key): str(value) for key, value in options.items()}


def _segnext(weights: ForeignWeights) -> Choice:
    blocks = _count(weights, r"fusion_blocks\.(\d+)\.")
    if "fusion_blocks.0.attn.qkv.weight" not in weights.entries or blocks not in (1, 2):
        raise _variant(weights, f"a SegNext with {blocks} blocks of fusion, where the published ones join by 1 or 2")
    places, width = _shape(weights, "backbone.pos_embed")[1:]
    if (places, width) != (64**2 + 1, 768):
        raise _variant(weights, f"a SegNext of width {width} and {places - 1} places, where ViT-B has 768 and 4096")
    return f"segnext-sax{blocks}", {}


_MIT = "MIT, as its authors state for code and weights; trained on data with terms of their own"
_UNUSED_CLICKS = r"maps_transform\..*"
CLICK_KINDS = (
    ClickKind(
        "a FocalClick model with SegFormer",
        "ClickSEG (https://github.com/XavierCHEN34/ClickSEG)",
        _MIT,
        ("feature_extractor.backbone.patch_embed_side1.", "feature_extractor.decode_head.", "refiner."),
        focalclick,
        re.compile(
            rf"{_UNUSED_CLICKS}|refiner\.feature_gate\..*|feature_extractor\.decode_head\.conv_seg\..*|dist_maps.*"
        ),
        _focalclick,
    ),
    ClickKind(
        "an iSegFormer model with SegFormer",
        "iSegFormer (https://github.com/qinliuliuqin/iSegFormer)",
        _MIT,
        ("feature_extractor.layers.0.0.projection.", "head."),
        SEGFORMER,
        re.compile(_UNUSED_CLICKS),
        _segformer,
    ),
    ClickKind(
        "an iSegFormer model with HRFormer",
        "iSegFormer (https://github.com/qinliuliuqin/iSegFormer)",
        _MIT,
        ("feature_extractor.backbone.stage4.0.branches.0.0.norm1.", "feature_extractor.ocr_distri_head."),
        as_they_are,
        re.compile(rf"{_UNUSED_CLICKS}|.*\.relative_position_index"),
        _hrformer,
    ),
    ClickKind(
        "a RITM model with HRNet",
        "RITM (https://github.com/SamsungLabs/ritm_interactive_segmentation)",
        _MIT,
        ("maps_transform.0.", "feature_extractor.stage4.", "feature_extractor.cls_head."),
        as_they_are,
        re.compile(r"(?!)"),
        _hrnet,
    ),
    ClickKind(
        "a SegNext model",
        "SegNext (https://github.com/uncbiag/SegNext)",
        _MIT,
        ("visual_prompts_encoder.", "backbone.blocks.", "neck.", "head."),
        SEGNEXT,
        re.compile(r"backbone\.(?:cls_token|fc_norm\..*)"),
        _segnext,
    ),
    ClickKind(
        "a SimpleClick model",
        "SimpleClick (https://github.com/uncbiag/SimpleClick)",
        _MIT,
        ("patch_embed_coords.", "backbone.blocks.", "neck.", "head."),
        as_they_are,
        re.compile(rf"{_UNUSED_CLICKS}|backbone\.(?:cls_token|fc_norm\..*|norm\..*|head\..*)|head\.up_conv.*"),
        _simpleclick,
    ),
    ClickKind(
        "an iSegFormer model with Swin",
        "iSegFormer (https://github.com/qinliuliuqin/iSegFormer)",
        _MIT,
        ("backbone.patch_embed.", "backbone.layers.0.blocks.0.attn.relative_position_bias_table", "head."),
        as_they_are,
        re.compile(
            rf"{_UNUSED_CLICKS}|backbone\.patch_embed_coords\..*|.*\.relative_position_index|.*\.attn_mask|head\.up_conv.*"
        ),
        _swin,
    ),
)
"""The more telling marks first."""


def parameter(weights: ForeignWeights, name: str) -> object:
    """Value of a parameter in the file's `config`; None where it is not told."""
    parameters = weights.config.get("params")
    told = parameters.get(name) if isinstance(parameters, dict) else None
    return told.get("value") if isinstance(told, dict) else None


def _nested(weights: ForeignWeights, name: str, key: str) -> object:
    value = parameter(weights, name)
    return value.get(key) if isinstance(value, dict) else None


def _shape(weights: ForeignWeights, name: str) -> tuple[int, ...]:
    entry = weights.entries.get(name)
    if entry is None or len(entry.shape) < 2:
        raise CheckpointError(f"{weights.path} lacks the weight {name}, by which the size of its network is told.")
    return entry.shape


def _count(weights: ForeignWeights, pattern: str) -> int:
    """How many different numbers the group of `pattern` takes at the beginning of names."""
    found = (re.match(pattern, name) for name in weights.entries)
    return len({match[1] for match in found if match})


def _variant(weights: ForeignWeights, what: str) -> CheckpointError:
    return CheckpointError(f"{weights.path} is {what}; no network here computes it, so it cannot be imported.")

"""How the names of one program's weights become those of another's: rules by name, before any number is read."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Plan = Mapping[str, tuple[str, ...]]
"""Name that is wanted -> names that it is made of: one, or several that are joined along the first axis."""

Planner = Callable[[Iterable[str]], Plan]
"""Makes a plan of the names that a file holds; names that no rule knows are left out of it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Names that match `pattern` make `target`, as its part number `part`.

    `{name}` in the target is the group of that name; `{stage}` counts from 0, the group `s` from 1.
    """

    pattern: str
    target: str
    part: int = 0


def planner(*rules: Rule) -> Planner:
    """Make a planner of rules; the first that matches a whole name counts."""
    compiled = [(re.compile(rule.pattern), rule) for rule in rules]

    def plan(names: Iterable[str]) -> Plan:
        parts: dict[str, dict[int, str]] = {}
        for name in names:
            for pattern, rule in compiled:
                match = pattern.fullmatch(name)
                if match:
                    groups = match.groupdict()
                    target = rule.target.format(stage=int(groups.get("s") or 1) - 1, **groups)
                    parts.setdefault(target, {})[rule.part] = name
                    break
        return {target: tuple(name for _, name in sorted(found.items())) for target, found in parts.items()}

    return plan


def as_they_are(names: Iterable[str]) -> Plan:
    """Plan for names that are right already."""
    return {name: (name,) for name in names}


_END = r"\.(?P<end>weight|bias)"

_NVLABS = r"block(?P<s>\d)\.(?P<j>\d+)\."
MIT_FROM_NVLABS = planner(
    Rule(rf"patch_embed(?P<s>\d)\.proj{_END}", "layers.{stage}.0.projection.{end}"),
    Rule(rf"patch_embed(?P<s>\d)\.norm{_END}", "layers.{stage}.0.norm.{end}"),
    Rule(
        rf"{_NVLABS}(?P<part>norm[12]|attn\.sr|attn\.norm){_END}",
        "layers.{stage}.1.{j}.{part}.{end}",
    ),
    Rule(rf"{_NVLABS}attn\.q{_END}", "layers.{stage}.1.{j}.attn.attn.in_proj_{end}", 0),
    Rule(rf"{_NVLABS}attn\.kv{_END}", "layers.{stage}.1.{j}.attn.attn.in_proj_{end}", 1),
    Rule(rf"{_NVLABS}attn\.proj{_END}", "layers.{stage}.1.{j}.attn.attn.out_proj.{end}"),
    Rule(rf"{_NVLABS}mlp\.fc1{_END}", "layers.{stage}.1.{j}.ffn.layers.0.{end}"),
    Rule(rf"{_NVLABS}mlp\.dwconv\.dwconv{_END}", "layers.{stage}.1.{j}.ffn.layers.1.{end}"),
    Rule(rf"{_NVLABS}mlp\.fc2{_END}", "layers.{stage}.1.{j}.ffn.layers.4.{end}"),
    Rule(rf"norm(?P<s>\d){_END}", "layers.{stage}.2.{end}"),
)
"""NVlabs' SegFormer and segmentation_models_pytorch."""

MIT_FROM_MMSEG = planner(Rule(r"(?P<all>layers\.\d\.[012]\..+)", "{all}"))
"""mmseg's converted files, iSegFormer, and this program."""

_OLD = r"block\.(?P<i>\d)\.(?P<j>\d+)\."
MIT_FROM_OLD_HF = planner(
    Rule(rf"patch_embeddings\.(?P<i>\d)\.proj{_END}", "layers.{i}.0.projection.{end}"),
    Rule(rf"patch_embeddings\.(?P<i>\d)\.layer_norm{_END}", "layers.{i}.0.norm.{end}"),
    Rule(rf"{_OLD}layer_norm_(?P<n>[12]){_END}", "layers.{i}.1.{j}.norm{n}.{end}"),
    Rule(rf"{_OLD}attention\.self\.query{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 0),
    Rule(rf"{_OLD}attention\.self\.key{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 1),
    Rule(rf"{_OLD}attention\.self\.value{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 2),
    Rule(rf"{_OLD}attention\.output\.dense{_END}", "layers.{i}.1.{j}.attn.attn.out_proj.{end}"),
    Rule(rf"{_OLD}attention\.self\.sr{_END}", "layers.{i}.1.{j}.attn.sr.{end}"),
    Rule(rf"{_OLD}attention\.self\.layer_norm{_END}", "layers.{i}.1.{j}.attn.norm.{end}"),
    Rule(rf"{_OLD}mlp\.dense1{_END}", "layers.{i}.1.{j}.ffn.layers.0.{end}"),
    Rule(rf"{_OLD}mlp\.dwconv\.dwconv{_END}", "layers.{i}.1.{j}.ffn.layers.1.{end}"),
    Rule(rf"{_OLD}mlp\.dense2{_END}", "layers.{i}.1.{j}.ffn.layers.4.{end}"),
    Rule(rf"layer_norm\.(?P<i>\d){_END}", "layers.{i}.2.{end}"),
)
"""Hugging Face's files on the hub (transformers before 5)."""

_NEW = r"stages\.(?P<i>\d)\.blocks\.(?P<j>\d+)\."
MIT_FROM_NEW_HF = planner(
    Rule(rf"stages\.(?P<i>\d)\.patch_embeddings\.proj{_END}", "layers.{i}.0.projection.{end}"),
    Rule(rf"stages\.(?P<i>\d)\.patch_embeddings\.layer_norm{_END}", "layers.{i}.0.norm.{end}"),
    Rule(rf"{_NEW}layernorm_before{_END}", "layers.{i}.1.{j}.norm1.{end}"),
    Rule(rf"{_NEW}layernorm_after{_END}", "layers.{i}.1.{j}.norm2.{end}"),
    Rule(rf"{_NEW}attention\.q_proj{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 0),
    Rule(rf"{_NEW}attention\.k_proj{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 1),
    Rule(rf"{_NEW}attention\.v_proj{_END}", "layers.{i}.1.{j}.attn.attn.in_proj_{end}", 2),
    Rule(rf"{_NEW}attention\.o_proj{_END}", "layers.{i}.1.{j}.attn.attn.out_proj.{end}"),
    Rule(rf"{_NEW}attention\.sequence_reduction\.sequence_reduction{_END}", "layers.{i}.1.{j}.attn.sr.{end}"),
    Rule(rf"{_NEW}attention\.sequence_reduction\.layer_norm{_END}", "layers.{i}.1.{j}.attn.norm.{end}"),
    Rule(rf"{_NEW}mlp\.fc1{_END}", "layers.{i}.1.{j}.ffn.layers.0.{end}"),
    Rule(rf"{_NEW}mlp\.dwconv\.dwconv{_END}", "layers.{i}.1.{j}.ffn.layers.1.{end}"),
    Rule(rf"{_NEW}mlp\.fc2{_END}", "layers.{i}.1.{j}.ffn.layers.4.{end}"),
    Rule(rf"stages\.(?P<i>\d)\.layer_norm{_END}", "layers.{i}.2.{end}"),
)
"""Hugging Face's modules since transformers 5."""

VIT_FROM_TIMM = planner(Rule(r"(?P<all>cls_token|pos_embed|patch_embed\.proj\..+|blocks\..+|norm\..+)", "{all}"))
"""timm, MAE and DINOv2's own files."""

_LAYER = r"encoder\.layer\.(?P<j>\d+)\."
VIT_FROM_HF = planner(
    Rule(r"embeddings\.cls_token", "cls_token"),
    Rule(r"embeddings\.position_embeddings", "pos_embed"),
    Rule(rf"embeddings\.patch_embeddings\.projection{_END}", "patch_embed.proj.{end}"),
    Rule(rf"{_LAYER}(?:norm1|layernorm_before){_END}", "blocks.{j}.norm1.{end}"),
    Rule(rf"{_LAYER}(?:norm2|layernorm_after){_END}", "blocks.{j}.norm2.{end}"),
    Rule(rf"{_LAYER}attention\.(?:attention\.query|q_proj){_END}", "blocks.{j}.attn.qkv.{end}", 0),
    Rule(rf"{_LAYER}attention\.(?:attention\.key|k_proj){_END}", "blocks.{j}.attn.qkv.{end}", 1),
    Rule(rf"{_LAYER}attention\.(?:attention\.value|v_proj){_END}", "blocks.{j}.attn.qkv.{end}", 2),
    Rule(rf"{_LAYER}attention\.(?:output\.dense|o_proj){_END}", "blocks.{j}.attn.proj.{end}"),
    Rule(rf"{_LAYER}(?:mlp\.fc1|intermediate\.dense){_END}", "blocks.{j}.mlp.fc1.{end}"),
    Rule(rf"{_LAYER}(?:mlp\.fc2|output\.dense){_END}", "blocks.{j}.mlp.fc2.{end}"),
    Rule(rf"{_LAYER}layer_scale(?P<n>[12])\.lambda1", "blocks.{j}.ls{n}.gamma"),
    Rule(rf"layernorm{_END}", "norm.{end}"),
)
"""Hugging Face's ViT, ViT-MAE and DINOv2, old names and new."""

SWIN_FROM_MICROSOFT = planner(
    Rule(r"(?P<all>patch_embed\..+|layers\.\d\.(?:blocks|downsample)\..+|norm\d*\..+)", "{all}"),
)
"""Swin's own files."""

HRNET = planner(Rule(r"(?P<all>(?:conv|bn)[12]\..+|layer1\..+|transition\d\..+|stage\d\..+)", "{all}"))
"""HRNet's and HRFormer's own files, and timm's HRNet."""

SEGFORMER = planner(
    Rule(r"feature_extractor\.(?P<rest>layers\..+)", "encoder.{rest}"),
    Rule(r"(?P<all>head\..+)", "{all}"),
)
"""iSegFormer's SegFormer."""

_FOCAL_BACKBONE = "feature_extractor.backbone."
_SIDE = planner(
    Rule(rf"patch_embed_side1\.proj{_END}", "patch_embed_side1.projection.{end}"),
    Rule(rf"patch_embed_side1\.norm{_END}", "patch_embed_side1.norm.{end}"),
)


def focalclick(names: Iterable[str]) -> Plan:
    """ClickSEG's SegFormer: NVlabs' names in the backbone."""
    held = list(names)
    plan: dict[str, tuple[str, ...]] = {name: (name,) for name in held if not name.startswith(_FOCAL_BACKBONE)}
    inner = [name.removeprefix(_FOCAL_BACKBONE) for name in held if name.startswith(_FOCAL_BACKBONE)]
    backbone = {**MIT_FROM_NVLABS(inner), **_SIDE(inner)}
    for target, sources in backbone.items():
        plan[_FOCAL_BACKBONE + target] = tuple(_FOCAL_BACKBONE + source for source in sources)
    return plan


SEGNEXT = planner(
    Rule(rf"head\.seg_conv{_END}", "head.conv_seg.{end}"),
    Rule(r"(?P<all>(?:backbone|visual_prompts_encoder|fusion_blocks|neck|head)\..+)", "{all}"),
)
"""SegNext's plain ViT."""

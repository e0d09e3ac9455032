"""What a file of weights is, told by the names in it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .foreign import ForeignWeights
from .naming import named
from .plans import (
    HRNET,
    MIT_FROM_MMSEG,
    MIT_FROM_NEW_HF,
    MIT_FROM_NVLABS,
    MIT_FROM_OLD_HF,
    SWIN_FROM_MICROSOFT,
    VIT_FROM_HF,
    VIT_FROM_TIMM,
    Plan,
    Planner,
)


@dataclass(frozen=True, slots=True)
class EncoderKind:
    """An encoder in the names of one program; the plan of every family ends in the same names.

    What stands before `mark` in the first name that ends in it is the prefix of all names of the encoder.
    """

    title: str
    family: str
    mark: str
    planner: Planner

    def prefix(self, names: Iterable[str]) -> str:
        """What stands before the names of the encoder among `names`."""
        return min((name.removesuffix(self.mark) for name in names if _ends(name, self.mark)), key=len, default="")

    def plan_of(self, names: Iterable[str]) -> Plan:
        """Plan for the names of a whole file."""
        prefix = self.prefix(names)
        inner = [name.removeprefix(prefix) for name in names if name.startswith(prefix)]
        return {name: tuple(prefix + each for each in sources) for name, sources in self.planner(inner).items()}


_BIASES = "layers.0.blocks.0.attn.relative_position_bias_table"
_ENCODERS = (
    EncoderKind("a MiT encoder with NVlabs' names", "MiT", "patch_embed1.proj.weight", MIT_FROM_NVLABS),
    EncoderKind("a MiT encoder with mmseg's names", "MiT", "layers.0.0.projection.weight", MIT_FROM_MMSEG),
    EncoderKind(
        "a MiT encoder with Hugging Face's older names", "MiT", "patch_embeddings.0.proj.weight", MIT_FROM_OLD_HF
    ),
    EncoderKind(
        "a MiT encoder with Hugging Face's names", "MiT", "stages.0.patch_embeddings.proj.weight", MIT_FROM_NEW_HF
    ),
    EncoderKind(
        "a ViT encoder with Hugging Face's names", "ViT", "embeddings.patch_embeddings.projection.weight", VIT_FROM_HF
    ),
    EncoderKind("an HRNet encoder", "HRNet", "stage4.0.branches.0.0.conv1.weight", HRNET),
    EncoderKind("an HRFormer encoder", "HRFormer", "stage4.0.branches.0.0.norm1.weight", HRNET),
    EncoderKind("a Swin encoder", "Swin", _BIASES, SWIN_FROM_MICROSOFT),
    EncoderKind("a ViT encoder", "ViT", "blocks.0.attn.qkv.weight", VIT_FROM_TIMM),
)
"""The more telling marks first."""

_OTHERS = (
    ("a FocalClick model with HRNet", ("refiner.",)),
    ("a Segment Anything model", ("mask_decoder.", "prompt_encoder.")),
    ("a Segment Anything 2 model", ("sam_mask_decoder.",)),
    ("RITM's DeepLab click model", ("feature_extractor.deeplab_head.", "feature_extractor.aspp.")),
)
"""Whole models that no network here can hold, and how names in them begin: any one of these."""


def encoder_kind(names: Collection[str]) -> EncoderKind | None:
    """Which encoder is among these names, whatever stands around it; None where none is known."""
    for kind in _ENCODERS:
        if any(_ends(name, kind.mark) for name in names):
            return kind
    return None


def other_model(names: Iterable[str]) -> str:
    """Which whole model that no network here can hold has these names; empty where it is none of those."""
    begins = tuple(names)
    return next((title for title, starts in _OTHERS if any(name.startswith(starts) for name in begins)), "")


def whole_title(weights: ForeignWeights) -> str:
    """Say what the file is, with an article."""
    names = weights.entries
    if other := other_model(names):
        return other
    kind = encoder_kind(names)
    if kind is None:
        first = f" (the first is {named(list(names)[:1])})" if names else ""
        return f"a file of {len(names)} weights of a kind that is not known here{first}"
    if kind.family == "ViT":
        return _vit_title(kind, weights)
    return kind.title


def _vit_title(kind: EncoderKind, weights: ForeignWeights) -> str:
    names = weights.entries
    if any(name.endswith(("blocks.0.ls1.gamma", "layer.0.layer_scale1.lambda1")) for name in names):
        return kind.title.replace("ViT", "DINOv2")
    has_head = any(name.startswith(("head.", "classifier.")) for name in names)
    if any("decoder_blocks." in name or "decoder.decoder_layers." in name for name in names) or (
        weights.wrapper == "model" and not has_head and "pos_embed" in names
    ):
        return kind.title.replace("a ViT", "an MAE")
    return kind.title


def _ends(name: str, mark: str) -> bool:
    return name == mark or name.endswith(f".{mark}")

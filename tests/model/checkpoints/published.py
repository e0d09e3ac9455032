"""Click models as their projects publish them: their names, what stands beside the weights, and their classes."""

import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from .naming import mit_as_nvlabs

LOSS = "isegm.model.modeling.transformer_helper.cross_entropy_loss"


@contextmanager
def loss_class() -> Iterator[type[nn.Module]]:
    """The class of a loss that iSegFormer and SimpleClick pickle into their files; here while the block lasts."""
    names = [LOSS.rsplit(".", count)[0] for count in range(LOSS.count("."), -1, -1)]
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    made: type[nn.Module] = type("CrossEntropyLoss", (nn.Module,), {"__module__": LOSS})
    setattr(sys.modules[LOSS], "CrossEntropyLoss", made)  # noqa: B010 - mypy knows no such module
    try:
        yield made
    finally:
        for name in names:
            del sys.modules[name]


def save_published(
    path: Path, state: Mapping[str, Tensor], class_name: str, *, legacy: bool = False, **parameters: object
) -> Path:
    """Write a file as RITM and its descendants do, a pickled loss included."""
    with loss_class() as loss:
        told: dict[str, object] = {"with_aux_output": True, "head_params": {"loss_decode": loss()}, **parameters}
        params = {name: {"type": "builtin", "value": value, "specified": True} for name, value in told.items()}
        params["norm_layer"] = {"type": "class", "value": "torch.nn.modules.batchnorm.BatchNorm2d", "specified": False}
        content = {"state_dict": dict(state), "config": {"class": class_name, "params": params}}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the old layout looks for the source of the loss
            torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def unused_clicks() -> dict[str, Tensor]:
    """The click convolutions that every file of iSegFormer holds although nothing calls them."""
    return {
        "maps_transform.0.weight": torch.randn(16, 3, 1, 1),
        "maps_transform.0.bias": torch.randn(16),
        "maps_transform.2.weight": torch.randn(64, 16, 3, 3),
        "maps_transform.2.bias": torch.randn(64),
        "maps_transform.3.scale": torch.tensor(0.05),
    }


def as_isegformer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """iSegFormer's SegFormer, third version."""
    return unused_clicks() | {name.replace("encoder.", "feature_extractor.", 1): each for name, each in state.items()}


def as_simpleclick(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """SimpleClick: a class token, its place, and a classifier that nothing calls."""
    out = dict(state) | unused_clicks()
    width = state["backbone.pos_embed"].shape[2]
    out["backbone.cls_token"] = torch.randn(1, 1, width)
    out["backbone.pos_embed"] = torch.cat((torch.randn(1, 1, width), state["backbone.pos_embed"]), dim=1)
    out |= {"backbone.fc_norm.weight": torch.ones(width), "backbone.fc_norm.bias": torch.zeros(width)}
    out |= {"backbone.head.weight": torch.zeros(1000, width), "backbone.head.bias": torch.zeros(1000)}
    return out


def as_swin(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """iSegFormer's Swin: indices of the windows, and an embedding of clicks that nothing calls."""
    out = dict(state) | unused_clicks()
    for name in state:
        if name.endswith("relative_position_bias_table"):
            out[name.replace("bias_table", "index")] = torch.zeros(144, 144, dtype=torch.int64)
    for part in ("proj.weight", "proj.bias", "norm.weight", "norm.bias"):
        out[f"backbone.patch_embed_coords.{part}"] = torch.randn_like(state[f"backbone.patch_embed.{part}"])
    return out


def as_hrformer(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """iSegFormer's HRFormer: indices of the windows beside the tables."""
    out = dict(state) | unused_clicks()
    for name in state:
        if name.endswith("relative_position_bias_table"):
            out[name.replace("bias_table", "index")] = torch.zeros(49, 49, dtype=torch.int64)
    return out


def as_focalclick(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """ClickSEG's SegFormer: NVlabs' names, and two modules that nothing calls."""
    backbone = "feature_extractor.backbone."
    out = {name: each for name, each in state.items() if not name.startswith(backbone)} | unused_clicks()
    inner = {name.removeprefix(backbone): each for name, each in state.items() if name.startswith(backbone + "layers")}
    out |= {backbone + name: each for name, each in mit_as_nvlabs(inner).items() if not name.startswith("head.")}
    for name, each in state.items():
        if name.startswith(backbone + "patch_embed_side1"):
            out[name.replace("projection", "proj")] = each
    out |= {"refiner.feature_gate.0.weight": torch.ones(1, 32, 1, 1), "refiner.feature_gate.0.bias": torch.ones(1)}
    return out


def as_segnext(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """SegNext: a place of a class token, and a last norm that nothing calls."""
    out = {name.replace("head.conv_seg.", "head.seg_conv."): each for name, each in state.items()}
    width = state["backbone.pos_embed"].shape[2]
    out["backbone.pos_embed"] = torch.cat((torch.randn(1, 1, width), state["backbone.pos_embed"]), dim=1)
    return out | {"backbone.fc_norm.weight": torch.ones(width), "backbone.fc_norm.bias": torch.zeros(width)}

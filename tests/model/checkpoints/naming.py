"""Encoders in the names that other programs publish them with, made from a network of ours by rules of their own."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor


def mit_as_nvlabs(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """mmseg's names -> NVlabs': linear layers where mmseg has 1x1 convolutions, q apart from k and v."""
    out: dict[str, Tensor] = {}
    for name, tensor in state.items():
        _, stage, part, *rest = name.split(".")
        number = int(stage) + 1
        tail = ".".join(rest)
        if part == "0":
            out[f"patch_embed{number}.{tail.replace('projection', 'proj')}"] = tensor
        elif part == "2":
            out[f"norm{number}.{tail}"] = tensor
        else:
            block, inner = tail.split(".", 1)
            before = f"block{number}.{block}."
            if match := re.fullmatch(r"attn\.attn\.in_proj_(weight|bias)", inner):
                width = len(tensor) // 3
                out[f"{before}attn.q.{match[1]}"], out[f"{before}attn.kv.{match[1]}"] = tensor[:width], tensor[width:]
            else:
                for ours, theirs in (
                    ("attn.attn.out_proj", "attn.proj"),
                    ("ffn.layers.0", "mlp.fc1"),
                    ("ffn.layers.1", "mlp.dwconv.dwconv"),
                    ("ffn.layers.4", "mlp.fc2"),
                ):
                    inner = inner.replace(ours, theirs)
                linear = "mlp.fc" in inner and inner.endswith("weight")
                out[before + inner] = tensor.flatten(1) if linear else tensor
    out |= {"head.weight": torch.zeros(1000, 256), "head.bias": torch.zeros(1000)}
    return out


def mit_as_old_hugging_face(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """NVlabs' names -> those of the files on Hugging Face's hub."""
    out: dict[str, Tensor] = {}
    for name, tensor in state.items():
        end = name.rsplit(".", 1)[1]
        if match := re.match(r"patch_embed(\d)\.(proj|norm)", name):
            part = match[2].replace("norm", "layer_norm")
            out[f"segformer.encoder.patch_embeddings.{int(match[1]) - 1}.{part}.{end}"] = tensor
        elif match := re.match(r"norm(\d)", name):
            out[f"segformer.encoder.layer_norm.{int(match[1]) - 1}.{end}"] = tensor
        elif match := re.match(r"block(\d)\.(\d+)\.(.+)\.(?:weight|bias)$", name):
            before = f"segformer.encoder.block.{int(match[1]) - 1}.{match[2]}."
            inner = match[3]
            if inner == "attn.kv":
                key, value = tensor.chunk(2)
                out[f"{before}attention.self.key.{end}"], out[f"{before}attention.self.value.{end}"] = key, value
            else:
                theirs = {
                    "norm1": "layer_norm_1",
                    "norm2": "layer_norm_2",
                    "attn.q": "attention.self.query",
                    "attn.proj": "attention.output.dense",
                    "attn.sr": "attention.self.sr",
                    "attn.norm": "attention.self.layer_norm",
                    "mlp.fc1": "mlp.dense1",
                    "mlp.dwconv.dwconv": "mlp.dwconv.dwconv",
                    "mlp.fc2": "mlp.dense2",
                }[inner]
                out[f"{before}{theirs}.{end}"] = tensor
        else:
            out[f"classifier.{end}"] = tensor
    return out

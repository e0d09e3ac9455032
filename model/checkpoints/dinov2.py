"""DINOv2 ViT-S/14 weights from an ONNX file with Hugging Face names, mapped to timm's names."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import CheckpointError

_DEPTH = 12


def read_dinov2_onnx(path: Path) -> dict[str, Tensor]:
    """Read the encoder of an ONNX file as the state of timm's `vit_small_patch14_dinov2` (float32).

    The exporter names biases and norms, but drops the names of matrices: these are taken from the graph by the
    bias that follows each product. Raises `CheckpointError` where the file is not such an encoder.
    """
    try:
        import onnx  # Only this importer needs it.
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError as error:
        raise CheckpointError("Reading ONNX files needs the package onnx; install it with: pip install onnx") from error
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
    except (OSError, ValueError, DecodeError) as error:
        raise CheckpointError(f"{path} cannot be read as an ONNX file: {error}.") from error
    if any(item.data_location == onnx.TensorProto.EXTERNAL for item in graph.initializer):
        raise CheckpointError(f"{path} keeps weights in files beside it, which are not read: 88 MB fit into one.")
    try:
        arrays = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
        return _translate(arrays, _matrices_by_bias(graph.node, arrays))
    except (KeyError, StopIteration) as error:
        lacking = str(error) or "a table of positions"
        raise CheckpointError(f"{path} is not a DINOv2 ViT-S/14 encoder: {lacking} is missing.") from error
    except (ValueError, TypeError, IndexError) as error:
        raise CheckpointError(f"{path} is not a DINOv2 ViT-S/14 encoder, or damaged: {error}.") from error


def _matrices_by_bias(nodes: Iterable[Any], arrays: dict[str, NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
    """Return bias name -> (in, out) matrix of the product that the bias is added to."""
    product_of: dict[str, str] = {}
    matrices: dict[str, NDArray[np.generic]] = {}
    for node in nodes:
        if node.op_type == "MatMul" and node.input[1] in arrays:
            product_of[node.output[0]] = node.input[1]
        if node.op_type == "Add":
            for bias, product in (node.input, tuple(reversed(node.input))):
                if bias in arrays and product in product_of:
                    matrices[bias] = arrays[product_of[product]]
    return matrices


def _translate(arrays: dict[str, NDArray[np.generic]], matrices: dict[str, NDArray[np.generic]]) -> dict[str, Tensor]:
    embeddings = "backbone.embeddings."
    patches = next(a for a in arrays.values() if a.ndim == 3 and a.shape[0] == 1 and a.shape[1] > 1)
    class_position = next(a for n, a in arrays.items() if a.shape == (1, 1, 384) and n != f"{embeddings}cls_token")
    state = {
        "cls_token": arrays[f"{embeddings}cls_token"],
        "pos_embed": np.concatenate((class_position, patches), axis=1),
        "patch_embed.proj.weight": arrays[f"{embeddings}patch_embeddings.projection.weight"],
        "patch_embed.proj.bias": arrays[f"{embeddings}patch_embeddings.projection.bias"],
        "norm.weight": arrays["backbone.layernorm.weight"],
        "norm.bias": arrays["backbone.layernorm.bias"],
    }
    for depth in range(_DEPTH):
        source, block = f"backbone.encoder.layer.{depth}.", f"blocks.{depth}."
        heads = [f"{source}attention.attention.{part}.bias" for part in ("query", "key", "value")]
        state[f"{block}attn.qkv.weight"] = np.concatenate([matrices[name].T for name in heads])
        state[f"{block}attn.qkv.bias"] = np.concatenate([arrays[name] for name in heads])
        for name, target in (("attention.output.dense", "attn.proj"), ("mlp.fc1", "mlp.fc1"), ("mlp.fc2", "mlp.fc2")):
            state[f"{block}{target}.weight"] = matrices[f"{source}{name}.bias"].T
            state[f"{block}{target}.bias"] = arrays[f"{source}{name}.bias"]
        for norm in ("norm1", "norm2"):
            state[f"{block}{norm}.weight"] = arrays[f"{source}{norm}.weight"]
            state[f"{block}{norm}.bias"] = arrays[f"{source}{norm}.bias"]
        for index in (1, 2):
            state[f"{block}ls{index}.gamma"] = arrays[f"{source}layer_scale{index}.lambda1"]
    return {name: torch.from_numpy(np.array(array, np.float32, order="C")) for name, array in state.items()}

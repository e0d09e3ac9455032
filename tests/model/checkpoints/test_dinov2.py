"""Reading DINOv2 from ONNX: a file is made the way the exporter makes it, and must come back as timm's own state."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import timm
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor

from model.checkpoints import dinov2
from model.checkpoints.dinov2 import read_dinov2_onnx
from model.errors import CheckpointError
from model.training.bundled import read_encoder

LAYER = "backbone.encoder.layer.0."
PRODUCTS = {
    "attention.attention.query": "q",
    "attention.attention.key": "k",
    "attention.attention.value": "v",
    "attention.output.dense": "blocks.0.attn.proj",
    "mlp.fc1": "blocks.0.mlp.fc1",
    "mlp.fc2": "blocks.0.mlp.fc2",
}
"""Products of the exporter -> timm's layers; query, key and value are thirds of one."""

NAMED = {
    "backbone.embeddings.cls_token": "cls_token",
    "backbone.embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "backbone.embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "backbone.layernorm.weight": "norm.weight",
    "backbone.layernorm.bias": "norm.bias",
    f"{LAYER}norm1.weight": "blocks.0.norm1.weight",
    f"{LAYER}norm1.bias": "blocks.0.norm1.bias",
    f"{LAYER}norm2.weight": "blocks.0.norm2.weight",
    f"{LAYER}norm2.bias": "blocks.0.norm2.bias",
    f"{LAYER}layer_scale1.lambda1": "blocks.0.ls1.gamma",
    f"{LAYER}layer_scale2.lambda1": "blocks.0.ls2.gamma",
}


def part_of(state: dict[str, Tensor], layer: str, kind: str) -> Tensor:
    """Weight or bias of a product."""
    if layer in ("q", "k", "v"):
        return state[f"blocks.0.attn.qkv.{kind}"].chunk(3)["qkv".index(layer)]
    return state[f"{layer}.{kind}"]


def write_onnx(path: Path, state: dict[str, Tensor], without: str = "") -> None:
    """Write `state` of one block as the exporter does: matrices transposed and without a name that means anything."""
    arrays = {name: state[target].numpy() for name, target in NAMED.items()}
    arrays["onnx::Concat_1"] = state["pos_embed"][:, :1].numpy()
    arrays["onnx::Resize_2"] = state["pos_embed"][:, 1:].numpy()
    nodes = []
    for number, (product, layer) in enumerate(PRODUCTS.items()):
        matrix, bias, out = f"onnx::MatMul_{100 + number}", f"{LAYER}{product}.bias", f"product{number}"
        arrays[matrix] = part_of(state, layer, "weight").T.numpy()
        arrays[bias] = part_of(state, layer, "bias").numpy()
        nodes.append(helper.make_node("MatMul", ["x", matrix], [out]))
        # The exporter writes the bias on either side of the sum.
        nodes.append(helper.make_node("Add", [bias, out] if number % 2 else [out, bias], [f"sum{number}"]))
    tensors = [numpy_helper.from_array(np.ascontiguousarray(a), n) for n, a in arrays.items() if n != without]
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", "sum0")]
    onnx.save(helper.make_model(helper.make_graph(nodes, "vit", values[:1], values[1:], tensors)), str(path))


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """Weights of timm's network with one block and four patches, none at the value that it starts from."""
    monkeypatch.setattr(dinov2, "_DEPTH", 1)
    torch.manual_seed(0)
    network = timm.create_model("vit_small_patch14_dinov2", depth=1, img_size=28, num_classes=0)
    return {name: torch.randn_like(tensor) for name, tensor in network.state_dict().items()}


def test_state_comes_back_in_the_names_of_timm(state: dict[str, Tensor], tmp_path: Path) -> None:
    write_onnx(tmp_path / "vit.onnx", state)
    read = read_dinov2_onnx(tmp_path / "vit.onnx")
    assert set(read) == set(state)
    assert all(torch.equal(read[name], state[name]) for name in state)


@pytest.mark.parametrize(
    "without",
    [f"{LAYER}mlp.fc2.bias", "onnx::MatMul_100", "onnx::Resize_2", "onnx::Concat_1", "backbone.layernorm.bias"],
)
def test_other_networks_are_refused(without: str, state: dict[str, Tensor], tmp_path: Path) -> None:
    write_onnx(tmp_path / "vit.onnx", state, without)
    with pytest.raises(CheckpointError, match=r"is not a DINOv2 ViT-S/14 encoder: .* is missing"):
        read_dinov2_onnx(tmp_path / "vit.onnx")


def outside(name: str) -> TensorProto:
    """Weights that lie in another file, which is none of ours."""
    tensor = numpy_helper.from_array(np.zeros((1, 4, 384), np.float32), name)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    place = tensor.external_data.add()
    place.key, place.value = "location", "../../../../etc/passwd"
    return tensor


def huge(name: str) -> TensorProto:
    return TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1, 10**6, 10**6])


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (numpy_helper.from_array(np.array(3, np.float32), "scalar"), "a table of positions is missing"),
        (outside("elsewhere"), "files beside it"),
        (huge("empty"), "or damaged"),
    ],
)
def test_hostile_files_are_refused(tensor: TensorProto, words: str, tmp_path: Path) -> None:
    graph = helper.make_graph([], "vit", [], [], [tensor])
    (tmp_path / "vit.onnx").write_bytes(helper.make_model(graph).SerializeToString())
    with pytest.raises(CheckpointError, match=words):
        read_dinov2_onnx(tmp_path / "vit.onnx")


def test_a_vit_of_another_size_is_refused(state: dict[str, Tensor], tmp_path: Path) -> None:
    write_onnx(tmp_path / "vit.onnx", state)
    with pytest.raises(CheckpointError, match="another encoder"):
        read_encoder(tmp_path / "vit.onnx")


def test_damaged_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "noise.onnx").write_bytes(b"noise noise noise")
    for name in ("noise.onnx", "none.onnx"):
        with pytest.raises(CheckpointError, match="cannot be read as an ONNX file"):
            read_dinov2_onnx(tmp_path / name)


def test_missing_package_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(CheckpointError, match="pip install onnx"):
        read_dinov2_onnx(tmp_path / "any.onnx")

"""Published click models become models that answer the same, or are refused with what they are."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model.checkpoints import import_model, load_checkpoint, save_checkpoint
from model.checkpoints.click_kinds import click_kind
from model.checkpoints.foreign import ForeignWeights
from model.errors import CheckpointError
from model.networks import ClickNetwork, create_network
from model.store.header import TensorEntry
from tests.model.networks.weights import stirred

from .naming import mit_as_nvlabs
from .published import (
    as_focalclick,
    as_hrformer,
    as_isegformer,
    as_segnext,
    as_simpleclick,
    as_swin,
    save_published,
)

HRNET = "isegm.model.is_hrnet_model.HRNetModel"
SEGFORMER = "isegm.model.is_segformer_model.SegformerModel"


def made(name: str, **options: Any) -> ClickNetwork:
    torch.manual_seed(1)
    network = create_network(name, **options)
    stirred(network)
    return network


def same_answer(one: ClickNetwork, other: ClickNetwork, size: tuple[int, int] = (64, 96)) -> bool:
    generator = torch.Generator().manual_seed(2)
    image, previous = torch.rand(1, 3, *size, generator=generator), torch.rand(1, 1, *size, generator=generator)
    clicks = (torch.rand(1, 2, *size, generator=generator) > 0.95).float()
    with torch.inference_mode():
        return torch.equal(one(image, previous, clicks), other(image, previous, clicks))


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("channels", [5, 6])
def test_isegformer(channels: int, legacy: bool, tmp_path: Path) -> None:
    network = made("segformer-b0", in_channels=channels)
    path = save_published(tmp_path / "054.pth", as_isegformer(network.state_dict()), SEGFORMER, legacy=legacy)
    imported = import_model(path)
    assert (imported.network_name, imported.options) == (
        "segformer-b0",
        {"in_channels": channels, "head_channels": 256},
    )
    assert same_answer(network, imported.network)
    assert set(imported.left_out) == {name for name in as_isegformer({}) if name.startswith("maps_transform")}
    imported.save(tmp_path / "out.safetensors", "mine")
    loaded = load_checkpoint(tmp_path / "out.safetensors")
    assert same_answer(network, loaded.network)
    assert loaded.name == "mine"
    assert loaded.card["source"]["file"] == "054.pth"
    assert loaded.card["source"]["class"] == SEGFORMER
    assert loaded.card["licence"].startswith("MIT")


@pytest.mark.parametrize("size", range(1, 6))
def test_every_size_of_segformer_is_told_by_its_shapes(size: int, tmp_path: Path) -> None:
    with torch.device("meta"):
        state = create_network(f"segformer-b{size}").state_dict()
    entries = {name: TensorEntry("F32", tuple(tensor.shape)) for name, tensor in as_isegformer(state).items()}
    weights = ForeignWeights(tmp_path, entries, "state_dict", {}, {}, lambda names: {})
    kind = click_kind(weights)
    assert kind is not None
    assert kind.choose(weights) == (f"segformer-b{size}", {"in_channels": 6, "head_channels": 256})


@pytest.mark.parametrize(
    ("name", "options", "published"),
    [
        ("hrnet-18s", {"ocr_width": 48, "with_previous": True}, "coco_lvis_h18s_itermask.pth"),
        ("hrnet-18", {"ocr_width": 64, "with_previous": False}, "coco_lvis_h18_baseline.pth"),
        ("hrnet-32", {"ocr_width": 128, "with_previous": True}, "coco_lvis_h32_itermask.pth"),
    ],
)
def test_ritm(name: str, options: Mapping[str, Any], published: str, tmp_path: Path) -> None:
    network = made(name, **options)
    # Files from before torch counted batches lack the counters.
    state = {key: each for key, each in network.state_dict().items() if not key.endswith("num_batches_tracked")}
    path = save_published(
        tmp_path / published, state, "isegm.model.is_hrnet_model.HRNetModel", use_disks=True, norm_radius=5
    )
    imported = import_model(path)
    assert (imported.network_name, imported.options) == (name, options)
    assert imported.left_out == ()
    assert same_answer(network, imported.network)


def test_the_radius_of_the_clicks_is_kept(tmp_path: Path) -> None:
    state = made("hrnet-18s").state_dict()
    imported = import_model(save_published(tmp_path / "r3.pth", state, HRNET, norm_radius=3))
    assert imported.options["click_radius"] == 3.0
    assert imported.network.click_radius == 3.0
    with pytest.raises(CheckpointError, match="trained with maps of distances"):
        import_model(save_published(tmp_path / "far.pth", state, HRNET, use_disks=False))


def test_simpleclick(tmp_path: Path) -> None:
    network = made("simpleclick-xtiny")
    path = save_published(
        tmp_path / "cocolvis_vit_xtiny.pth",
        as_simpleclick(network.state_dict()),
        "isegm.model.is_plainvit_model.PlainVitModel",
    )
    imported = import_model(path)
    assert (imported.network_name, imported.options) == ("simpleclick-xtiny", {"with_previous": True})
    assert same_answer(network, imported.network, (224, 448))
    assert "backbone.cls_token" in imported.left_out


@pytest.mark.slow
def test_swin(tmp_path: Path) -> None:
    network = made("swin-b")
    path = save_published(
        tmp_path / "swin_base.pth", as_swin(network.state_dict()), "isegm.model.is_swinformer_model.SwinformerModel"
    )
    imported = import_model(path)
    assert (imported.network_name, imported.options) == ("swin-b", {})
    assert same_answer(network, imported.network)
    assert "backbone.patch_embed_coords.proj.weight" in imported.left_out


def test_hrformer(tmp_path: Path) -> None:
    network = made("hrformer-s")
    path = save_published(
        tmp_path / "hrformer.pth", as_hrformer(network.state_dict()), "isegm.model.is_hrformer_model.HRFormerModel"
    )
    imported = import_model(path)
    assert (imported.network_name, imported.options) == ("hrformer-s", {"with_previous": True})
    assert same_answer(network, imported.network)


@pytest.mark.parametrize("pipeline", ["s1", "s2"])
def test_focalclick(pipeline: str, tmp_path: Path) -> None:
    network = made("focalclick-b0", pipeline=pipeline)
    path = save_published(
        tmp_path / "segformerB0.pth",
        as_focalclick(network.state_dict()),
        "isegm.model.is_segformer_model.SegFormerModel",
        pipeline_version=pipeline,
        model_version="b0",
    )
    imported = import_model(path)
    assert (imported.network_name, imported.options) == ("focalclick-b0", {"pipeline": pipeline})
    assert same_answer(network, imported.network, (256, 256))
    assert "refiner.feature_gate.0.weight" in imported.left_out


PLAIN_VIT = "isegm.model.is_plainvit_model.PlainVitModel"
"""SimpleClick's class and SegNext's have the same name: their weights tell them apart."""


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [1, 2])
def test_segnext(blocks: int, tmp_path: Path) -> None:
    network = made(f"segnext-sax{blocks}")
    state = as_segnext(network.state_dict())
    path = save_published(tmp_path / "vitb_cocolvis_epoch_90.pth", state, PLAIN_VIT, use_disks=True, norm_radius=5)
    imported = import_model(path)
    assert (imported.network_name, imported.options) == (f"segnext-sax{blocks}", {})
    assert set(imported.left_out) == {"backbone.fc_norm.weight", "backbone.fc_norm.bias"}
    assert same_answer(network, imported.network, (256, 512))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, ""),
        ({"fusion_blocks.0.attn.qkv.weight": None}, "a SegNext with 2 blocks of fusion"),
        ({"fusion_blocks.2.norm1.weight": (768,)}, "a SegNext with 3 blocks of fusion"),
        ({"backbone.pos_embed": (1, 785, 768)}, "of width 768 and 784 places, where ViT-B has 768 and 4096"),
    ],
)
def test_only_the_published_kinds_of_segnext_are_taken(
    change: Mapping[str, tuple[int, ...] | None], words: str, tmp_path: Path
) -> None:
    with torch.device("meta"):
        state = as_segnext(create_network("segnext-sax2").state_dict())
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()} | dict(change)
    entries = {name: TensorEntry("F32", shape) for name, shape in shapes.items() if shape is not None}
    weights = ForeignWeights(tmp_path, entries, "state_dict", {}, {}, lambda names: {})
    kind = click_kind(weights)
    assert kind is not None
    assert kind.title == "a SegNext model"
    if words:
        with pytest.raises(CheckpointError, match=words):
            kind.choose(weights)
    else:
        assert kind.choose(weights) == ("segnext-sax2", {})


def test_a_model_of_this_program(tmp_path: Path) -> None:
    network = made("segformer-b0", head_channels=32)
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, network, "segformer-b0", {"head_channels": 32}, name="own", card={"samples": 3})
    imported = import_model(path)
    assert same_answer(network, imported.network)
    assert imported.card == {"samples": 3}


Change = Callable[[dict[str, Tensor]], dict[str, Tensor]]


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        import_model(path)
    text = str(caught.value)
    assert str(path) in text
    assert text.endswith(".")
    return text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda state: {name: each for name, each in state.items() if not name.startswith("head.convs.2")},
            "but it lacks 2 weights (head.convs.2.conv.weight, head.convs.2.conv.bias), so it is not imported",
        ),
        (
            lambda state: state | {"head.extra": torch.ones(1), "strange": torch.ones(1)},
            "but it holds 2 that have no place (head.extra, strange), so it is not imported",
        ),
        (
            lambda state: state | {"head.conv_seg.bias": torch.ones(2)},
            "head.conv_seg.bias is (2,), but must be (1,)",
        ),
        (
            lambda state: state | {"head.conv_seg.bias": torch.tensor([float("inf")])},
            "head.conv_seg.bias is not finite",
        ),
        (
            lambda state: state | {"head.fusion_conv.bn.weight": torch.ones(256)},
            "the repository's first SegFormer, with batch norm in its head; no network here computes it",
        ),
        (
            lambda state: {name: each for name, each in state.items() if ".layers.3.1.1." not in name},
            "a SegFormer of 32 channels and (2, 2, 2, 1) blocks, which is none of B0 to B5",
        ),
    ],
)
def test_no_partial_import_passes(change: Change, words: str, tmp_path: Path) -> None:
    state = change(as_isegformer(made("segformer-b0").state_dict()))
    assert words in refusal(save_published(tmp_path / "changed.pth", state, SEGFORMER))


def test_the_fourth_version_is_told_by_its_strides(tmp_path: Path) -> None:
    state = as_isegformer(made("segformer-b0").state_dict())
    path = save_published(tmp_path / "v4.pth", state, SEGFORMER, backbone_params={"strides": [2, 2, 2, 2]})
    assert "a SegFormer with strides [2, 2, 2, 2]; the paper's has 4, 2, 2, 2" in refusal(path)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"binary_prev_mask": True}, "black and white previous masks"),
        ({"norm_mean_std": ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])}, "colours normalised in another way"),
        ({"use_leaky_relu": False}, "whose clicks pass a ReLU"),
    ],
)
def test_what_shapes_do_not_tell_is_read_from_the_config(told: dict[str, Any], words: str, tmp_path: Path) -> None:
    state, ritm = made("hrnet-18s").state_dict(), "isegm.model.is_hrnet_model.HRNetModel"
    usual: dict[str, Any] = {
        "binary_prev_mask": False,
        "norm_mean_std": ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        "use_leaky_relu": True,
    }
    assert import_model(save_published(tmp_path / "usual.pth", state, ritm, **usual)).network_name == "hrnet-18s"
    assert words in refusal(save_published(tmp_path / "other.pth", state, ritm, **usual | told))


def test_a_file_without_weights_is_said(tmp_path: Path) -> None:
    path = tmp_path / "none.safetensors"
    path.write_bytes(struct.pack("<Q", 2) + b"{}")
    assert "a file of 0 weights" in refusal(path)


def test_names_are_cut_in_sentences(tmp_path: Path) -> None:
    torch.save({"a" * 10_000: torch.ones(1)}, tmp_path / "long.pth")
    assert len(refusal(tmp_path / "long.pth")) < 500


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (
            ["image_encoder.neck.0.weight", "mask_decoder.iou_token.weight"],
            "a Segment Anything model, and no",
        ),
        (
            ["refiner.a", "feature_extractor.conv1.weight"],
            "a FocalClick model with HRNet, and no",
        ),
        (["feature_extractor.deeplab_head.aspp.weight"], "RITM's DeepLab click model, and no network"),
    ],
)
def test_other_models_are_named(names: list[str], words: str, tmp_path: Path) -> None:
    torch.save({"state_dict": {name: torch.ones(1) for name in names}}, tmp_path / "other.pth")
    assert words in refusal(tmp_path / "other.pth")


def test_encoders_are_sent_to_training(tmp_path: Path) -> None:
    vit = {"cls_token": torch.ones(1), "pos_embed": torch.ones(1), "blocks.0.attn.qkv.weight": torch.ones(1)}
    torch.save({"model": vit}, tmp_path / "mae_pretrain_vit_base.pth")
    assert "is an MAE encoder, not a click model: use it for training, as --encoder-weights." in refusal(
        tmp_path / "mae_pretrain_vit_base.pth"
    )
    encoder = {
        name.removeprefix("encoder."): each
        for name, each in made("segformer-b0").state_dict().items()
        if name.startswith("encoder.")
    }
    torch.save(mit_as_nvlabs(encoder), tmp_path / "mit_b0.pth")
    assert "is a MiT encoder with NVlabs' names, not a click model" in refusal(tmp_path / "mit_b0.pth")
    torch.save({"conv1.weight": torch.ones(1)}, tmp_path / "resnet.pth")
    assert "is a file of 1 weights of a kind that is not known here" in refusal(tmp_path / "resnet.pth")

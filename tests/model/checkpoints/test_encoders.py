"""Encoder weights in every published naming reach the network's encoder, number by number, or are refused in words."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from model.checkpoints import load_encoder_weights, save_checkpoint
from model.errors import CheckpointError
from model.networks import ClickNetwork, create_network

from .naming import mit_as_nvlabs, mit_as_old_hugging_face


@pytest.fixture(scope="module")
def encoder() -> dict[str, Tensor]:
    """A MiT-B0 of three channels, in mmseg's names."""
    from model.networks.mit import MIT_SIZES, MixTransformer

    torch.manual_seed(3)
    network = MixTransformer(MIT_SIZES[0])
    return {name: torch.randn_like(tensor) for name, tensor in network.state_dict().items()}


@pytest.fixture
def network() -> ClickNetwork:
    torch.manual_seed(4)
    return create_network("segformer-b0")


def assert_loaded(network: ClickNetwork, encoder: Mapping[str, Tensor], prefix: str = "encoder.") -> None:
    state = network.state_dict()
    for name, tensor in encoder.items():
        expected = torch.cat((tensor, tensor), dim=1) if name == "layers.0.0.projection.weight" else tensor
        assert torch.equal(state[prefix + name], expected), name


def write(path: Path, state: Mapping[str, Any], wrapper: str = "") -> Path:
    torch.save({wrapper: dict(state)} if wrapper else dict(state), path)
    return path


def test_nvlabs(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    head = network.state_dict()["head.conv_seg.weight"].clone()
    report = load_encoder_weights(network, write(tmp_path / "mit_b0.pth", mit_as_nvlabs(encoder)))
    assert_loaded(network, encoder)
    assert torch.equal(network.state_dict()["head.conv_seg.weight"], head)
    assert report.loaded == len(encoder)
    assert report.unused == ("head.weight", "head.bias")
    assert report.fresh == ()
    text = str(report)
    assert "is a MiT encoder with NVlabs' names" in text
    assert "widened from 3 to 6 channels by repeating its RGB filters" in text
    assert "2 of the file are not used (head.weight, head.bias)" in text


def test_segmentation_models_pytorch(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    state = {f"encoder.{name}": tensor for name, tensor in mit_as_nvlabs(encoder).items()}
    load_encoder_weights(network, write(tmp_path / "smp.pth", state, "state_dict"))
    assert_loaded(network, encoder)


def test_mmseg(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    load_encoder_weights(network, write(tmp_path / "mit_b0_converted.pth", encoder))
    assert_loaded(network, encoder)


def test_old_hugging_face_as_safetensors(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    state = mit_as_old_hugging_face(mit_as_nvlabs(encoder))
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path, {"format": "pt"})
    report = load_encoder_weights(network, path)
    assert_loaded(network, encoder)
    assert report.unused == ("classifier.bias", "classifier.weight")


@pytest.mark.slow
def test_hugging_face_itself(tmp_path: Path) -> None:
    """The library's own module, with its own names and random weights, answers as ours after loading."""
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(5)
    theirs = transformers.SegformerForImageClassification(transformers.SegformerConfig()).eval()
    path = write(tmp_path / "pytorch_model.bin", theirs.state_dict())
    network = create_network("segformer-b0", in_channels=5).eval()
    report = load_encoder_weights(network, path)
    assert report.unused == ("classifier.weight", "classifier.bias")
    image = torch.rand(1, 3, 65, 97)
    from model.networks.segformer import SegFormerNetwork

    assert isinstance(network, SegFormerNetwork)
    with torch.inference_mode():
        stages = theirs.segformer(image, output_hidden_states=True).hidden_states
        stem = network.encoder.layers[0]
        widened = torch.cat((image, torch.zeros(1, 2, 65, 97)), dim=1)
        assert torch.allclose(stem(widened), stages[0], atol=1e-4)


def test_own_file_and_click_model_serve_too(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    other = create_network("segformer-b0")
    path = tmp_path / "own.safetensors"
    save_checkpoint(path, other, "segformer-b0", {}, name="own", card={})
    assert "stem" not in str(load_encoder_weights(network, path))
    for name, tensor in other.state_dict().items():
        if name.startswith("encoder."):
            assert torch.equal(network.state_dict()[name], tensor)
    state = {f"feature_extractor.{name}": tensor for name, tensor in encoder.items()}
    load_encoder_weights(network, write(tmp_path / "054.pth", state, "state_dict"))
    assert_loaded(network, encoder)


@pytest.fixture(scope="module")
def late() -> ClickNetwork:
    return create_network("late-vit-s14")


def vit(late: ClickNetwork) -> dict[str, Tensor]:
    prefix = "encoder.vit."
    state = late.state_dict()
    return {
        name.removeprefix(prefix): torch.randn_like(tensor) for name, tensor in state.items() if name.startswith(prefix)
    }


def test_dinov2_and_its_positions(late: ClickNetwork, tmp_path: Path) -> None:
    state = vit(late)
    report = load_encoder_weights(
        late, write(tmp_path / "dinov2_vits14_pretrain.pth", state | {"mask_token": torch.zeros(1, 384)})
    )
    assert "is a DINOv2 encoder" in str(report)
    assert report.unused == ("mask_token",)
    assert_loaded(late, state, "encoder.vit.")
    small = state | {"pos_embed": state["pos_embed"][:, : 1 + 16 * 16]}
    report = load_encoder_weights(late, write(tmp_path / "small.pth", small))
    assert "resized from 16 x 16 to 37 x 37" in str(report)
    constant = small | {"pos_embed": torch.full_like(small["pos_embed"], 0.25)}
    load_encoder_weights(late, write(tmp_path / "constant.pth", constant))
    positions = late.state_dict()["encoder.vit.pos_embed"]
    assert torch.allclose(positions, torch.full_like(positions, 0.25), atol=1e-6)


@pytest.mark.slow
def test_dinov2_of_hugging_face(late: ClickNetwork, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.Dinov2Config(hidden_size=384, num_attention_heads=6, image_size=518)
    torch.manual_seed(6)
    theirs = transformers.Dinov2Model(config).eval()
    report = load_encoder_weights(late, write(tmp_path / "dino.bin", theirs.state_dict()))
    assert report.unused == ("embeddings.mask_token",)
    image = torch.rand(1, 3, 70, 84)
    from model.networks.late import LateNetwork

    assert isinstance(late, LateNetwork)
    with torch.inference_mode():
        ours = late.encoder.vit.patch_embed(image)
        expected = theirs.embeddings.patch_embeddings(image)
        assert torch.allclose(ours.flatten(1, -2), expected, atol=1e-5)
        tokens = torch.rand(1, 9, 384)
        attended = theirs.encoder.layer[3](tokens)
        attended = attended[0] if isinstance(attended, tuple) else attended
        assert torch.allclose(late.encoder.vit.blocks[3](tokens), attended, atol=1e-4)


def refusal(network: ClickNetwork, path: Path) -> str:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with pytest.raises(CheckpointError) as caught:
        load_encoder_weights(network, path)
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    return str(caught.value)


def test_the_wrong_encoder_is_named(
    network: ClickNetwork, late: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path
) -> None:
    plain = {name: tensor for name, tensor in vit(late).items() if ".ls" not in name}
    mae = write(tmp_path / "mae_pretrain_vit_base.pth", plain, "model")
    assert "is an MAE encoder, but the network has a MiT encoder" in refusal(network, mae)
    mit = write(tmp_path / "mit.pth", mit_as_nvlabs(encoder))
    assert "is a MiT encoder with NVlabs' names, but the network has a ViT encoder" in refusal(late, mit)
    resnet = write(tmp_path / "resnet.pth", {"conv1.weight": torch.ones(1), "layer1.0.conv1.weight": torch.ones(1)})
    assert "a file of 2 weights of a kind that is not known here (the first is conv1.weight)" in refusal(
        network, resnet
    )


def test_no_partial_load_passes(network: ClickNetwork, encoder: dict[str, Tensor], tmp_path: Path) -> None:
    lacking = {name: tensor for name, tensor in encoder.items() if ".norm1." not in name}
    words = refusal(network, write(tmp_path / "lacking.pth", lacking))
    assert (
        "lacks 16 weights that the network's encoder has: layers.0.1.0.norm1.weight, layers.0.1.0.norm1.bias" in words
    )
    assert words.endswith("and 13 more.")
    wrong = encoder | {"layers.3.2.bias": torch.zeros(9)}
    assert "layers.3.2.bias is (9,), but must be (256,)" in refusal(network, write(tmp_path / "wrong.pth", wrong))
    broken = encoder | {"layers.3.2.bias": torch.full((256,), float("nan"))}
    assert "layers.3.2.bias is not finite" in refusal(network, write(tmp_path / "broken.pth", broken))
    larger = create_network("segformer-b1")
    words = refusal(larger, write(tmp_path / "b0.pth", encoder))
    assert "layers.0.0.projection.weight is (32, 6, 7, 7), but must be (64, 6, 7, 7)" in words


def test_hrnet_of_timm_and_of_its_authors(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    torch.manual_seed(7)
    state = timm.create_model("hrnet_w18_small_v2").state_dict()
    network = create_network("hrnet-18s")
    before = network.state_dict()["maps_transform.0.weight"].clone()
    report = load_encoder_weights(network, write(tmp_path / "hrnetv2_w18_small_imagenet_pretrained.pth", state))
    loaded = network.state_dict()
    assert torch.equal(
        loaded["feature_extractor.stage4.0.branches.3.0.conv1.weight"], state["stage4.0.branches.3.0.conv1.weight"]
    )
    assert torch.equal(loaded["maps_transform.0.weight"], before)
    assert all(
        name.startswith(("incre_modules", "downsamp_modules", "final_layer", "classifier")) for name in report.unused
    )
    assert report.fresh == ()


def test_mae_starts_simpleclick(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    network = create_network("simpleclick-xtiny")
    torch.manual_seed(8)
    own = timm.models.vision_transformer.VisionTransformer(
        patch_size=16, embed_dim=160, depth=8, num_heads=4, num_classes=0, global_pool="token"
    )
    report = load_encoder_weights(network, write(tmp_path / "mae_pretrain_vit_xtiny.pth", own.state_dict(), "model"))
    assert "is an MAE encoder" in str(report)
    assert "resized from 14 x 14 to 28 x 28" in str(report)
    assert set(report.unused) == {"cls_token", "norm.weight", "norm.bias"}
    assert torch.equal(
        network.state_dict()["backbone.blocks.7.mlp.fc2.bias"], own.state_dict()["blocks.7.mlp.fc2.bias"]
    )


@pytest.mark.slow
def test_swin_of_its_authors(tmp_path: Path) -> None:
    network = create_network("swin-b")
    state = {
        name.removeprefix("backbone."): torch.randn_like(tensor)
        for name, tensor in network.state_dict().items()
        if name.startswith("backbone.") and not name.startswith("backbone.norm")
    }
    extra = {
        "norm.weight": torch.ones(1024),
        "head.bias": torch.ones(21841),
        "layers.0.blocks.0.attn.relative_position_index": torch.zeros(144, 144, dtype=torch.int64),
    }
    report = load_encoder_weights(
        network, write(tmp_path / "swin_base_patch4_window12_384_22k.pth", state | extra, "model")
    )
    assert len(report.fresh) == 8
    assert set(report.unused) == set(extra)
    assert_loaded(network, state, "backbone.")

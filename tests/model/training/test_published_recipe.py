"""The recipe as the published code has it: rates of learning with their slips, and which head has which loss."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision import tv_tensors

from model.errors import SettingsError
from model.networks import ClickNetwork, create_network
from model.training.click_samples import augmentation
from model.training.click_settings import CLICK_PRESETS, ClickSettings
from model.training.losses import binary_cross_entropy, normalized_focal_loss
from model.training.objectives import AuxiliaryHead
from model.training.rates import rate_groups

from .clicked import SMALL, batches_for, trainer_in

AS_MEANT = replace(SMALL, published_rates=False)


def slow_names(network: ClickNetwork, settings: ClickSettings = SMALL) -> set[str]:
    """Names of what learns at a tenth of the rate."""
    names = {id(parameter): name for name, parameter in network.named_parameters()}
    slow, fast = rate_groups(network, settings)
    assert (slow["share"], fast["share"]) == (0.1, 1.0)
    assert len(slow["params"]) + len(fast["params"]) == sum(each.requires_grad for each in network.parameters())
    return {names[id(each)] for each in slow["params"]}


def on_meta(name: str) -> ClickNetwork:
    with torch.device("meta"):
        return create_network(name)


def test_query_key_and_value_of_a_segformer_learn_at_the_full_rate() -> None:
    network = on_meta("segformer-b0")
    encoder = {name for name, _ in network.named_parameters() if name.startswith("encoder.")}
    joint = {name for name in encoder if "in_proj" in name}
    assert len(joint) == 2 * 8
    assert slow_names(network) == encoder - joint
    assert slow_names(network, AS_MEANT) == encoder


def test_heads_of_an_hrnet_learn_fast_but_its_last_layers() -> None:
    network = on_meta("hrnet-18s")
    slow = slow_names(network)
    heads = {name for name in slow if "head" in name or "conv3x3_ocr" in name}
    assert {name.split(".")[1] for name in heads} == {"cls_head", "aux_head"}
    assert not any(name.startswith("maps_transform") for name in slow)
    assert slow - slow_names(network, AS_MEANT) == heads


def test_heads_of_an_hrformer_learn_slowly_and_its_position_biases_fast() -> None:
    network = on_meta("hrformer-s")
    slow = slow_names(network)
    assert {"cls_head", "aux_head", "ocr_distri_head", "conv3x3"} <= {name.split(".")[1] for name in slow}
    assert not any(name.endswith("relative_position_bias_table") for name in slow)
    meant = slow_names(network, AS_MEANT)
    assert {name.split(".")[1] for name in meant} == {"backbone"}
    assert any(name.endswith("relative_position_bias_table") for name in meant)


def heard(module: nn.Module) -> list[Tensor]:
    answers: list[Tensor] = []
    module.register_forward_hook(lambda _, __, output: answers.append(output))
    return answers


@pytest.mark.parametrize(
    ("name", "options", "first", "second"),
    [
        ("hrformer-s", {}, "aux_head", "cls_head"),
        ("hrformer-s", {"swapped_heads": False}, "cls_head", "aux_head"),
        ("hrnet-18s", {}, "cls_head", "aux_head"),
    ],
)
def test_which_head_is_the_answer_and_which_the_second_one(
    name: str, options: dict[str, bool], first: str, second: str
) -> None:
    torch.manual_seed(0)
    network = create_network(name, **options).train()
    answers = {head: heard(network.get_submodule(f"feature_extractor.{head}")) for head in (first, second)}
    auxiliary = AuxiliaryHead(network)
    target = (torch.rand(2, 1, 64, 64) > 0.5).float()
    ignored = torch.zeros(2, 1, 64, 64, dtype=torch.bool)
    logits = network(torch.rand(2, 3, 64, 64), target, torch.zeros(2, 2, 64, 64))
    resize = nn.Upsample((64, 64), mode="bilinear", align_corners=True)
    assert torch.equal(logits, resize(answers[first][0]))
    loss = auxiliary.loss(target, ignored)
    assert loss is not None
    wanted = binary_cross_entropy(resize(answers[second][0]), target, ignored)
    assert float(loss.detach()) == pytest.approx(float(wanted.detach()))
    assert auxiliary.loss(target, ignored) is None


def test_the_second_head_of_an_hrformer_costs_nothing_after_the_training() -> None:
    network = create_network("hrformer-s").eval()
    unheard = heard(network.get_submodule("feature_extractor.cls_head"))
    network(torch.rand(1, 3, 32, 32), torch.zeros(1, 1, 32, 32), torch.zeros(1, 2, 32, 32))
    assert not unheard


def test_networks_without_a_second_head_have_no_second_loss() -> None:
    network = create_network("segformer-b0").train()
    auxiliary = AuxiliaryHead(network)
    target = torch.zeros(1, 1, 64, 64)
    network(torch.rand(1, 3, 64, 64), target, torch.zeros(1, 2, 64, 64))
    assert auxiliary.loss(target, target > 1) is None


def test_the_second_loss_weighs_two_fifths(tmp_path: Path) -> None:
    """What a step reports is the focal loss of the answer and 0.4 of the cross entropy of the second answer."""
    trainer = trainer_in(tmp_path, network="hrnet-18s", next_clicks=0)
    assert trainer.settings.aux_weight == CLICK_PRESETS["hrnet-32-coco-lvis"].aux_weight == 0.4
    answers, seconds = heard(trainer.network), heard(trainer.network.get_submodule(trainer.network.auxiliary))
    batch = next(batches_for(trainer))
    trainer.step(batch)
    trainer._report(1.0)
    told = json.loads((tmp_path / "metrics.jsonl").read_text().splitlines()[-1])
    target = batch.targets.float()
    second = nn.functional.interpolate(seconds[0], size=(64, 64), mode="bilinear", align_corners=True)
    wanted = normalized_focal_loss(answers[0], target, ignore=batch.ignored)
    wanted = wanted + 0.4 * binary_cross_entropy(second, target, batch.ignored)
    assert told["loss"] == pytest.approx(float(wanted.detach()), abs=1e-3)


@pytest.mark.parametrize("name", ["segformer-b0", "hrnet-18s", "hrformer-s"])
def test_a_step_reaches_every_parameter_that_is_trained(tmp_path: Path, name: str) -> None:
    """Several processes wait for the gradient of each of them."""
    trainer = trainer_in(tmp_path, network=name, next_clicks=0)
    trainer.step(next(batches_for(trainer)))
    missing = [name for name, each in trainer.network.named_parameters() if each.requires_grad and each.grad is None]
    assert not missing


def test_a_network_is_built_with_the_options_of_the_settings() -> None:
    settings = replace(SMALL, network_options=("in_channels=5", "drop_path=0.2", "swapped_heads=no"))
    assert settings.options() == {"in_channels": 5, "drop_path": 0.2, "swapped_heads": False}
    with pytest.raises(SettingsError, match="NAME=VALUE"):
        replace(SMALL, network_options=("in_channels",)).options()


TURNED = replace(SMALL, crop=(48, 48), is_turned=True)


def turned(image: Tensor, masks: Tensor, seed: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(seed)
    seen, cut = augmentation(TURNED)(tv_tensors.Image(image), tv_tensors.Mask(masks))
    return seen.as_subclass(Tensor), cut.as_subclass(Tensor)


def test_images_are_flipped_and_turned_as_often_as_published() -> None:
    """Half of them flipped, to one of three sides; half of them turned by one of four angles, 0 among them.

    What lies in one corner stays there with 1/2 * 5/8 + 3 * 1/6 * 1/8.
    """
    image = torch.zeros(3, 48, 48, dtype=torch.uint8)
    image[:, 4:20, 4:20] = 200
    seen = [turned(image, image[:1], seed)[0][0].float() for seed in range(600)]
    stays = [float(each[:24, :24].sum() / each.sum()) > 0.5 for each in seen]
    assert sum(stays) / len(stays) == pytest.approx(0.375, abs=0.05)


def test_images_are_shifted_smoothly_and_masks_keep_their_numbers() -> None:
    masks = torch.zeros(1, 48, 48, dtype=torch.int32)
    masks[:, :, ::4] = masks[:, :, 1::4] = 7
    image = (masks.expand(3, -1, -1) * 30).to(torch.uint8)
    values: set[int] = set()
    for seed in range(8):
        seen, cut = turned(image, masks, seed)
        values |= set(seen.flatten().tolist())
        assert set(cut.flatten().tolist()) <= {0, 7}
    assert len(values) > 20

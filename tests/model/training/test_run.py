"""A training run on a tiny collection: views, steps, resume, export, and the sentences for bad input."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.checkpoints import load_checkpoint, save_checkpoint
from model.cli import Parser
from model.commands.train import add_arguments, read_settings
from model.data.collection import read_collection
from model.errors import DatasetError, SettingsError
from model.networks import create_network
from model.networks.late import LateNetwork
from model.training.bundled import export_run, keep_collection, read_start, train_decoder
from model.training.kept_views import SHARD_VIEWS, open_views, shards_of
from model.training.loop import Trainer
from model.training.settings import PRESETS, TrainingSettings
from model.training.views import plan_views, targets_of, token_grid, view_of

SETTINGS = replace(PRESETS["trial"], samples=8, batch_size=2, crop_tokens=(12,), crop_shares=(1.0,), threads=2)


@pytest.fixture
def collection(tmp_path: Path) -> tuple[Path, Path]:
    """A collection of one set with two photos of 96x128, each with two blocks of colour as objects."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "data" / "blocks"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    (folder / "set.json").write_text(json.dumps({"kind": "instances"}), encoding="utf-8")
    for stem in ("a", "b"):
        labels = np.zeros((96, 128), np.uint8)
        labels[20:60, 10:50], labels[30:80, 70:120] = 1, 2
        image = rng.integers(0, 80, (96, 128, 3)).astype(np.uint8)
        image[labels == 1] += 120
        cv2.imwrite(str(folder / "images" / f"{stem}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{stem}.png"), labels)
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("set", "stem", "split"), ("blocks", "a", "train"), ("blocks", "b", "train")])
    return tmp_path / "data", manifest


@pytest.fixture(scope="module")
def network() -> LateNetwork:
    torch.manual_seed(0)
    return LateNetwork().eval()


def test_the_grid_has_32_tokens_at_the_longer_side() -> None:
    assert token_grid(480, 640) == (24, 32)
    assert token_grid(640, 480) == (32, 24)
    assert token_grid(100, 1000) == (12, 32)


def test_a_view_keeps_labels_on_their_pixels(collection: tuple[Path, Path]) -> None:
    images = read_collection(*collection, "train")
    plan = plan_views(images, 0.0, 1)[0]
    image = np.zeros((96, 128, 3), np.uint8)
    labels = np.zeros((96, 128), np.uint16)
    labels[24:72, 32:96] = 5
    image[labels == 5] = 255
    colours, cut = view_of(image, labels, plan)
    assert colours.shape == (16 * plan.rows, 16 * plan.cols, 3)
    assert cut.shape == (8 * plan.rows, 8 * plan.cols)
    bright = colours[::2, ::2, 0] > 127
    assert np.mean(bright == (cut == 5)) > 0.98
    assert targets_of(cut) == [5]


def test_shards_hold_every_plan_once(collection: tuple[Path, Path]) -> None:
    images = read_collection(*collection, "train")
    plans = plan_views(images, 0.0, 1) * SHARD_VIEWS
    shards = shards_of(plans, 4)
    assert sum(len(shard) for shard in shards) == len(plans)
    assert max(len(shard) for shard in shards) <= SHARD_VIEWS


def test_a_run_trains_resumes_and_exports(collection: tuple[Path, Path], network: LateNetwork, tmp_path: Path) -> None:
    run = tmp_path / "run"
    keep_collection(network, *collection, run, SETTINGS)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    train_decoder(network, run, SETTINGS, resume=False)
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert not any(name.startswith("encoder.") for name in changed)
    with pytest.raises(SettingsError, match="--resume"):
        train_decoder(network, run, SETTINGS, resume=False)
    train_decoder(network, run, replace(SETTINGS, samples=12, warmup_steps=0), resume=True)
    target = tmp_path / "small.safetensors"
    samples = export_run(network.eval(), run, target, {"preset": "trial"})
    assert samples >= 12
    loaded = load_checkpoint(target)
    assert loaded.card["samples"] == samples
    exported = loaded.network.state_dict()
    for name, value in network.state_dict().items():
        assert torch.allclose(exported[name], value, atol=2e-2 if name.startswith("encoder.") else 0), name


def test_a_model_is_trained_further(collection: tuple[Path, Path], network: LateNetwork, tmp_path: Path) -> None:
    run, target = tmp_path / "run", tmp_path / "further.safetensors"
    first = tmp_path / "first.safetensors"
    save_checkpoint(first, network, "late-vit-s14", {}, name="first", card={"samples": 8})
    start, card = read_start(str(first))
    for name, value in network.state_dict().items():
        assert torch.equal(start.state_dict()[name], value), name
    keep_collection(start, *collection, run, SETTINGS)
    train_decoder(start, run, replace(SETTINGS, channel_dropout=0.3), resume=False)
    export_run(start.eval(), run, target, card)
    loaded = load_checkpoint(target)
    assert loaded.card["started_from"] == load_checkpoint(first).sha256
    assert loaded.card["samples_before"] == 8
    assert not torch.equal(loaded.network.state_dict()["context.0.weight"], network.state_dict()["context.0.weight"])


def test_another_network_cannot_be_trained_further(tmp_path: Path) -> None:
    path = tmp_path / "early.safetensors"
    save_checkpoint(path, create_network("segformer-b0"), "segformer-b0", {}, name="early", card={})
    with pytest.raises(SettingsError, match="is a segformer-b0"):
        read_start(str(path))


def test_dropped_channels_are_missing_at_every_token(
    collection: tuple[Path, Path], network: LateNetwork, tmp_path: Path
) -> None:
    keep_collection(network, *collection, tmp_path, SETTINGS)
    trainer = Trainer(network, open_views(tmp_path / "views"), replace(SETTINGS, channel_dropout=0.25), tmp_path)
    thinned = trainer._thin_out(torch.ones(2, 5, 400))
    assert np.unique(thinned.numpy()).tolist() == pytest.approx([0.0, 4 / 3])
    assert torch.equal(thinned, thinned[:, :1].expand(-1, 5, -1))
    assert 0.65 < float((thinned > 0).float().mean()) < 0.85


def test_kept_tokens_are_those_of_the_encoder(
    collection: tuple[Path, Path], network: LateNetwork, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    keep_collection(network, *collection, run, replace(SETTINGS, zoom_views=0.0))
    views = open_views(run / "views")[0]
    images = read_collection(*collection, "train")
    order = [str(entry["stem"]) for entry in views.index]
    item = images[[image.stem for image in images].index(order[0])]
    pixels = item.read_pixels()
    plan = plan_views(images, 0.0, SETTINGS.seed)[images.index(item)]
    colours, _ = view_of(pixels, np.zeros((96, 128), np.uint16), plan)
    with torch.inference_mode():
        trunk = network.encoder.trunk(torch.from_numpy(colours).permute(2, 0, 1)[None].float() / 255)
    kept = torch.from_numpy(np.asarray(views.arrays["trunk"][0], np.float32))
    assert torch.allclose(kept, trunk[0], atol=2e-2)


def test_no_views_is_said(network: LateNetwork, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no encoded views"):
        train_decoder(network, tmp_path, SETTINGS, resume=False)


def test_every_setting_is_an_option() -> None:
    parser = Parser(prog="isegformer train")
    add_arguments(parser)
    places = ["--data", "d", "--manifest", "m", "--encoder-weights", "w", "--run", "r"]
    crops = ["--crop-tokens", "12,16", "--crop-shares", "0.5,0.5"]
    arguments = parser.parse_args([*places, "--samples", "7", *crops, "--without-sets", "a,b"])
    settings = read_settings(arguments)
    assert isinstance(settings, TrainingSettings)
    assert (settings.samples, settings.crop_tokens, settings.without_sets) == (7, (12, 16), ("a", "b"))
    assert settings.batch_size == PRESETS["bundled"].batch_size
    with pytest.raises(SettingsError, match="samples"):
        read_settings(parser.parse_args([*places, "--samples", "many"]))

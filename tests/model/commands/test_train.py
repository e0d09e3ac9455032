"""`isegformer train` from one's own folder: the check, the refusals, a whole network trained and used."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.checkpoints import load_checkpoint
from model.cli import main
from model.clicks import Click
from model.engine import Segmenter
from model.networks import create_network
from model.training.distillation import Distillation, Teacher
from tests.model.conftest import Dataset

TINY = (
    *("--preset", "from-scratch", "--crop", "32,32", "--batch-size", "2", "--epochs", "1", "--epoch-samples", "4"),
    *("--threads", "1", "--device", "cpu", "--min-area", "20"),
)


def train(*words: str | Path) -> int:
    return main(["train", *map(str, words)])


def test_a_network_is_trained_resumed_and_used(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, run = dataset("blocks", 4), tmp_path / "run"
    assert train(*TINY, "--data", folder, "--output", run) == 0
    said = capsys.readouterr().out
    assert "4 images with 8 objects can be used" in said
    assert "A step takes about" in said
    model = run / "model.safetensors"
    assert load_checkpoint(model).network_name == "segformer-b0"
    segmenter = Segmenter.load(model, "cpu")
    segmenter.set_image(np.zeros((40, 50, 3), np.uint8))
    assert segmenter.predict([Click(20, 20, is_positive=True)]).shape == (40, 50)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert any("held_out" in line for line in lines)
    assert (run / "tensorboard").is_dir()
    assert json.loads((run / "settings.json").read_text())["versions"]["torch"]
    assert train(*TINY, "--data", folder, "--output", run) == 2
    assert "--resume" in capsys.readouterr().err
    assert train(*TINY, "--epochs", "2", "--data", folder, "--output", run, "--resume", "auto") == 0
    assert load_checkpoint(model).card["samples"] == 8


def test_the_check_alone_writes_its_report(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = dataset("blocks", 4)
    (folder / "masks" / "3.png").unlink()
    run = tmp_path / "run"
    assert train("--data", folder, "--output", run, "--check-only") == 0
    assert "3: there is an image but no mask" in capsys.readouterr().out
    report = json.loads((run / "report.json").read_text())
    assert (report["images"], report["training"] + report["held_out"]) == (3, 3)
    assert report["seconds"]["all"] > 0
    assert train("--data", folder, "--output", run, "--check-only", "--strict") == 2
    assert "not clean" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--preset", "bundled", "--data", "x"), "needs --manifest"),
        (("--data", "x", "--epochs", "3"), "has no setting epochs"),
        (("--data", "x", "--minutes", "soon"), "minutes must be"),
        (("--data", "nowhere"), "There is no folder or file 'nowhere'"),
        ((*TINY, "--data", "nowhere", "--batch-size", "0.5"), "batch_size must be"),
    ],
)
def test_bad_input_ends_in_a_sentence(
    words: tuple[str, ...], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*words, "--output", tmp_path / "run") == 2
    message = capsys.readouterr().err
    assert said in message
    assert message.count("\n") == 1


def test_an_early_network_is_not_for_the_preset_finetune(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, run = dataset("blocks", 2), tmp_path / "run"
    assert train(*TINY, "--hold-out", "0", "--data", folder, "--output", run) == 0
    model = run / "model.safetensors"
    assert train("--data", folder, "--output", tmp_path / "tuned", "--start-from", model) == 2
    assert "fuses clicks early" in capsys.readouterr().err


def test_an_encoder_learns_from_a_teacher() -> None:
    torch.manual_seed(0)
    network = create_network("segformer-b0")
    teacher = Teacher("vit_tiny_patch16_224", None)
    distillation = Distillation(network, teacher, seed=1)
    images = torch.rand(2, 3, 64, 96)
    assert teacher(images).shape == (2, 192, 4, 6)
    losses = []
    for _ in range(8):
        loss = distillation.loss(images)
        distillation.step(loss)
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.05
    assert all(not parameter.requires_grad for parameter in teacher.parameters())

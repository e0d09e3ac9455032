"""`isegformer train` from one's own folder: the check, the refusals, a whole network trained and used."""

import json
import os
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.checkpoints import load_checkpoint
from model.cli import Parser, main
from model.clicks import Click
from model.engine import Segmenter
from model.networks import create_network
from model.store import resolve_model
from model.training.click_settings import CLICK_PRESETS
from model.training.distillation import Distillation, Teacher
from model.training.run_folder import RunFolder
from model.training.settings import PRESETS
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
    picture = cv2.imread(str(run / "samples" / "1-000004.png"))
    assert picture is not None
    assert picture.shape == (32, 32, 3)
    assert json.loads((run / "settings.json").read_text())["versions"]["torch"]
    assert train(*TINY, "--data", folder, "--output", run) == 2
    assert "--resume" in capsys.readouterr().err
    assert train(*TINY, "--epochs", "2", "--data", folder, "--output", run, "--resume", "auto") == 0
    assert load_checkpoint(model).card["samples"] == 8


@pytest.mark.parametrize(("before", "after"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_that_wait_sleep_unless_one_says_otherwise(
    before: str | None, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", before or "")
    if before is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    assert train() == 2
    assert os.environ["OMP_WAIT_POLICY"] == after


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


def test_every_setting_is_an_option() -> None:
    from model.commands import train as command

    parser = Parser()
    command.add_arguments(parser)
    options = {word for action in parser._actions for word in action.option_strings}
    for preset in (*PRESETS.values(), *CLICK_PRESETS.values()):
        assert {f"--{field.name.replace('_', '-')}" for field in fields(preset)} <= options


def test_the_help_says_what_settings_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train("--help")
    said = " ".join(capsys.readouterr().out.split())
    assert "Learning rate of the encoder, as a share of the others'." in said
    assert "Share of the objects whose images are held out" in said
    assert "Time between two lines of metrics." in said  # of the class that all settings extend


def test_a_published_set_is_checked_where_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for stem, value in (("a", 255), ("b", 0)):
        for folder, array in (("img", np.zeros((40, 50, 3))), ("gt", np.full((40, 50), value))):
            (tmp_path / folder).mkdir(exist_ok=True)
            cv2.imwrite(str(tmp_path / folder / f"{stem}.png"), array.astype(np.uint8))
    words = (*TINY, "--dataset", "davis", "--data", tmp_path, "--output", tmp_path / "run")
    assert train(*words, "--check-only") == 0
    assert "davis/b: its mask is empty" in capsys.readouterr().out
    assert train(*words, "--strict") == 2
    assert "not clean" in capsys.readouterr().err


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


DISTILLED = (*TINY, "--teacher", "vit_tiny_patch16_224", "--teacher-samples", "12", "--learning-rate", "1e-3")


@pytest.mark.parametrize("ending", ["stopped", "killed"])
def test_learning_from_a_teacher_goes_on_where_it_was_left(
    ending: str, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*DISTILLED, "--data", dataset("blocks", 4))
    assert train(*words, "--output", tmp_path / "whole") == 0
    run, step = tmp_path / "run", Distillation.step
    steps: list[float] = []

    def left(self: Distillation, loss: torch.Tensor) -> None:
        steps.append(float(loss.detach()))
        step(self, loss)
        if len(steps) == 3:
            if ending == "killed":
                raise SystemExit
            RunFolder(run).wish("stop")

    with monkeypatch.context() as patch:
        patch.setattr(Distillation, "step", left)
        saving = () if ending == "stopped" else ("--checkpoint-minutes", "0")
        with pytest.raises(SystemExit) if ending == "killed" else nullcontext():
            assert train(*words, *saving, "--output", run) != 0
        assert train(*words, "--output", run, "--resume", "auto") == 0
    # Of six steps the third is done again where nothing could be kept of it.
    assert len(steps) == (6 if ending == "stopped" else 7)
    assert steps[2] == steps[3] or ending == "stopped"
    assert_same_model(tmp_path / "whole", run)


def assert_same_model(one: Path, other: Path) -> None:
    first, second = (load_checkpoint(folder / "model.safetensors").network.state_dict() for folder in (one, other))
    assert [name for name, value in first.items() if not torch.equal(value, second[name])] == []


def test_a_run_that_has_learned_from_its_teacher_does_not_do_so_again(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*DISTILLED, "--data", dataset("blocks", 4), "--output", tmp_path / "run")
    assert train(*words) == 0
    monkeypatch.setattr(Distillation, "step", lambda *_: pytest.fail("it learned a second time"))
    assert train(*words, "--epochs", "2", "--resume", "auto") == 0


def test_another_teacher_is_not_gone_on_with(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    words = (*DISTILLED, "--data", dataset("blocks", 4), "--output", run)
    with monkeypatch.context() as patch:
        patch.setattr(Distillation, "step", lambda *_: RunFolder(run).wish("stop"))
        assert train(*words) != 0
    capsys.readouterr()
    assert train(*words, "--teacher", "vit_small_patch16_224", "--resume", "auto") == 2
    assert "is of another teacher; name another folder" in capsys.readouterr().err


def test_a_model_is_trained_on_with_its_first_blocks_frozen(dataset: Dataset, tmp_path: Path) -> None:
    run, folder = tmp_path / "run", dataset("blocks", 2)
    words = ("--start-from", "late-vit-s14", "--network", "late-vit-s14", "--frozen-blocks", "11", "--next-clicks", "0")
    assert train(*TINY, *words, "--data", folder, "--output", run) == 0
    before = load_checkpoint(resolve_model("late-vit-s14")).network.state_dict()
    after = load_checkpoint(run / "model.safetensors").network.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert any(name.startswith("decoder.") for name in changed)
    blocks = {name.split(".")[3] for name in changed if name.startswith("encoder.vit.blocks.")}
    assert blocks == {"11"}
    assert not [name for name in changed if "patch_embed" in name or name.endswith(("pos_embed", "cls_token"))]
    assert (run / "model.safetensors").stat().st_size < 50e6  # The encoder goes into the file in half precision.


def test_starts_that_do_not_fit_are_refused(
    dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("--data", dataset("blocks", 2), "--output", tmp_path / "run")
    assert train(*TINY, "--start-from", "late-vit-s14", *where) == 2
    assert "is a late-vit-s14 as it is: give --network late-vit-s14" in capsys.readouterr().err
    assert train(*TINY, "--frozen-blocks", "3", *where) == 2
    assert "Only late fusion has blocks to freeze" in capsys.readouterr().err
    late = ("--start-from", "late-vit-s14", "--network", "late-vit-s14")
    assert train(*TINY, "--crop", "40,40", *late, *where) == 2
    assert "must be multiples of 16" in capsys.readouterr().err
    assert train(*TINY, "--manifest", tmp_path / "manifest.csv", *where) == 2
    assert "add --dataset folder" in capsys.readouterr().err


def test_the_manifest_chooses_the_images(dataset: Dataset, tmp_path: Path) -> None:
    folder, run = dataset("blocks", 3), tmp_path / "run"
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("set,stem,split\nblocks,0,train\nblocks,1,val\n")
    chosen = ("--dataset", "folder", "--manifest", manifest, "--min-area", "1", "--next-clicks", "0")
    assert train(*TINY, *chosen, "--data", folder.parent, "--output", run) == 0
    assert (run / "model.safetensors").exists()
    manifest.write_text("set,stem,split\nblocks,1,val\n")
    assert train(*TINY, *chosen, "--data", folder.parent, "--output", tmp_path / "other") == 2


def test_a_teacher_is_taken_out_of_a_model(tmp_path: Path) -> None:
    path = resolve_model("late-vit-s14")
    teacher = Teacher("vit_small_patch14_dinov2", path)
    wanted = load_checkpoint(path).network.state_dict()["encoder.vit.norm.weight"]
    assert torch.equal(teacher.vit.state_dict()["norm.weight"], wanted)

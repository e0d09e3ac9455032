"""`isegformer checkpoint`, as a user calls it."""

import json
from pathlib import Path

import pytest
import torch

from model.checkpoints import load_checkpoint, save_checkpoint
from model.cli import main
from model.networks import create_network
from model.store import models_folder, published, stored_models
from model.store.published import PublishedModel
from tests.model.checkpoints.published import as_isegformer, save_published
from tests.model.store.liar import Manner, serving

SEGFORMER = "isegm.model.is_segformer_model.SegformerModel"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    state = as_isegformer(create_network("segformer-b0").state_dict())
    return save_published(tmp_path / "054.pth", state, SEGFORMER)


Output = pytest.CaptureFixture[str]


def test_info_of_the_bundled_model(capsys: Output) -> None:
    assert main(["checkpoint", "info", "late-vit-s14"]) == 0
    text = capsys.readouterr().out
    assert "late-vit-s14" in text
    for word in (
        "parameters:",
        "256 x 256",
        "400 x 400",
        "512 x 512",
        "licence:",
        "source:",
        "metrics:",
        "fusion:",
        "inputs:",
    ):
        assert word in text
    assert main(["checkpoint", "info", "late-vit-s14", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["inputs"] == ["image (RGB)", "previous mask", "positive clicks", "negative clicks"]
    assert facts["sha256"] == load_checkpoint(Path("resources/models/late-vit-s14.safetensors")).sha256
    counts = facts["multiply-adds"]
    assert list(counts) == ["256", "400", "512"]
    assert counts["512"]["encode"] > 10 * counts["512"]["click"] > 0
    assert facts["speed"] == "fast"
    assert facts["licence"].startswith("MIT for the decoder")
    card = json.loads(Path("resources/models/late-vit-s14.card.json").read_text(encoding="utf-8"))["card"]
    assert facts["metrics"] == card["metrics"]
    assert facts["metrics"]["NoC@90"] > 1
    assert "DINOv2" in facts["source"]["encoder"]


def test_parameters_and_operations_are_the_published_ones(tmp_path: Path, capsys: Output) -> None:
    """Table 1 of the paper's sizes, and FocalClick's table: RITM's HRNet-18s takes 8.96 billion at 400 x 400."""
    path = tmp_path / "h18s.safetensors"
    save_checkpoint(path, create_network("hrnet-18s"), "hrnet-18s", {}, name="h", card={"metrics": {"NoC@90": 3.4}})
    assert main(["checkpoint", "info", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["parameters"] == pytest.approx(4.22e6, rel=0.005)
    assert facts["multiply-adds"]["400"]["click"] == pytest.approx(8.96e9, rel=0.04)
    assert facts["metrics"] == {"NoC@90": 3.4}


def test_info_of_foreign_files(foreign: Path, tmp_path: Path, capsys: Output) -> None:
    assert main(["checkpoint", "info", str(foreign)]) == 0
    text = capsys.readouterr().out
    assert "an iSegFormer model with SegFormer" in text
    assert SEGFORMER in text
    assert "isegformer checkpoint import" in text
    torch.save({"model": {"pos_embed": torch.ones(1), "blocks.0.attn.qkv.weight": torch.ones(1)}}, tmp_path / "mae.pth")
    assert main(["checkpoint", "info", str(tmp_path / "mae.pth")]) == 0
    assert "not a click model: use it for training, as --encoder-weights" in capsys.readouterr().out


def test_import_writes_a_model_that_can_be_used(foreign: Path, tmp_path: Path, capsys: Output) -> None:
    output = tmp_path / "out.safetensors"
    assert main(["checkpoint", "import", str(foreign), "-o", str(output), "--name", "paper"]) == 0
    assert (
        "an iSegFormer model with SegFormer, as the network segformer-b0; 5 weights that no answer"
        in capsys.readouterr().out
    )
    assert load_checkpoint(output).name == "paper"


def test_names_in_a_file_do_not_steer_the_terminal(tmp_path: Path, capsys: Output) -> None:
    path = tmp_path / "strange.pth"
    torch.save({"a\nb\x1b[31m": torch.ones(1)}, path)
    assert main(["checkpoint", "info", str(path)]) == 0
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert r"a\nb\x1b[31m" in told
    assert main(["checkpoint", "import", str(path), "-o", str(tmp_path / "out.safetensors")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "\x1b" not in line


def test_kept_models_are_listed_used_by_name_and_removed(foreign: Path, capsys: Output) -> None:
    assert main(["checkpoint", "import", str(foreign), "--keep", "--name", "mine"]) == 0
    assert stored_models() == ("mine",)
    assert main(["checkpoint", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("late-vit-s14") and "bundled" in line for line in lines)
    assert any(line.startswith("mine") and "14.9 MB" in line and "fast" in line and "MIT" in line for line in lines)
    assert main(["checkpoint", "list", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == ["late-vit-s14", "mine"]
    assert main(["checkpoint", "info", "mine"]) == 0
    assert main(["checkpoint", "import", str(foreign), "--keep", "--name", "mine"]) == 2
    assert "There is a model 'mine' already" in capsys.readouterr().err
    assert main(["checkpoint", "remove", "mine"]) == 0
    assert stored_models() == ()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "none.pth", "-o", "out.safetensors"], "cannot be read"),
        (["import", "none.pth", "-o", "out.pth"], "must|let the name"),
        (["import", "none.pth"], "ne of the arguments"),
        (["export", "late-vit-s14", "--format", "onnx", "-o", "out.bin"], "let the name"),
        (["info", "none"], "There is no model 'none'"),
        (["remove", "late-vit-s14"], "belongs to a bundled model"),
        (["download", "none"], "There is no published model 'none'; choose one of: ritm-h18s"),
        ([], "required"),
        (["import", "none.pth", "--keep", "--name", "../x"], "cannot be named"),
        (["import", "none.pth", "-o", "out.safetensors", "--name", "a\nb"], "cannot be called"),
        (["import", "none.pth", "-o", "out.safetensors", "--name", "x" * 300], "cannot be called"),
    ],
)
def test_bad_use_ends_in_one_sentence(words: list[str], sentence: str, capsys: Output) -> None:
    assert main(["checkpoint", *words]) == 2
    captured = capsys.readouterr()
    assert len(captured.err.strip().splitlines()) == 1
    assert any(each in captured.err for each in sentence.split("|"))


def test_published_models_are_listed_with_their_licence(capsys: Output) -> None:
    assert main(["checkpoint", "download"]) == 0
    text = capsys.readouterr().out
    assert "ritm-h18s: RITM HRNet-18s" in text
    assert "licence: MIT" in text


def test_a_published_model_comes_only_after_its_licence(
    foreign: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    manner = Manner(foreign.read_bytes(), cuts=[1000])
    with serving(manner) as url:
        row = PublishedModel("there", "A model", url, None, None, "segformer-b0", "a project", "MIT, truly")
        monkeypatch.setattr(published, "published_models", lambda: (row,))
        assert main(["checkpoint", "download", "there"]) == 2
        captured = capsys.readouterr()
        assert "licence:  MIT, truly" in captured.out
        assert "The licence was not accepted" in captured.err
        assert manner.asked == []
        assert main(["checkpoint", "download", "there", "--accept-licence"]) == 0
        assert "use it with --model there" in capsys.readouterr().out
        assert main(["checkpoint", "download", "there", "--accept-licence"]) == 2
    checkpoint = load_checkpoint(models_folder() / "there.safetensors")
    assert checkpoint.card["licence"] == "MIT, truly"
    assert checkpoint.card["source"]["address"] == url
    assert len(checkpoint.card["source"]["sha256"]) == 64
    assert list((models_folder() / ".downloads").iterdir()) == []

"""Models and devices that cannot be had: one sentence, code 2, no file."""

from pathlib import Path

import pytest
import torch

from model.checkpoints import save_checkpoint
from model.cli import main
from model.engine import Segmenter
from model.networks import create_network


@pytest.mark.parametrize("model", ["no-such-model", "damaged.safetensors", "weights.pth", "."])
def test_a_model_that_is_none_ends_with_one_sentence(
    model: str, cat_photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = tmp_path / "whole.safetensors"
    save_checkpoint(whole, create_network("segformer-b0"), "segformer-b0", {}, name="whole", card={})
    (tmp_path / "damaged.safetensors").write_bytes(whole.read_bytes()[:100_000])
    (tmp_path / "weights.pth").write_bytes(b"\x80\x04pickle")
    words = ["segment", str(cat_photo), "--positive", "220,150", "--output", "mask.png", "--model", model]
    assert main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert model in lines[0]
    assert not (tmp_path / "mask.png").exists()


@pytest.mark.parametrize("device", ["cuda", "tpu"])
def test_a_device_that_is_not_there_ends_with_one_sentence(
    device: str, cat_photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    output = tmp_path / "mask.png"
    words = ["segment", str(cat_photo), "--positive", "220,150", "--output", str(output), "--device", device]
    assert main(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert device in lines[0]
    assert not output.exists()


def test_a_full_memory_ends_with_one_sentence(
    cat_photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch says it as a `RuntimeError` on a processor."""
    monkeypatch.setattr(Segmenter, "load", lambda *_, **__: torch.empty(2**50, dtype=torch.uint8))
    words = ["segment", str(cat_photo), "--positive", "220,150", "--output", str(tmp_path / "mask.png")]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "not enough memory" in line


def test_a_real_checkpoint_segments_the_sample(cat_photo: Path, tmp_path: Path) -> None:
    model, output = tmp_path / "b0.safetensors", tmp_path / "mask.png"
    save_checkpoint(model, create_network("segformer-b0"), "segformer-b0", {}, name="b0", card={}, half=True)
    words = ["segment", str(cat_photo), "--positive", "220,150", "--output", str(output)]
    assert main([*words, "--model", str(model), "--device", "cpu", "--threads", "1"]) == 0
    assert output.stat().st_size > 0

"""Models as ONNX graphs: every family agrees with torch in ONNX Runtime, or is refused with a sentence."""

from pathlib import Path

import pytest
import torch

from model.checkpoints import load_checkpoint, save_checkpoint
from model.cli import main
from model.networks import create_network, hrformer, segnext
from model.networks.plain_vit import VitSize
from resources import resource_path

Output = pytest.CaptureFixture[str]


def saved(name: str, folder: Path) -> Path:
    torch.manual_seed(1)
    path = folder / "model.safetensors"
    save_checkpoint(path, create_network(name), name, {}, name="small", card={"licence": "MIT"})
    return path


def exported(model: Path, output: Path) -> int:
    return main(["checkpoint", "export", str(model), "--format", "onnx", "-o", str(output)])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("segformer-b0", 32),
        ("hrnet-18s", 32),
        ("hrformer-s", 32),
        ("simpleclick-xtiny", 224),
        ("timm:pvt_v2_b0", 32),
    ],
)
def test_early_fusion_is_one_graph(
    name: str, unit: int, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    # HRFormer with fewer exchanges: tracing its windows takes minutes.
    monkeypatch.setattr(hrformer, "_MODULES", (1, 1, 1))
    onnx = pytest.importorskip("onnx")
    model, output = saved(name, tmp_path), tmp_path / "model.onnx"
    assert exported(model, output) == 0
    text = capsys.readouterr().out
    assert "opset 18; inputs image (1, 3, H, W), previous (1, 1, H, W), clicks (1, 2, H, W); outputs logits" in text
    assert f"height and width: multiples of {unit}" in text
    graph = onnx.load(output)
    assert [each.version for each in graph.opset_import if each.domain == ""] == [18]
    assert {each.key: each.value for each in graph.metadata_props}["licence"] == "MIT"
    assert [path.name for path in tmp_path.glob("*.onnx*")] == ["model.onnx"]
    agrees(model, [output], unit)


@pytest.mark.slow
def test_late_fusion_is_two_graphs(tmp_path: Path, capsys: Output) -> None:
    output = tmp_path / "late.onnx"
    assert exported(Path("late-vit-s14"), output) == 0
    assert "context (1, 128, H/16, W/16)" in capsys.readouterr().out
    graphs = [tmp_path / "late-encoder.onnx", tmp_path / "late-decoder.onnx"]
    assert sorted(path.name for path in tmp_path.glob("*.onnx*")) == ["late-decoder.onnx", "late-encoder.onnx"]
    agrees(resource_path("models/late-vit-s14.safetensors"), graphs, 16)


@pytest.mark.slow
def test_segnext_is_two_graphs(tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a smaller copy: views, windows and patches are as published."""
    monkeypatch.setattr(segnext, "_VIT", VitSize(32, 3, 2, 16, 1024, 3))
    monkeypatch.setattr(segnext, "_LEVELS", (8, 16, 32, 64))
    monkeypatch.setattr(segnext, "_HEAD", 16)
    model, output = saved("segnext-sax2", tmp_path), tmp_path / "next.onnx"
    assert exported(model, output) == 0
    assert "tokens (1, 32, H/16, W/16)" in capsys.readouterr().out
    agrees(model, [tmp_path / "next-encoder.onnx", tmp_path / "next-decoder.onnx"], 256)


@pytest.mark.parametrize(
    ("name", "words"), [("focalclick-b0", "it looks a second time"), ("swin-b", "its windows are padded and shifted")]
)
def test_a_network_that_no_graph_holds_is_refused_at_once(
    name: str, words: str, tmp_path: Path, capsys: Output
) -> None:
    pytest.importorskip("onnxruntime")
    assert exported(saved(name, tmp_path), tmp_path / "out.onnx") == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert f"{name} cannot be written as an ONNX graph: {words}" in line
    assert list(tmp_path.glob("*.onnx*")) == []


def agrees(model: Path, graphs: list[Path], unit: int) -> None:
    """Other sizes and other numbers than the export itself compared; no click, one click, many."""
    onnxruntime = pytest.importorskip("onnxruntime")
    network = load_checkpoint(model).network
    sessions = [onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in graphs]
    generator = torch.Generator().manual_seed(7)
    sizes = ((1, 1), (8, 3), (4, 11), (9, 9)) if unit <= 32 else ((1, 1), (2, 1), (1, 3), (2, 2))
    for (rows, cols), density in zip(sizes, (0.0, 0.0, 0.001, 0.1), strict=True):
        shape = (rows * unit, cols * unit)
        image, previous = (torch.rand(1, channels, *shape, generator=generator) for channels in (3, 1))
        clicks = (torch.rand(1, 2, *shape, generator=generator) < density).float()
        with torch.inference_mode():
            expected = network(image, previous, clicks)
        fed = {"image": image.numpy()}
        if len(sessions) == 2:
            names = [each.name for each in sessions[0].get_outputs()]
            fed = dict(zip(names, sessions[0].run(None, fed), strict=True))
        found = sessions[-1].run(None, fed | {"previous": previous.numpy(), "clicks": clicks.numpy()})[0]
        assert torch.allclose(torch.from_numpy(found), expected, atol=1e-4, rtol=0), (rows, cols, density)

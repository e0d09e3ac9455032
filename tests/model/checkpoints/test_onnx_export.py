"""Models as ONNX graphs: every family agrees with torch in ONNX Runtime."""

from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from model.checkpoints import load_checkpoint, onnx_export, save_checkpoint
from model.checkpoints.onnx_check import Comparison
from model.cli import main
from model.networks import ClickNetwork, create_network, hrformer, segnext, swin
from model.networks.click_maps import disk_maps
from model.networks.plain_vit import VitSize
from resources import resource_path

from ..networks.weights import stirred

Output = pytest.CaptureFixture[str]


def saved(name: str, folder: Path, spread: float = 0.01, **options: Any) -> Path:
    torch.manual_seed(1)
    path = folder / "model.safetensors"
    network = stirred(create_network(name, **options), spread=spread)
    assert isinstance(network, ClickNetwork)
    save_checkpoint(path, network, name, options, name="small", card={"licence": "MIT"})
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
        ("swin-b", 32),
        ("timm:pvt_v2_b0", 32),
    ],
)
def test_early_fusion_is_one_graph(
    name: str, unit: int, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    # HRFormer and Swin with fewer blocks: what is left holds each of their steps.
    monkeypatch.setattr(hrformer, "_MODULES", (1, 1, 1))
    monkeypatch.setitem(swin._SIZES, "b", swin.SwinSize(32, (1, 2, 4, 8), (2, 2, 2, 2)))
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
def test_late_fusion_is_two_graphs(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch, cat_photo: Path
) -> None:
    output = tmp_path / "late.onnx"
    assert exported(Path("late-vit-s14"), output) == 0
    assert "context (1, 128, H/16, W/16)" in capsys.readouterr().out
    graphs = [tmp_path / "late-encoder.onnx", tmp_path / "late-decoder.onnx"]
    assert sorted(path.name for path in tmp_path.glob("*.onnx*")) == ["late-decoder.onnx", "late-encoder.onnx"]
    agrees(resource_path("models/late-vit-s14.safetensors"), graphs, 16)
    monkeypatch.chdir(tmp_path)
    the_documented_example_answers(cat_photo)


def the_documented_example_answers(path: Path) -> None:
    """The program of docs/onnx.md, beside the network itself."""
    photo = np.asarray(Image.open(path).convert("RGB").resize((512, 384)))
    names: dict[str, Any] = {"photo": photo}
    text = (Path(__file__).parents[3] / "docs" / "onnx.md").read_text(encoding="utf-8")
    exec(text.split("```python")[1].split("```")[0], names)
    network = load_checkpoint(resource_path("models/late-vit-s14.safetensors")).network
    image = torch.from_numpy(photo.copy()).permute(2, 0, 1)[None] / 255
    previous = torch.zeros(1, 1, *photo.shape[:2])
    for count in (1, 2):
        points = torch.tensor([[[180.0, 220.0, 1.0], [40.0, 60.0, -1.0]][:count]])
        with torch.inference_mode():
            previous = network(image, previous, disk_maps(points, (384, 512))).sigmoid()
    expected = previous[0, 0].numpy() >= 0.49
    assert 0.02 < expected.mean() < 0.9
    assert (names["mask"] != expected).mean() < 1e-4


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


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"pipeline": "s1", "align_corners": False}, {"refine": False}])
def test_focalclick_is_two_graphs_with_a_focus_between(options: dict[str, Any], tmp_path: Path, capsys: Output) -> None:
    """The focus is chosen here as a program does it that has only the graphs, their words and NumPy."""
    onnxruntime = pytest.importorskip("onnxruntime")
    model, refines = saved("focalclick-b0", tmp_path, spread=0.05, **options), options.get("refine", True)
    assert exported(model, tmp_path / "focal.onnx") == 0
    text = capsys.readouterr().out
    assert "inputs image (1, 3, H, W), previous (1, 1, H, W), clicks (1, 2, 256, 256); outputs logits, coarse" in text
    names = ["focal-coarse.onnx", "focal-refiner.onnx"][: 2 if refines else 1]
    assert sorted(path.name for path in tmp_path.glob("*.onnx*")) == names
    assert ("refiner's box" in text) == refines
    sessions = [onnxruntime.InferenceSession(str(tmp_path / name)) for name in names]
    network = load_checkpoint(model).network
    for side, centre, first in ((512, (200.0, 300.0), True), (128, (60.0, 20.0), False), (333, (9.0, 330.0), True)):
        image = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(side))
        clicks = disk_maps(torch.tensor([[[*centre, 1.0]]]), (side, side))
        previous = torch.zeros(1, 1, side, side)
        scaled = torch.tensor([[[*(round(place * 256 / side) for place in centre), 1.0]]])
        radius = 3.0 if options.get("pipeline") == "s1" else 5.0
        given = {"image": image.numpy(), "clicks": disk_maps(scaled, (256, 256), radius).numpy()}
        answer, coarse, hidden = sessions[0].run(None, given | {"previous": previous.numpy()})
        if not first:
            # The last answer but for a square round the click: that square is what changed.
            before = (answer > 0.49).astype(np.float32)
            before[:, :, 30:90, :50] = 1 - before[:, :, 30:90, :50]
            previous = torch.from_numpy(before)
            answer, coarse, hidden = sessions[0].run(None, given | {"previous": before})
        with torch.inference_mode():
            expected = network(image, previous, clicks).numpy()
        if refines:
            changed = (answer > 0.49)[0, 0] ^ (previous.numpy() > 0.49)[0, 0]
            row0, row1, col0, col1 = spanned(changed, centre, whole=first)
            crop = image[:, :, row0:row1, col0:col1].numpy()
            points = [((centre[0] - row0) * 256 / (row1 - row0)), ((centre[1] - col0) * 256 / (col1 - col0))]
            disks = disk_maps(torch.tensor([[[*map(round, points), 1.0]]]), (256, 256)).numpy()
            box = np.array([row0, col0, row1, col1], np.float32) / side
            inputs = {"crop": crop, "clicks": disks, "box": box, "coarse": coarse, "hidden": hidden}
            answer[:, :, row0:row1, col0:col1] = sessions[1].run(None, inputs)[0]
        assert np.abs(answer - expected).max() < 1e-4, (side, first)


def spanned(changed: NDArray[np.bool_], click: tuple[float, float], *, whole: bool) -> tuple[int, int, int, int]:
    """Rows and columns of all that changed or of the part that holds the click, 1.4 times as long."""
    labels, _ = ndimage.label(changed, np.ones((3, 3)))
    part = changed if whole else labels == labels[int(click[0]), int(click[1])]
    box = []
    for axis, side in ((1, changed.shape[0]), (0, changed.shape[1])):
        places = np.flatnonzero(part.any(axis=axis))
        centre, half = (places[0] + places[-1]) / 2, 0.7 * (places[-1] - places[0] + 1)
        box += [max(0, int(centre - half)), min(side, int(centre + half))]
    return box[0], box[1], box[2], box[3]


def test_weights_that_no_onnx_file_can_hold_lie_beside_it(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "_LARGEST", 1000)
    model, output = saved("timm:resnet10t", tmp_path), tmp_path / "graphs" / "model.onnx"
    assert exported(model, output) == 0
    assert sorted(path.name for path in output.parent.iterdir()) == ["model.onnx", "model.onnx.data"]
    assert output.stat().st_size < 2_000_000 < (output.parent / "model.onnx.data").stat().st_size
    agrees(model, [output], 32)
    assert "model.onnx.data" in capsys.readouterr().out


def test_a_graph_that_differs_from_torch_is_not_written(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = saved("timm:resnet10t", tmp_path)
    cases = (
        (Comparison(2e-4, 9.0), "0.0002, over 0.0001"),
        (Comparison(3e-4, 20.0), "0.0003, over 0.0002"),
        (Comparison(nan, 1.0), "nan"),
    )
    for found, told in cases:
        monkeypatch.setattr(onnx_export, "compare", lambda *_, found=found: found)
        assert exported(model, tmp_path / "model.onnx") == 2
        assert f"differs from torch by {told}" in capsys.readouterr().err
        assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def agrees(model: Path, graphs: list[Path], unit: int) -> None:
    """Other sizes and other numbers than the export itself compared; no click, one click, many."""
    onnxruntime = pytest.importorskip("onnxruntime")
    network = load_checkpoint(model).network
    sessions = [onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in graphs]
    generator = torch.Generator().manual_seed(7)
    sizes = ((1, 1), (8, 3), (4, 13), (9, 9)) if unit <= 32 else ((1, 1), (2, 1), (1, 3), (2, 2))
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

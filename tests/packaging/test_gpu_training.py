"""The script for the GPU: what it checks, leaves out and sends back; its trainings themselves are tried by hand."""

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

import gpu_training

MANIFEST = "set,stem,split,height\nnuclei,a,train,9\npolyps,b,train,9\npolyps,c,val,9\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with one zipped set and its manifest, and the sums of both."""
    folder = tmp_path / "source"
    folder.mkdir()
    with zipfile.ZipFile(folder / "nuclei.zip", "w") as archive:
        archive.writestr("images/a.png", b"picture")
        archive.writestr("masks/a.png", b"mask")
    (folder / "manifest.csv").write_text(MANIFEST)
    sums = tmp_path / "sums"
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in sorted(folder.iterdir())]
    sums.write_text("".join(lines))
    monkeypatch.setattr(gpu_training, "CHECKSUMS", sums)
    return folder


def test_data_is_unpacked_without_what_may_not_be_trained_on(source: Path, tmp_path: Path) -> None:
    for _ in range(2):  # A second start finds it done.
        data = gpu_training.prepare(source, tmp_path / "data")
    assert (data / "nuclei" / "images" / "a.png").read_bytes() == b"picture"
    assert sorted(path.name for path in data.iterdir()) == ["manifest.csv", "nuclei"]
    lines = (data / "manifest.csv").read_text().split()
    assert lines == ["set,stem,split,height", "nuclei,a,train,9", "polyps,c,val,9"]


def test_unpacked_sets_are_taken_as_they_are(source: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(source / "nuclei.zip") as archive:
        archive.extractall(source / "nuclei")
    (source / "nuclei.zip").unlink()
    data = gpu_training.prepare(source, tmp_path / "data")
    assert (data / "nuclei" / "masks" / "a.png").read_bytes() == b"mask"


def test_other_data_is_refused(source: Path) -> None:
    (source / "manifest.csv").write_text(MANIFEST + "nuclei,d,train,9\n")
    with pytest.raises(SystemExit, match=r"manifest.csv is not the file"):
        gpu_training.check_sums(source)
    (source / "nuclei.zip").unlink()
    with pytest.raises(SystemExit, match=r"manifest.csv is not|lacks nuclei.zip"):
        gpu_training.check_sums(source)


def test_the_sums_name_every_set_once() -> None:
    names = [line.split()[1] for line in gpu_training.CHECKSUMS.read_text().splitlines()]
    assert len(set(names)) == len(names) == 39
    assert {f"{name}.zip" for name in gpu_training.RESEARCH_ONLY} < set(names)


def test_pieces_make_the_file_again(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    content = bytes(range(256)) * 5
    path.write_bytes(content)
    pieces = gpu_training.split_file(path, 500)
    assert [piece.stat().st_size for piece in pieces] == [500, 500, 280]
    assert b"".join(piece.read_bytes() for piece in pieces) == content
    assert (tmp_path / "model.safetensors.sha256").read_text().startswith(hashlib.sha256(content).hexdigest())


def test_the_rate_is_the_last_one_told(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    lines: list[dict[str, float]] = [{"distilled": 4}, {"rate": 3.0}, {"rate": 5.5}, {"samples": 9}]
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert gpu_training.rate_of(metrics) == 5.5
    metrics.write_text(json.dumps({"distilled": 4}) + "\n")
    with pytest.raises(SystemExit, match="too short"):
        gpu_training.rate_of(metrics)


def test_plans_and_forbidden_sets_are_those_of_the_presets() -> None:
    from model.training.click_settings import CLICK_PRESETS
    from model.training.settings import TrainingSettings

    assert TrainingSettings().without_sets == gpu_training.RESEARCH_ONLY

    assert {plan.preset for plan in gpu_training.PLANS} <= set(CLICK_PRESETS)
    assert gpu_training.BUNDLED.is_file()

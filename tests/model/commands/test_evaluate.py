"""`isegformer evaluate` from its command line."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from model.cli import main
from model.commands.evaluated_engine import published_settings
from model.engine import Segmenter
from model.evaluation.layouts.registry import LAYOUTS
from model.networks import create_network
from tests.model.conftest import Dataset


@pytest.mark.usefixtures("loads")
def test_a_folder_is_measured(dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, out = dataset("blocks", 2), tmp_path / "out"
    words = ["evaluate", "--dataset", "folder", "--root", str(root), "--output", str(out), "--model", "mine"]
    assert main([*words, "--max-clicks", "6"]) == 0
    assert "| blocks | 4 |" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text())
    assert summary["engine"]["model"] == "bright-mine"
    assert summary["engine"]["sha256"] == "0" * 64
    assert summary["settings"]["protocol"] == {"max_clicks": 6, "threshold": 0.49, "target_iou": None}
    assert summary["settings"]["selection"]["per_image"] is None
    assert "miou@6" in summary
    assert "miou@7" not in summary


def test_grabcut_needs_no_model(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--dataset", "folder", "--root", str(dataset("blocks", 2)), "--model", "grabcut"]
    assert main([*words, "--max-clicks", "2", "--max-objects", "3"]) == 0
    assert "| blocks | 3 |" in capsys.readouterr().out


def test_a_damaged_image_is_named(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    root = dataset("blocks", 2)
    (root / "images" / "0.png").write_bytes(b"no picture")
    words = ["evaluate", "--dataset", "folder", "--root", str(root), "--model", "grabcut", "--max-clicks", "1"]
    assert main(words) == 0
    assert "left out blocks/0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--dataset", "folder", "--root", "none"], "none"),
        (["--dataset", "photos", "--root", "."], "photos"),
        (["--dataset", "sstem", "--root", "data"], "mitochondria"),
        (["--dataset", "sstem", "--root", "data", "--kind", "binary"], "--kind"),
        (["--dataset", "davis", "--root", "data", "--manifest", "none.csv"], "--manifest"),
        (["--dataset", "PascalVOC", "--root", "data"], "JPEGImages"),
        (["--dataset", "LVIS", "--root", "data"], "lvis_val.json"),
        (["--dataset", "OAI-ZIB", "--root", "data"], "annotations"),
        (["--dataset", "nifti", "--root", "data"], "volumes"),
        (["--dataset", "project", "--root", "data"], "session"),
        (["--dataset", "folder", "--root", "data", "--manifest", "none.csv"], "none.csv"),
        (["--dataset", "folder", "--root", "data", "--only", "other"], "other"),
        (["--dataset", "folder", "--root", "data", "--objects-per-image", "few"], "few"),
        (["--dataset", "folder", "--root", "data", "--max-clicks", "0"], "whole number"),
        (["--dataset", "folder", "--root", "data", "--max-clicks", "1000000000"], "1000 at most"),
        (["--dataset", "folder", "--root", "data", "--min-area", "99999"], "no object"),
        (["--dataset", "folder", "--root", "data", "--seed", "-1"], "whole number from 0"),
        (["--dataset", "folder", "--root", "data", "--threads", "99999"], "too many"),
        (["--dataset", "folder", "--root", "data", "--output", "data/blocks/images/0.png"], "folder"),
    ],
)
def test_bad_input_ends_with_one_sentence(
    words: list[str],
    says: str,
    dataset: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset("blocks", 1)
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "--model", "grabcut", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.strip().splitlines()
    assert says in line


def as_davis(root: Path) -> Path:
    (root / "images").rename(root / "img")
    (root / "masks").rename(root / "gt")
    return root


@pytest.mark.usefixtures("loads")
@pytest.mark.parametrize(
    ("words", "region"),
    [
        (["--published"], {"rule": "ZoomIn", "side": 600, "skip_clicks": 1, "expansion": 1.4, "square": False}),
        # A frame of DAVIS is 854 pixels wide, a section of ssTEM 1024: both are seen whole as they are.
        (["--published"], {"min_side": 200, "keep_overlap": 0.5, "whole_limit": 1024}),
        (["--published", "--region", "fixed"], {"rule": "ZoomIn", "side": 672, "skip_clicks": -1, "square": True}),
        (["--published", "--region-side", "448"], {"rule": "ZoomIn", "side": 448}),
    ],
)
def test_the_published_settings_are_used_and_told(
    words: list[str], region: dict[str, object], dataset: Dataset, tmp_path: Path
) -> None:
    root, out = as_davis(dataset("blocks", 1)), tmp_path / "out"
    asked = ["evaluate", "--dataset", "DAVIS", "--root", str(root), "--output", str(out), "--max-clicks", "3", *words]
    assert main(asked) == 0
    engine = json.loads((out / "summary.json").read_text())["engine"]
    assert region.items() <= engine["region"].items()
    assert (engine["flip"], engine["honoured"], engine["brs"]) == (True, False, "none")
    table = (out / "table.md").read_text()
    assert "iSegFormer-B5 C+L" in table
    assert "Objects: 1, of 345 in the published set." in table
    assert "Published: at most 20 clicks an object, which a failure counts; here: 3." in table
    assert "otherwise" not in table


@pytest.mark.usefixtures("loads")
def test_what_makes_numbers_other_than_the_published_ones_is_told(
    dataset: Dataset, capsys: pytest.CaptureFixture[str]
) -> None:
    root = as_davis(dataset("blocks", 1))
    assert main(["evaluate", "--dataset", "DAVIS", "--root", str(root)]) == 0
    table = capsys.readouterr().out
    assert "Published: as --published measures; here: otherwise." in table
    assert "at most 20 clicks" not in table


ZOOM = {"expansion": 1.4, "skip_clicks": 1}


@pytest.mark.parametrize(
    ("network", "region", "flips", "threshold"),
    [
        ("hrnet-18s", ZOOM | {"side": 600, "square": False, "min_side": 200, "keep_overlap": 0.5}, True, 0.49),
        ("segformer-b0", ZOOM | {"side": 600, "square": False, "min_side": 200, "keep_overlap": 0.5}, True, 0.49),
        ("simpleclick-xtiny", {"side": 672, "square": True, "skip_clicks": -1, "min_side": 200}, True, 0.49),
        ("focalclick-b0", ZOOM | {"side": 512, "square": True, "min_side": 10, "keep_overlap": 1.0}, False, 0.5),
        ("segnext-sax1", {"side": None, "square": True}, False, 0.49),
    ],
)
def test_each_network_is_measured_as_its_authors_did(
    network: str, region: dict[str, object], flips: bool, threshold: float
) -> None:
    with torch.device("meta"):
        built = create_network(network)
    rule, *others = published_settings(built, LAYOUTS["davis"])
    assert region.items() <= asdict(rule).items()
    assert others == [flips, threshold]


def test_published_simpleclick_is_given_squares(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **options: object) -> Segmenter:
        return Segmenter(create_network("simpleclick-xtiny"), flip=bool(options.get("flip")))

    monkeypatch.setattr(Segmenter, "load", load)
    root, out = as_davis(dataset("blocks", 1)), tmp_path / "out"
    words = ["evaluate", "--dataset", "DAVIS", "--root", str(root), "--published", "--region-side", "448"]
    assert main([*words, "--output", str(out), "--max-clicks", "1"]) == 0
    engine = json.loads((out / "summary.json").read_text())["engine"]
    assert {"side": 448, "square": True, "skip_clicks": -1}.items() <= engine["region"].items()
    assert (engine["flip"], engine["honoured"]) == (True, False)


@pytest.mark.usefixtures("loads")
def test_settings_that_contradict_each_other_are_refused(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["evaluate", "--dataset", "folder", "--root", str(dataset("blocks", 1))]
    for words, says in (
        (["--published", "--brs", "f-brs"], "no refinement"),
        (["--published", "--region", "whole"], "Zoom-In"),
        (["--region-side", "300"], "--region"),
    ):
        assert main([*asked, *words]) == 2
        assert says in capsys.readouterr().err


def test_progress_is_told_in_lines_to_a_program(dataset: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", "--dataset", "folder", "--root", str(dataset("blocks", 2)), "--model", "grabcut"]
    assert main([*words, "--max-clicks", "1", "--progress"]) == 0
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("progress")]
    assert told == [f"progress {done} 4" for done in range(5)]


@pytest.mark.usefixtures("loads")
def test_a_model_is_refined_by_backpropagation(dataset: Dataset, tmp_path: Path) -> None:
    root, out = dataset("blocks", 1), tmp_path / "out"
    words = ["evaluate", "--dataset", "folder", "--root", str(root), "--output", str(out), "--brs", "f-brs"]
    assert main([*words, "--max-clicks", "2"]) == 0
    summary = json.loads((out / "summary.json").read_text())
    assert summary["engine"]["brs"] == "f-brs"
    assert summary["objects"] == 2

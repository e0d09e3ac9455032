"""Runs against each other, and a case looked up again."""

import csv
import json
from pathlib import Path

import pytest

from model.cli import main
from model.errors import DatasetError
from model.evaluation.cases import find_case
from model.evaluation.comparison import compare, read_runs
from model.evaluation.protocol import ProtocolSettings
from tests.model.conftest import Dataset

from .test_layouts import save_volume
from .test_run import Disk, evaluation, run


class Better(Disk):
    """Answers smaller disks, which fit the blocks less well."""

    def predict(self, clicks, previous=None):  # type: ignore[no-untyped-def]
        answer = super().predict(clicks, previous)
        for click in clicks:
            answer[click.row, max(0, click.col - 6) : click.col - 3] = 0
        return answer


@pytest.fixture
def runs(dataset: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    root = dataset("a", 3)
    for name, engine in (("first", Disk()), ("second", Better())):
        run(evaluation(root, tmp_path / name, model=name), engine)
    return tmp_path / "first", tmp_path / "second"


def test_differences_are_paired_and_have_intervals(runs: tuple[Path, Path]) -> None:
    first, second = read_runs(runs)
    found = compare(first, second)
    assert (found.reference, found.other, found.objects) == ("first", "second", 6)
    for name in ("noc@85", "miou@5", "auc_iou"):
        expected = second.summary[name] - first.summary[name]
        assert found.values[name] == pytest.approx(expected, abs=1e-5)
        low, high = found.intervals[name]
        assert low <= found.values[name] <= high
    same = compare(first, first)
    assert set(same.values.values()) == {0.0}
    assert same.most_changed == []
    changed = found.most_changed
    assert changed
    gaps = [abs(each.clicks[1] - each.clicks[0]) for each in changed]
    assert gaps == sorted(gaps, reverse=True)


def test_what_an_early_stop_leaves_unknown_is_not_compared(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 3)
    for stop, folders in ((0.87, ("b", "c")), (0.5, ("d", "e"))):
        for name, engine in zip(folders, (Disk(), Better()), strict=True):
            run(evaluation(root, tmp_path / name, ProtocolSettings(target_iou=stop), model=name), engine)
    first, second = read_runs([tmp_path / "b", tmp_path / "c"])
    found = compare(first, second)
    assert found.target == "noc@85"
    assert {name for name in found.values if name.startswith("noc")} == {"noc@80", "noc@85"}
    assert not (tmp_path / "d" / "noc-histogram.png").exists()
    first, second = read_runs([tmp_path / "d", tmp_path / "e"])
    with pytest.raises(DatasetError, match="below an IoU"):
        compare(first, second)


def test_the_command_writes_numbers_a_table_and_a_picture(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "comparison"
    assert main(["compare", *map(str, runs), "--output", str(out)]) == 0
    assert "against first" in capsys.readouterr().out
    (content,) = json.loads((out / "comparison.json").read_text())
    assert content["objects"] == 6
    assert (out / "iou-against-clicks.png").read_bytes().startswith(b"\x89PNG")
    assert "changed most: second" in (out / "comparison.md").read_text()


def test_what_cannot_be_compared_is_refused_in_words(
    runs: tuple[Path, Path], dataset: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(evaluation(tmp_path / "data" / "a", tmp_path / "short", ProtocolSettings(max_clicks=3)), Disk())
    run(evaluation(dataset("b", 1), tmp_path / "other"), Disk())
    for words, says in (
        ([str(runs[0])], "at least two"),
        ([str(runs[0]), str(tmp_path)], "summary.json"),
        ([str(runs[0]), str(tmp_path / "short")], "another protocol"),
        ([str(runs[0]), str(tmp_path / "other")], "no object in common"),
    ):
        assert main(["compare", *words]) == 2
        assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "change",
    [
        {"intervals": []},
        {"intervals": {}},
        {"miou@1": "much"},
        {"dataset": {"title": 3}},
        {"settings": {"protocol": {"max_clicks": "six"}}},
    ],
    ids=str,
)
def test_a_summary_that_was_changed_by_hand_is_refused(change: dict[str, object], runs: tuple[Path, Path]) -> None:
    path = runs[1] / "summary.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(DatasetError, match="holds no finished evaluation"):
        read_runs(runs)


def test_a_row_with_words_for_numbers_is_none(runs: tuple[Path, Path]) -> None:
    path = runs[1] / "objects.csv"
    whole = path.read_text().splitlines()
    fields = next(csv.reader(whole[1:2]))
    place = whole[0].split(",").index("ious")
    fields[place] = json.dumps(["much"] * len(json.loads(fields[place])))
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([whole[0].split(","), fields, *csv.reader(whole[2:])])
    assert len(read_runs(runs)[1].records) == len(whole) - 2


def test_a_case_is_found_with_its_clicks(runs: tuple[Path, Path], tmp_path: Path) -> None:
    record = read_runs(runs)[0].records["a", "1", 2]
    case = find_case(runs[0], "a/1/2")
    assert case == find_case(runs[0], "1/2")
    assert case.clicks == record.run.clicks
    assert case.ious == record.run.ious
    assert case.image == (tmp_path / "data" / "a" / "images" / "1.png").resolve()
    assert case.pixels is None
    with pytest.raises(DatasetError, match="no object '1/9'"):
        find_case(runs[0], "1/9")
    with pytest.raises(DatasetError, match=r"objects\.csv"):
        find_case(tmp_path, "1/2")
    case.image.unlink()
    with pytest.raises(DatasetError, match="not there any more"):
        find_case(runs[0], "a/1/2")


def test_a_case_of_a_volume_brings_its_slice(tmp_path: Path) -> None:
    import numpy as np

    labels = np.zeros((40, 50, 3), np.int16)
    labels[10:30, 10:30, 1] = 1
    save_volume(tmp_path / "v" / "knee.nii.gz", (labels * 100).astype(np.int16))
    save_volume(tmp_path / "v" / "knee_seg.nii.gz", labels)
    words = ["evaluate", "--dataset", "nifti", "--root", str(tmp_path / "v"), "--model", "grabcut", "--max-clicks", "2"]
    assert main([*words, "--output", str(tmp_path / "out")]) == 0
    case = find_case(tmp_path / "out", "knee@1/1")
    assert case.pixels is not None
    assert case.pixels.shape == (40, 50, 3)
    assert case.pixels[20, 20].tolist() == [255, 255, 255]
    assert case.model == "grabcut"

"""A whole evaluation: rows, resume, summary; and the rival."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.clicks import Click
from model.errors import DatasetError, ImageError, SettingsError
from model.evaluation.folder import open_folder
from model.evaluation.protocol import ObjectRun, ProtocolSettings
from model.evaluation.records import Record, read_records
from model.evaluation.report import by_set, mean_of_sets, summarise, table
from model.evaluation.rivals import GrabCut
from model.evaluation.run import Evaluation
from model.evaluation.targets import Selection
from tests.model.conftest import Dataset


class Disk:
    """Answers a disk round each positive click; counts its answers, and may stop after some."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.answers = 0
        self._left = stop_after
        self._size = (0, 0)

    def set_image(self, image: NDArray[np.uint8]) -> None:
        self._size = image.shape[0], image.shape[1]

    def predict(self, clicks: Sequence[Click], previous: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        if self._left is not None and self.answers >= self._left:
            raise KeyboardInterrupt
        self.answers += 1
        rows, cols = np.indices(self._size)
        answer = np.zeros(self._size, np.float32)
        for click in clicks:
            near = (rows - click.row) ** 2 + (cols - click.col) ** 2 <= (9**2 if click.is_positive else 3**2)
            answer[near] = click.is_positive
        return answer


def evaluation(
    root: Path, folder: Path | None, protocol: ProtocolSettings | None = None, model: str = "d"
) -> Evaluation:
    return Evaluation(open_folder(root), Selection(), protocol or ProtocolSettings(), {"model": model}, folder)


def without_times(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if key.startswith(("noc", "miou", "fail", "at_", "objects"))}


def test_every_object_has_a_row_and_the_summary_its_means(dataset: Dataset, tmp_path: Path) -> None:
    root, folder = dataset("a", 2), tmp_path / "out"
    summary = evaluation(root, folder).run(Disk())
    with (folder / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["set"], row["stem"], row["object"]) for row in rows] == [
        ("a", "0", "1"),
        ("a", "0", "2"),
        ("a", "1", "1"),
        ("a", "1", "2"),
    ]
    assert json.loads(rows[0]["clicks"])[0] == [19, 19, 1]
    ious = [json.loads(row["ious"]) for row in rows]
    assert summary["miou@1"] == pytest.approx(np.mean([curve[0] for curve in ious]), abs=1e-5)
    assert summary["noc@85"] == pytest.approx(np.mean([int(row["noc@85"]) for row in rows]))
    stored = json.loads((folder / "summary.json").read_text())
    assert without_times(stored) == without_times(summary)
    assert stored["sets"]["a"]["objects"] == 4
    assert {"noc@85", "noc@90", "failures@90", "miou@1", "miou@20"} <= set(stored)
    assert stored["engine"] == {"model": "d"}
    assert "numpy" in stored["versions"]
    assert (folder / "table.md").read_text().startswith("| set | objects | NoC@85 |")


def test_a_stopped_evaluation_goes_on_and_ends_as_one_that_was_not(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 3)
    whole = Disk()
    expected = evaluation(root, tmp_path / "whole").run(whole)
    with pytest.raises(KeyboardInterrupt):
        evaluation(root, tmp_path / "out").run(Disk(stop_after=whole.answers // 2))
    done = read_records(tmp_path / "out")
    assert 0 < len(done) < 6
    with (tmp_path / "out" / "objects.csv").open("a") as file:
        file.write('a,2,2,400,5,5,1,0.1,"[[1, 2')
    rest = Disk()
    summary = evaluation(root, tmp_path / "out").run(rest)
    assert 0 < rest.answers < whole.answers
    assert without_times(summary) == without_times(expected)
    again = Disk()
    assert without_times(evaluation(root, tmp_path / "out").run(again)) == without_times(expected)
    assert again.answers == 0


def test_results_of_another_model_or_protocol_are_not_mixed(dataset: Dataset, tmp_path: Path) -> None:
    root, folder = dataset("a", 1), tmp_path / "out"
    evaluation(root, folder).run(Disk())
    rows = (folder / "objects.csv").read_text()
    for other in (evaluation(root, folder, model="e"), evaluation(root, folder, ProtocolSettings(max_clicks=3))):
        with pytest.raises(SettingsError, match="another folder"):
            other.run(Disk())
    assert (folder / "objects.csv").read_text() == rows


def test_without_a_folder_nothing_is_written(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 1)
    before = sorted(tmp_path.rglob("*"))
    assert evaluation(root, None).run(Disk())["objects"] == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_an_image_that_is_damaged_is_named_and_the_rest_counted(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 2)
    (root / "images" / "0.png").write_bytes(b"no picture")
    summary = evaluation(root, tmp_path / "out").run(Disk())
    assert summary["objects"] == 2
    assert [problem["stem"] for problem in summary["problems"]] == ["0"]
    (root / "images" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="No object could be clicked"):
        evaluation(root, None).run(Disk())


def test_a_dataset_without_objects_is_refused(dataset: Dataset) -> None:
    root = dataset("a", 1)
    with pytest.raises(DatasetError, match="no object"):
        Evaluation(open_folder(root), Selection(min_area=10_000), ProtocolSettings(), {}).run(Disk())


def record(ious: list[float], name: str = "a", encode: float = 1.0) -> Record:
    clicks = tuple(Click(0, index, is_positive=True) for index in range(len(ious)))
    run = ObjectRun(clicks, tuple(ious), tuple(0.1 * (index + 1) for index in range(len(ious))))
    return Record(name, "stem", len(ious), 10, run, encode)


def test_numbers_of_a_summary_by_hand() -> None:
    late = [0.1] * 19 + [0.92]
    records = [record([0.5, 0.86, 0.91]), record([0.95]), record([0.2] * 20, "b"), record(late, "b")]
    numbers = summarise(records, ProtocolSettings())
    assert numbers["noc@85"] == (2 + 1 + 20 + 20) / 4
    assert numbers["noc@90"] == (3 + 1 + 20 + 20) / 4
    assert numbers["failures@90"] == 1
    assert numbers["at_limit@90"] == 2
    assert numbers["miou@1"] == pytest.approx((0.5 + 0.95 + 0.2 + 0.1) / 4)
    assert numbers["miou@20"] == pytest.approx((0.91 + 0.95 + 0.2 + 0.92) / 4)
    sets = {name: summarise(group, ProtocolSettings()) for name, group in by_set(records).items()}
    assert mean_of_sets(sets)["noc@85"] == (1.5 + 20) / 2
    shown = table(sets, numbers, 20)
    assert "| a | 2 | 1.50 | 2.00 | 0 |" in shown
    assert "| all objects | 4 |" in shown


def test_targets_beyond_an_early_stop_are_not_told() -> None:
    numbers = summarise([record([0.9])], ProtocolSettings(target_iou=0.9))
    assert "noc@90" in numbers
    assert "noc@95" not in numbers


def two_colours() -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    rng = np.random.default_rng(0)
    truth = np.zeros((90, 120), np.bool_)
    truth[20:60, 30:90] = True
    image = rng.integers(0, 60, (90, 120, 3)) + np.where(truth[..., None], (150, 20, 20), (20, 20, 120))
    return image.astype(np.uint8), truth


def test_grabcut_finds_an_object_of_its_own_colour() -> None:
    image, truth = two_colours()
    rival = GrabCut()
    rival.set_image(image)
    clicks = [Click(40, 60, is_positive=True)]
    answer = rival.predict(clicks)
    mask = answer > 0.49
    assert (mask & truth).sum() / (mask | truth).sum() > 0.9
    assert np.array_equal(answer, rival.predict(clicks))
    second = rival.predict([*clicks, Click(30, 40, is_positive=False)], answer)
    assert second[40, 60] == 1
    assert second[30, 40] == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 3), (700, 900)])
def test_grabcut_takes_any_size(size: tuple[int, int]) -> None:
    rival = GrabCut()
    rival.set_image(np.zeros((*size, 3), np.uint8))
    answer = rival.predict([Click(size[0] - 1, size[1] - 1, is_positive=True)])
    assert answer.shape == size
    assert answer[-1, -1] == 1


def test_an_image_that_the_engine_refuses_is_a_problem(dataset: Dataset) -> None:
    class Picky(Disk):
        def set_image(self, image: NDArray[np.uint8]) -> None:
            if image[35, 60, 0] < 100:
                raise ImageError("Not this one.")
            super().set_image(image)

    summary = evaluation(dataset("a", 3), None).run(Picky())
    assert [(problem["stem"], problem["reason"]) for problem in summary["problems"]] == [("0", "Not this one.")]

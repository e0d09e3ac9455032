"""A whole evaluation: rows, resume, summary; and the rival."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from model.clicks import Click
from model.data.annotated import Annotated
from model.errors import DatasetError, ImageError, SettingsError
from model.evaluation.layouts.own import open_folder
from model.evaluation.manners import MANNERS, PROTOCOL
from model.evaluation.protocol import Engine, ObjectRun, ProtocolSettings
from model.evaluation.records import OBJECTS_FILE, Record, read_records
from model.evaluation.report import by_set, mean_of_sets, means_of, summarise
from model.evaluation.rivals import RIVALS, GrabCut, RandomWalker, Rival
from model.evaluation.run import Evaluation
from model.evaluation.summary import summary_of, tables_of, worst, write_results
from model.evaluation.tables import main_table
from model.evaluation.targets import Selection, Target
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


DATASET = {"name": "folder", "title": "blocks", "root": "data"}


def evaluation(
    root: Path, folder: Path | None, protocol: ProtocolSettings | None = None, model: str = "d", **others: Any
) -> Evaluation:
    return Evaluation(
        open_folder(root), Selection(), protocol or ProtocolSettings(), {"model": model}, folder, **others
    )


def run(asked: Evaluation, engine: Engine) -> dict[str, Any]:
    """Evaluate and write, as the command does."""
    outcome = asked.run(engine)
    summary = summary_of(asked, outcome, DATASET)
    write_results(asked, outcome, engine, summary, tables_of(asked, outcome, DATASET))
    return summary


def without_times(summary: dict[str, Any]) -> dict[str, Any]:
    said = ("noc", "miou", "mdice", "boundary", "auc", "fail", "unreached", "objects", "dataset_sha256", "robustness")
    kept = {key: value for key, value in summary.items() if key.startswith(said)}
    intervals = {key: value for key, value in summary["intervals"].items() if not key.startswith("seconds")}
    kept["robustness"] = {
        name: {key: value for key, value in numbers.items() if key.startswith(said)}
        for name, numbers in summary["robustness"].items()
    }
    return {**kept, "intervals": intervals}


def test_every_object_has_a_row_and_the_summary_its_means(dataset: Dataset, tmp_path: Path) -> None:
    root, folder = dataset("a", 2), tmp_path / "out"
    summary = run(evaluation(root, folder), Disk())
    with (folder / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["set"], row["stem"], row["object"]) for row in rows] == [
        ("a", "0", "1"),
        ("a", "0", "2"),
        ("a", "1", "1"),
        ("a", "1", "2"),
    ]
    assert json.loads(rows[0]["clicks"])[0] == [19, 19, 1]
    assert Path(rows[0]["image"]) == (root / "images" / "0.png").resolve()
    ious = [json.loads(row["ious"]) for row in rows]
    assert summary["miou@1"] == pytest.approx(np.mean([curve[0] for curve in ious]), abs=1e-5)
    assert summary["noc@85"] == pytest.approx(np.mean([int(row["noc@85"]) for row in rows]))
    stored = json.loads((folder / "summary.json").read_text())
    assert without_times(stored) == without_times(summary)
    assert stored["sets"]["a"]["objects"] == 4
    expected = {f"noc@{target}" for target in (80, 85, 90, 95)} | {"failures@90", "auc_iou", "auc_dice", "seed"}
    expected |= {f"{kind}@{count}" for kind in ("miou", "mdice", "boundary_iou") for count in range(1, 21)}
    expected |= {"intervals", "timings", "versions", "settings", "model", "model_sha256", "dataset_sha256"}
    assert expected <= set(stored)
    low, high = stored["intervals"]["miou@1"]
    assert low <= stored["miou@1"] <= high
    assert {"seconds_encode_image_median", "seconds_decode_click_95"} <= set(stored["timings"])
    assert set(stored["timings"]) <= set(stored["intervals"])
    assert stored["engine"] == {"model": "d"}
    assert "numpy" in stored["versions"]
    assert stored["counted"] == "all objects"
    assert (folder / "table.md").read_text().startswith("| set | objects | NoC@80 | NoC@85 |")
    for name in ("iou-against-clicks.png", "noc-histogram.png", "worst-cases.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")


def test_the_dataset_hash_is_of_what_was_measured(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 2)
    first = run(evaluation(root, None), Disk())["dataset_sha256"]
    assert (
        run(
            evaluation(root, None),
            Disk(),
        )["dataset_sha256"]
        == first
    )
    (root / "images" / "1.png").write_bytes((root / "images" / "0.png").read_bytes())
    assert run(evaluation(root, None), Disk())["dataset_sha256"] != first


def test_a_stopped_evaluation_goes_on_and_ends_as_one_that_was_not(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 3)
    whole = Disk()
    expected = run(evaluation(root, tmp_path / "whole", manners=tuple(MANNERS)), whole)
    with pytest.raises(KeyboardInterrupt):
        run(evaluation(root, tmp_path / "out", manners=tuple(MANNERS)), Disk(stop_after=whole.answers // 3))
    done = read_records(tmp_path / "out" / OBJECTS_FILE)
    assert 0 < len(done) < 6
    with (tmp_path / "out" / OBJECTS_FILE).open("a") as file:
        file.write('a,2,2,protocol,400,5,5,1,0.1,"[[1, 2')
    rest = Disk()
    summary = run(evaluation(root, tmp_path / "out", manners=tuple(MANNERS)), rest)
    assert 0 < rest.answers < whole.answers
    assert without_times(summary) == without_times(expected)
    again = Disk()
    outcome = evaluation(root, tmp_path / "out", manners=tuple(MANNERS)).run(again)
    assert len(outcome.records) == 6
    assert again.answers == 0


def test_a_row_of_an_image_that_changed_is_measured_anew(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 2)
    run(evaluation(root, tmp_path / "out"), Disk())
    (root / "images" / "1.png").write_bytes((root / "images" / "0.png").read_bytes())
    again = Disk()
    evaluation(root, tmp_path / "out").run(again)
    alone = Disk()
    Evaluation(open_folder(root), Selection(), ProtocolSettings(), {}).run(alone)
    assert 0 < again.answers < alone.answers


def test_results_of_another_model_or_protocol_are_not_mixed(dataset: Dataset, tmp_path: Path) -> None:
    root, folder = dataset("a", 1), tmp_path / "out"
    run(evaluation(root, folder), Disk())
    rows = (folder / "objects.csv").read_text()
    for other in (evaluation(root, folder, model="e"), evaluation(root, folder, ProtocolSettings(max_clicks=3))):
        with pytest.raises(SettingsError, match="another folder"):
            other.run(Disk())
    assert (folder / "objects.csv").read_text() == rows


def test_without_a_folder_nothing_is_written(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 1)
    before = sorted(tmp_path.rglob("*"))
    assert run(evaluation(root, None), Disk())["objects"] == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_images_that_are_damaged_or_of_another_size_are_named_and_the_rest_counted(
    dataset: Dataset, tmp_path: Path
) -> None:
    root = dataset("a", 3)
    (root / "images" / "0.png").write_bytes(b"no picture")
    assert cv2.imwrite(str(root / "masks" / "2.png"), np.full((7, 9), 255, np.uint8))
    summary = run(evaluation(root, tmp_path / "out"), Disk())
    assert summary["objects"] == 2
    assert [problem["name"] for problem in summary["problems"]] == ["a/0", "a/2"]
    assert "9 x 7" in summary["problems"][1]["reason"]
    (root / "images" / "1.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match="No object could be clicked"):
        evaluation(root, None).run(Disk())


def test_a_dataset_without_objects_is_refused(dataset: Dataset) -> None:
    root = dataset("a", 1)
    with pytest.raises(DatasetError, match="no object"):
        Evaluation(open_folder(root), Selection(min_area=10_000), ProtocolSettings(), {}).run(Disk())


def test_other_manners_are_a_second_table_and_change_no_number_of_the_first(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 2)
    alone = run(evaluation(root, tmp_path / "alone"), Disk())
    with_others = run(evaluation(root, tmp_path / "all", manners=tuple(MANNERS)), Disk())
    assert without_times({**with_others, "robustness": {}}) == without_times(alone)
    assert list(with_others["robustness"]) == list(MANNERS)
    assert with_others["robustness"][PROTOCOL]["noc@90"] == alone["noc@90"]
    with (tmp_path / "all" / "robustness.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * (len(MANNERS) - 1)
    assert "how the user clicks" in (tmp_path / "all" / "table.md").read_text()


def test_the_last_object_of_an_image_is_counted_only_when_asked_for_and_said(dataset: Dataset) -> None:
    root = dataset("a", 2)
    asked = Evaluation(open_folder(root), Selection(last_only=True), ProtocolSettings(), {"model": "d"})
    outcome = asked.run(Disk())
    assert [record.key for record in outcome.records] == [("a", "0", 2), ("a", "1", 2)]
    assert "last object" in summary_of(asked, outcome, DATASET)["counted"]
    assert "last object" in tables_of(asked, outcome, DATASET)


def test_published_numbers_stand_beside_ours(dataset: Dataset) -> None:
    asked = evaluation(dataset("a", 1), None)
    outcome = asked.run(Disk())
    shown = tables_of(asked, outcome, {"name": "davis", "title": "DAVIS (345 frames)", "root": ""})
    assert "| iSegFormer-B5 C+L | 3.97 | - | iSegFormer, tables 3 and 4 |" in shown
    medical = tables_of(asked, outcome, {"name": "sstem", "title": "ssTEM", "root": ""})
    assert "| SimpleClick ViT-B | 28.5 | 63.2 | 87.2 | 93.7 |" in medical
    assert "IoU@10" not in tables_of(asked, outcome, DATASET).partition("\n\n")[2]


def object_run(ious: list[float]) -> ObjectRun:
    clicks = tuple(Click(0, index, is_positive=True) for index in range(len(ious)))
    seconds = tuple(0.1 * (index + 1) for index in range(len(ious)))
    return ObjectRun(clicks, tuple(ious), tuple(ious), (0.0,) * len(ious), seconds, (False,) * len(ious))


def record(ious: list[float], name: str = "a", encode: float = 1.0) -> Record:
    image = Annotated(name, "stem", lambda: np.zeros((1, 1, 3), np.uint8), lambda: None)  # type: ignore[arg-type, return-value]
    return Record(Target(image, len(ious), 10), object_run(ious), encode)


def test_numbers_of_a_summary_by_hand() -> None:
    late = [0.1] * 19 + [0.92]
    records = [record([0.5, 0.86, 0.91]), record([0.95]), record([0.2] * 20, "b"), record(late, "b")]
    numbers = summarise(records, ProtocolSettings(), 0).values
    assert numbers["noc@85"] == (2 + 1 + 20 + 20) / 4
    assert numbers["noc@90"] == (3 + 1 + 20 + 20) / 4
    # What is reached at the very last click counts as a failure where papers count; only one never reaches it.
    assert numbers["failures@90"] == 2
    assert numbers["unreached@90"] == 1
    assert numbers["miou@1"] == pytest.approx((0.5 + 0.95 + 0.2 + 0.1) / 4)
    assert numbers["miou@20"] == pytest.approx((0.91 + 0.95 + 0.2 + 0.92) / 4)
    dices = [2 * iou / (1 + iou) for iou in (0.5, 0.95, 0.2, 0.1)]
    assert numbers["mdice@1"] == pytest.approx(np.mean(dices), abs=1e-6)
    assert numbers["seconds_decode_click_median"] == pytest.approx(0.9)
    assert means_of([each.run for each in records], ProtocolSettings())["noc@90"] == numbers["noc@90"]
    sets = {name: summarise(group, ProtocolSettings(), 0) for name, group in by_set(records).items()}
    assert mean_of_sets(sets)["noc@85"] == (1.5 + 20) / 2
    shown = main_table(sets, summarise(records, ProtocolSettings(), 0), 20)
    assert "| a | 2 |" in shown
    assert "| 1.50 [1.00, 2.00] | 2.00 [1.00, 3.00] |" in shown
    assert "| all objects | 4 |" in shown


def test_the_worst_are_those_that_need_the_most_clicks() -> None:
    records = [record([0.95]), record([0.2] * 20, "b"), record([0.1] * 20, "c"), record([0.1, 0.95], "d")]
    assert [each.key[0] for each in worst(records, 20, 3)] == ["c", "b", "d"]


def test_targets_beyond_an_early_stop_are_not_told() -> None:
    numbers = summarise([record([0.9])], ProtocolSettings(target_iou=0.9), 0).values
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


def test_the_random_walker_finds_an_object_of_its_own_colour() -> None:
    image, truth = two_colours()
    rival = RandomWalker()
    rival.set_image(image)
    answer = rival.predict([Click(40, 60, is_positive=True), Click(5, 5, is_positive=False)])
    assert np.count_nonzero((answer > 0.5) & truth) / np.count_nonzero((answer > 0.5) | truth) > 0.9
    assert rival.predict([Click(40, 60, is_positive=True)])[40, 60] == 1


@pytest.mark.parametrize("maker", RIVALS.values())
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 3), (700, 900)])
def test_rivals_take_any_size(maker: type[Rival], size: tuple[int, int]) -> None:
    rival = maker()
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

    troubles = evaluation(dataset("a", 3), None).run(Picky()).troubles
    assert [(trouble.name, trouble.reason) for trouble in troubles] == [("a/0", "Not this one.")]

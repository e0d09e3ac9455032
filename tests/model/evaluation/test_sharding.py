"""Several processes find what one finds."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.evaluation.layouts.own import open_folder
from model.evaluation.sharding import Shard
from model.evaluation.targets import Selection, find_targets
from tests.model.conftest import Dataset

from .test_run import without_times
from .test_targets import targets

ROOT = Path(__file__).parents[3]


@given(counts=st.lists(st.integers(1, 6), max_size=12), processes=st.integers(1, 5))
def test_shares_are_even_and_together_all(counts: list[int], processes: int) -> None:
    images = targets(counts)
    parts = [Shard(rank, processes).part(images) for rank in range(processes)]
    flat = [target for part in parts for each in part for target in each]
    assert flat == [target for each in images for target in each]
    sizes = [sum(map(len, part)) for part in parts]
    assert max(sizes) - min(sizes) <= 1


def evaluate(root: Path, out: Path, processes: int) -> dict[str, Any]:
    words = ["-m", "isegformer_app", "evaluate", "--dataset", "folder", "--root", str(root), "--model", "grabcut"]
    words += ["--output", str(out), "--max-clicks", "5", "--robustness"]
    launcher = (
        [] if processes == 1 else ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, *launcher, *words], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return summary


def columns(path: Path) -> list[list[str]]:
    """Rows without their seconds."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return [[row[name] for name in row if name not in ("encode", "encodes", "decodes")] for row in rows]


@pytest.mark.slow
def test_two_processes_of_torchrun_give_the_numbers_of_one(dataset: Dataset, tmp_path: Path) -> None:
    root = dataset("a", 3)
    assert np.sum([len(each) for each in find_targets(open_folder(root), Selection())[0]]) == 6
    alone = evaluate(root, tmp_path / "one", 1)
    together = evaluate(root, tmp_path / "two", 2)
    assert together["settings"]["processes"] == 2
    assert without_times(together) == without_times(alone)
    for name in ("objects.csv", "robustness.csv"):
        assert columns(tmp_path / "one" / name) == columns(tmp_path / "two" / name)
    assert sorted(path.name for path in (tmp_path / "two").glob("*.csv")) == ["objects.csv", "robustness.csv"]


def test_a_share_of_a_stopped_process_is_known_to_one(dataset: Dataset, tmp_path: Path) -> None:
    from .test_run import Disk, evaluation

    root, out = dataset("a", 3), tmp_path / "out"
    evaluation(root, out).run(Disk())
    (out / "objects.csv").rename(out / "objects.rank1.csv")
    again = Disk()
    outcome = evaluation(root, out).run(again)
    assert len(outcome.records) == 6
    assert again.answers == 0
    assert not (out / "objects.rank1.csv").exists()

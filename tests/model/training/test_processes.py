"""Several processes over gloo: the gradients of one, waiting together, a memory that is too small for one of them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

ROOT = Path(__file__).parents[3]

pytestmark = pytest.mark.slow


def workers(folder: Path, what: str, count: int = 2) -> subprocess.CompletedProcess[str]:
    torchrun = ["-m", "torch.distributed.run", f"--nproc-per-node={count}", "--standalone"]
    module = ["-m", "tests.model.training.worker", str(folder), what]
    command = [sys.executable, *(torchrun if count > 1 else []), *module]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


def outcome(folder: Path, what: str, count: int = 2) -> dict[str, Any]:
    done = workers(folder, what, count)
    assert done.returncode == 0, done.stderr
    written: dict[str, Any] = torch.load(folder / f"{what}.pt", weights_only=True)
    return written


def assert_alike(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    scale = max(float(value.abs().max()) for value in one.values())
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-5 * scale


def test_two_processes_have_the_gradients_of_one_whatever_happens(tmp_path: Path) -> None:
    """Also where the second one's memory holds one crop only, which halves the parts of both, and after a pause."""
    one = outcome(tmp_path, "plain", count=1)
    for what, parts in (("plain", 1), ("memory", 2), ("pause", 1)):
        two = outcome(tmp_path, what)
        assert two["parts"] == parts
        assert_alike(one["gradients"], two["gradients"])
    assert (tmp_path / "metrics.jsonl").read_text().count("out_of_memory") == 1


def test_a_memory_that_shrinks_later_ends_the_run_in_words(tmp_path: Path) -> None:
    done = workers(tmp_path, "late memory")
    assert done.returncode != 0
    assert "start again with --accumulate 2 --resume auto" in done.stderr
    assert not (tmp_path / "late memory.pt").exists()


def test_a_network_with_a_second_head_and_unused_parts_trains_on_two_processes(tmp_path: Path) -> None:
    assert outcome(tmp_path, "hrnet")["parts"] == 1

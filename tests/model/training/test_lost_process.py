"""A training by two processes that torchrun started: one is killed, and the run goes on as if nothing had happened."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from .clicked import block

ROOT = Path(__file__).parents[3]
STEPS = 30

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc").is_dir(), reason="processes are found in /proc")]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for seed in range(4):
        picture, objects = block(seed)
        for folder, array in (("images", picture), ("masks", objects.flat().astype(np.uint8))):
            (tmp_path / "data" / folder).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(tmp_path / "data" / folder / f"{seed}.png"), array)
    return tmp_path / "data"


@pytest.fixture
def started(data: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command as a user would, on two processes; what still runs at the end of the test is ended."""
    runs: list[subprocess.Popen[str]] = []

    def start(run: Path, *more: str) -> subprocess.Popen[str]:
        runs.append(training(data, run, *more))
        return runs[-1]

    yield start
    for each in runs:
        with each:
            each.terminate()


def training(data: Path, run: Path, *more: str) -> subprocess.Popen[str]:
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    preset = ["--preset", "from-scratch", "--data", str(data), "--output", str(run), "--device", "cpu"]
    size = ["--crop", "64,64", "--batch-size", "4", "--epochs", "1", "--epoch-samples", str(4 * STEPS)]
    often = ["--checkpoint-minutes", "0.001", "--report-seconds", "0.1", "--hold-out", "0", "--min-area", "20"]
    command = [sys.executable, *torchrun, "-m", "isegformer_app", "train", *preset, *size, *often, *more]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def second_of(parent: int) -> int:
    """Process id of the second process that torchrun started."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            is_child = f"PPid:\t{parent}\n" in status.read_text()
            environment = (status.parent / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if is_child and b"RANK=1" in environment:
            return int(status.parent.name)
    raise AssertionError("torchrun has no second process")


def steps_told(run: Path) -> int:
    path = run / "metrics.jsonl"
    return len(re.findall(r'"loss"', path.read_text())) if path.exists() else 0


def test_a_killed_process_is_said_and_the_run_goes_on(
    started: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    whole = started(tmp_path / "whole")
    broken = started(tmp_path / "broken")
    deadline = time.monotonic() + 300
    while not (steps_told(tmp_path / "broken") > 2 and (tmp_path / "broken" / "state.pt").exists()):
        assert broken.poll() is None, broken.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(second_of(broken.pid), signal.SIGKILL)
    said = broken.communicate(timeout=300)[0]
    assert broken.returncode != 0
    assert "Another process of this training was lost" in said, said
    assert "--resume auto" in said
    assert not (tmp_path / "broken" / "model.safetensors").exists()

    steps = torch.load(tmp_path / "broken" / "state.pt", weights_only=True)["steps"]
    assert 0 < steps < STEPS
    again = started(tmp_path / "broken", "--resume", "auto")
    said = again.communicate(timeout=300)[0]
    assert again.returncode == 0, said
    said = whole.communicate(timeout=300)[0]
    assert whole.returncode == 0, said
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "broken"))
    assert one.keys() == other.keys()
    assert all(np.array_equal(one[name], other[name]) for name in one)

"""The real program is killed in the middle of the work, and started again: at most the edit in flight is lost."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from resources import resource_path

from .annotating import SESSION

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300
SCRIPTS = 5
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")


class Machine:
    """Three photos and a home of their own, where the program runs and dies."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "log"
        self.photos = [folder / f"photo{number}.png" for number in range(3)]
        for photo in self.photos:
            shutil.copy(resource_path("samples/cat.png"), photo)

    def run(self, task: str, *paths: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.app.annotating", str(self.log), task, *map(str, paths)]
        home = {"ISEGFORMER_HOME": str(self.folder / "home"), "QT_QPA_PLATFORM": "offscreen"}
        return subprocess.Popen(command, cwd=ROOT, env=os.environ | home, stderr=subprocess.PIPE)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    def work_until_killed(self, seed: int, lines: int, seconds: float) -> list[str]:
        """Kill it so many seconds after so many changes."""
        with self.run(str(seed), *self.photos) as program:
            deadline = time.monotonic() + PATIENCE_S
            while len(self.lines()) < lines and program.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(seconds)
            program.kill()
            assert program.wait() == -9, program.stderr and program.stderr.read()
        return self.lines()

    def restore(self) -> dict[str, str]:
        self.log.unlink()
        session = self.folder / SESSION
        with self.run("restore", *([session] if session.exists() else [])) as program:
            assert program.wait(PATIENCE_S) == -9, program.stderr and program.stderr.read()
        return dict(json.loads(self.log.read_text()))


@cache
def undisturbed(seed: int) -> tuple[str, ...]:
    """What a script does when nobody kills it."""
    with TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        with machine.run(str(seed), *machine.photos) as program:
            assert program.wait(PATIENCE_S) == 0, program.stderr and program.stderr.read()
        *changes, end = machine.lines()
    assert end == "end"
    assert len(set(changes)) > len(changes) / 2
    return tuple(changes)


def kill_and_restore(folder: Path, number: int) -> None:
    seed, chance = number % SCRIPTS, random.Random(number)
    changes = undisturbed(seed)
    machine = Machine(folder)
    done = machine.work_until_killed(seed, chance.randrange(1, len(changes) - 8), chance.uniform(0, 0.02))
    assert done == list(changes[: len(done)])
    for _ in range(2):
        # The second time it is the window that had restored it that died.
        restored = machine.restore()
        assert restored["work"] in changes[len(done) - 1 : len(done) + 1]
        if restored["asked"]:
            assert "ended before this work was saved" in restored["asked"]
            assert restored["told"].startswith("Restored ")
        else:
            assert (machine.folder / SESSION).exists()


def test_work_survives_a_kill(tmp_path: Path) -> None:
    kill_and_restore(tmp_path, 0)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(1, 50))
def test_work_survives_fifty_kills(tmp_path: Path, number: int) -> None:
    kill_and_restore(tmp_path, number)

"""How soon the first slice of a DICOM series of 192 files is seen, and the whole: each time in a fresh process."""

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

import numpy as np
from PySide6.QtWidgets import QApplication

from isegformer_app.app import opened
from isegformer_app.inference import FakeEngine

from .samples import Stopwatch

_REAL = Path("volumes") / "mr_oblique_192slices.zip"
"""In the folder that ISEGFORMER_DATA names."""

_SHAPE = (192, 256, 256)
_LINES = ("series: first slice after the window", "series: whole, 192 files of 256 x 256")


def measure_series(watch: Stopwatch, rounds: int) -> dict[str, str]:
    """Measure from the window that stands to the first slice, and to the volume that can be clicked."""
    with tempfile.TemporaryDirectory() as folder:
        named = os.environ.get("ISEGFORMER_DATA", "")
        is_real = bool(named) and (Path(named) / _REAL).is_file()
        series = _unpacked(Path(named) / _REAL, Path(folder)) if is_real else _written(Path(folder))
        environment = {**os.environ, "ISEGFORMER_HOME": str(Path(folder) / "home")}
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
        for _ in range(rounds):
            command = [sys.executable, "-m", "tests.bench.series", str(series)]
            ended = subprocess.run(command, check=True, env=environment, stdout=subprocess.PIPE, text=True)
            for name, seconds in zip(_LINES, ended.stdout.split(), strict=True):
                watch.add(name, float(seconds))
    return {"series": "a real MR" if is_real else "made for this measurement"}


def _unpacked(archive: Path, folder: Path) -> Path:
    with zipfile.ZipFile(archive) as files:
        files.extractall(folder / "series")
    return folder / "series"


def _written(folder: Path) -> Path:
    # Only here: the process that is measured must not have pydicom imported.
    from tests.app.files.volumes.series import write_series

    affine = np.array([[0, 0, -0.9, 110], [0, -0.9, 0, 120], [0.9, 0, 0, -80], [0, 0, 0, 1]])
    return write_series(folder / "series", np.random.default_rng(1).integers(0, 900, _SHAPE).astype(np.int16), affine)


def main(path: str) -> None:
    """Print the seconds to the first slice and to the whole volume."""
    app = QApplication(sys.argv[:1])
    with opened([], lambda *_: FakeEngine()) as window:
        # The window stands and rests, as while somebody looks for the folder.
        for _ in range(50):
            app.processEvents()
            sleep(0.002)
        started = perf_counter()
        window.files.open_paths([Path(path)])
        first = _seconds_until(started, lambda: window.stack.currentWidget() is window.first_slice)
        whole = _seconds_until(started, lambda: window.segmenting.photo is not None)
        print(first, whole)
        window.files.album.mark_saved()
        window.close()


def _seconds_until(started: float, condition: Callable[[], bool]) -> float:
    while not condition():
        QApplication.processEvents()
        # Without a rest the reader's thread would have to fight for Python.
        sleep(0.002)
    return perf_counter() - started


if __name__ == "__main__":
    main(sys.argv[1])

"""Training from the menu: what is wanted, the command that does it, and what its run folder says while it runs.

The window never trains by itself: it starts `isegformer train` as a child process, watches the run folder, and writes
wishes into it. So a training outlives the window, and goes on after a restart.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import isegformer_app
from isegformer_app.files.atomic import replacing
from isegformer_app.files.errors import cannot_write

MODEL, LOG = "model.safetensors", "log.txt"
_WANTED = "wanted.json"
_LONGEST_NAME = 80
_FRESH_SECONDS = 20.0
"""A run whose progress is younger than this is alive, whoever started it."""

_WORDS = {
    "check": "Checking the data",
    "before": "Measuring the base model on the held-out images",
    "encode": "Encoding the images",
    "train": "Training",
    "after": "Measuring the new model on the held-out images",
    "pause": "Paused",
    "done": "Done",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the annotator chose in the dialog."""

    data: tuple[Path, ...]
    base: str = ""
    """A model as the settings name it; empty for the bundled one."""
    hold_out: int = 20
    """Share of the objects that are held out, in percent."""
    minutes: float = 5.0
    """For the training itself."""
    extra: tuple[str, ...] = ()
    """Further options of the command, for the patient and for tests."""

    def command(self, run: Path, *, resume: bool = False, check_only: bool = False) -> list[str]:
        """The command line that does it, the very same that may be typed."""
        words = [sys.executable, "-m", "isegformer_app", "train", "--preset", "finetune"]
        words += ["--data", *map(str, self.data), "--output", str(run)]
        words += ["--hold-out", str(self.hold_out / 100), "--minutes", str(self.minutes), *self.extra]
        words += ["--start-from", self.base] if self.base else []
        words += ["--resume", "auto"] if resume else []
        return [*words, "--check-only"] if check_only else words

    def save(self, run: Path) -> None:
        """Remember it in the run folder, so that the run can go on after a restart. Raises `CannotWrite`."""
        content = {
            "data": [str(path) for path in self.data],
            "base": self.base,
            "hold_out": self.hold_out,
            "minutes": self.minutes,
            "extra": list(self.extra),
        }
        try:
            run.mkdir(parents=True, exist_ok=True)
            (run / _WANTED).write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise cannot_write(run, error) from error

    @classmethod
    def load(cls, run: Path) -> "Wanted | None":
        """Read what `save` wrote; None where there is nothing readable."""
        content = _json(run / _WANTED)
        try:
            data = tuple(Path(each) for each in content["data"])
            return cls(data, content["base"], content["hold_out"], content["minutes"], tuple(content["extra"]))
        except (KeyError, TypeError):
            return None


class Phase(Enum):
    """Where a run stands."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    """It ended before its end and can go on."""
    FAILED = "failed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is, in words and numbers."""

    words: str = "Starting"
    share: float = 0.0
    """Of the present stage, 0 to 1."""
    seconds_left: float | None = None
    is_paused: bool = False


@dataclass(slots=True)
class Curves:
    """What is plotted, over the samples seen: loss, and the mean IoU on held-out views."""

    loss: list[tuple[int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)
    _read: int = 0

    def follow(self, run: Path) -> bool:
        """Read what was added to the metrics since the last time; tell whether there was anything."""
        try:
            with (run / "metrics.jsonl").open("rb") as file:
                file.seek(self._read)
                added = file.read()
        except OSError:
            return False
        whole = added[: added.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                samples = int(entry["samples"])
            except (ValueError, KeyError, TypeError):
                continue
            if "loss" in entry:
                self.loss.append((samples, float(entry["loss"])))
            if "held_out" in entry:
                self.held_out.append((samples, float(entry["held_out"])))
        return bool(whole)


class Run:
    """One training in its folder, with the child process where this window started it."""

    def __init__(self, folder: Path, wanted: Wanted) -> None:
        self.folder, self.wanted = folder, wanted
        self.curves = Curves()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, resume: bool = False, check_only: bool = False) -> None:
        """Start the child process. Raises `CannotWrite` where the run folder cannot be written."""
        self.wanted.save(self.folder)
        self.wish("")
        root = str(Path(isegformer_app.__file__).parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            with (self.folder / LOG).open("wb") as log:
                self._child = subprocess.Popen(
                    self.wanted.command(self.folder, resume=resume, check_only=check_only),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
                    # Ctrl+C in the window's terminal is not meant for it.
                    start_new_session=True,
                )
        except OSError as error:
            raise cannot_write(self.folder / LOG, error) from error

    @property
    def is_alive(self) -> bool:
        """Whether a process works on it: ours, or one that another window left behind."""
        if self._child is not None:
            return self._child.poll() is None
        told = _json(self.folder / "progress.json").get("time", 0)
        return not self.result and isinstance(told, (int, float)) and abs(time.time() - told) < _FRESH_SECONDS

    @property
    def phase(self) -> Phase:
        """Where it stands now."""
        if self.is_alive:
            return Phase.PAUSED if self.progress.is_paused else Phase.RUNNING
        if self.result:
            return Phase.DONE
        code = None if self._child is None else self._child.returncode
        return Phase.STOPPED if code in (None, 0, 130) else Phase.FAILED

    @property
    def progress(self) -> Progress:
        """How far it is."""
        told = _json(self.folder / "progress.json")
        stage = str(told.get("stage", ""))
        done, total, left = told.get("done", 0), told.get("total", 0), told.get("seconds_left")
        return Progress(
            _WORDS.get(stage, "Starting"),
            min(done / total, 1.0) if total else 0.0,
            float(left) if isinstance(left, (int, float)) else None,
            stage == "pause",
        )

    @property
    def report(self) -> Mapping[str, Any]:
        """The data check; empty before it is done."""
        return _json(self.folder / "report.json")

    @property
    def result(self) -> Mapping[str, Any]:
        """Numbers before and after; empty before the end."""
        return _json(self.folder / "result.json")

    def pictures(self) -> list[Path]:
        """The sample predictions of the last look, three at most."""
        newest: dict[str, Path] = {}
        for path in sorted((self.folder / "samples").glob("*.png")):
            newest[path.name.split("-")[0]] = path
        return list(newest.values())

    def pictures_at_the_end(self) -> tuple[list[Path], list[Path]]:
        """The sample predictions of the base model, and those of the look that was kept."""
        self.curves.follow(self.folder)
        best = max(self.curves.held_out, key=lambda point: point[1], default=(0, 0.0))[0]
        first, last = (sorted((self.folder / "samples").glob(f"*-{samples:06d}.png")) for samples in (0, best))
        return first, last

    def wish(self, wish: str) -> None:
        """Ask it to `pause` or to `stop`; an empty wish lets it go on. Raises `CannotWrite`."""
        try:
            (self.folder / "wish.txt").write_text(wish, encoding="utf-8")
        except OSError as error:
            raise cannot_write(self.folder, error) from error

    def end(self) -> None:
        """End the child process at once: a check that nobody waits for any more."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def lay_down(self) -> None:
        """Note in its folder that its process is gone, so that nobody waits for it. Raises `CannotWrite`."""
        path = self.folder / "progress.json"
        told = _json(path)
        if told:
            try:
                path.write_text(json.dumps(told | {"time": 0}), encoding="utf-8")
            except OSError as error:
                raise cannot_write(path, error) from error

    def last_words(self) -> str:
        """Say in plain language why it ended."""
        try:
            text = (self.folder / LOG).read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        code = None if self._child is None else self._child.returncode
        return plain_words(text, code)


def plain_words(log: str, code: int | None) -> str:
    """Turn the last words of a child that failed into a sentence for the annotator."""
    lines = [line.strip() for line in re.split(r"[\r\n]+", log) if line.strip()]
    own = [line.removeprefix("isegformer: ") for line in lines if line.startswith("isegformer: ")]
    if own:
        return own[-1]
    last = lines[-1] if lines else ""
    if "MemoryError" in last or "not enough memory" in last or code in (-9, 137):
        return "The memory of this computer was not enough for the training; close other programs, or use fewer images."
    if code is not None and code < 0:
        return f"The training was ended from outside (signal {-code}); it can be gone on with."
    if last:
        return f"The training ended unexpectedly: {last}"
    return "The training ended unexpectedly and said nothing; see the log in its folder."


def new_run_folder(trainings: Path) -> Path:
    """Name a folder for a new run, after the time."""
    stem = time.strftime("%Y-%m-%d-%H%M%S")
    number = 1
    while (folder := trainings / (stem if number == 1 else f"{stem}-{number}")).exists():
        number += 1
    return folder


def left_over_run(trainings: Path) -> Run | None:
    """The newest run that has not ended, or whose outcome was neither kept nor discarded; None where there is none."""
    try:
        folders = sorted((path for path in trainings.iterdir() if path.is_dir()), reverse=True)
    except OSError:
        return None
    for folder in folders:
        wanted = Wanted.load(folder)
        begun = (folder / "progress.json").exists() and (folder / "before.json").exists()
        if wanted is not None and begun:
            return Run(folder, wanted)
    return None


def kept_model_path(models: Path, name: str) -> Path:
    """Where a model that is kept goes: `models/NAME.safetensors`, never over another one."""
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:_LONGEST_NAME].strip("-._") or "model"
    number = 1
    while (path := models / f"{clean if number == 1 else f'{clean}-{number}'}.safetensors").exists():
        number += 1
    return path


def keep_model(run: Run, models: Path, name: str) -> Path:
    """Copy the model of a run to the models of one's own; raises `CannotWrite`."""
    target = kept_model_path(models, name)
    try:
        models.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(target, error) from error
    with replacing(target) as draft:
        shutil.copyfile(run.folder / MODEL, draft)
    return target


def _json(path: Path) -> dict[str, Any]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

"""Evaluating from the menu: the command that does it, on a copy of the project, and what it says while it runs.

The window never evaluates by itself: it starts `isegformer evaluate` as a child process and reads what that writes.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import isegformer_app
from isegformer_app.files.errors import cannot_write
from isegformer_app.files.session import SUFFIX

from .session_keeping import Snapshot

PICTURES = {
    "Clicks": ("iou-against-clicks.png", False),
    "Histogram": ("noc-histogram.png", False),
    "Worst cases": ("worst-cases.png", True),
}
"""Heading -> picture that an evaluation writes into its folder, and whether it is scrolled."""

_MEASURES = {
    **{f"noc@{percent}": f"Clicks to an IoU of .{percent}, 20 at most" for percent in (80, 85, 90, 95)},
    "failures@85": "Objects that need 20 clicks or more to .85",
    "failures@90": "Objects that need 20 clicks or more to .90",
    **{f"miou@{count}": f"IoU after {count} click{'s' if count > 1 else ''}, %" for count in (1, 2, 3, 5, 10, 20)},
    "auc_iou": "Area under the curve of IoU, %",
    "mdice@20": "Dice after 20 clicks, %",
    "boundary_iou@20": "Boundary IoU after 20 clicks, %",
    "seconds_click_median": "Seconds a click, median",
    "seconds_click_95": "Seconds a click, 95th percentile",
    "seconds_encode_image_median": "Seconds to encode an image, median",
}
"""What the dialog tells of a summary, and in which words."""

_LOG, _TABLE, _SUMMARY = "log.txt", "table.md", "summary.json"
_PROJECT = f"project{SUFFIX}"
_MARK = "progress "
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of an evaluation in words: what it is, its value, and its 95 % interval."""

    words: str
    value: str
    interval: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What answers, as the settings name it; `extra` are further options of the command."""

    model: str = ""
    device: str = "auto"
    threads: int = 0
    extra: tuple[str, ...] = ()

    def command(self, folder: Path) -> list[str]:
        """The command line that does it, the very same that may be typed."""
        words = [sys.executable, "-m", "isegformer_app", "evaluate", "--dataset", "project"]
        words += ["--root", str(folder / _PROJECT), "--output", str(folder), "--progress", "--device", self.device]
        words += ["--model", self.model] if self.model else []
        words += ["--threads", str(self.threads)] if self.threads else []
        return [*words, *self.extra]


class EvaluationRun:
    """One evaluation in its folder."""

    def __init__(self, folder: Path, asked: Asked) -> None:
        self.folder, self.asked = folder, asked
        self._child: subprocess.Popen[bytes] | None = None
        self._started: tuple[float, int] | None = None

    def lay_ready(self, snapshot: Snapshot) -> None:
        """Write the project as it is now into the folder; raises `FileProblem`. May run on any thread."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self.folder, error) from error
        snapshot.write(self.folder / _PROJECT)

    def start(self) -> None:
        """Start the child process. Raises `CannotWrite` where the folder cannot be written."""
        root = str(Path(isegformer_app.__file__).parent.parent)
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH", "")) if part)
        try:
            with (self.folder / _LOG).open("wb") as log:
                self._child = subprocess.Popen(
                    self.asked.command(self.folder),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    env=os.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
                    # Ctrl+C in the window's terminal is not meant for it.
                    start_new_session=True,
                )
        except OSError as error:
            raise cannot_write(self.folder / _LOG, error) from error

    @property
    def is_alive(self) -> bool:
        """Whether the process works."""
        return self._child is not None and self._child.poll() is None

    @property
    def is_done(self) -> bool:
        """Whether it ended well."""
        return self._child is not None and self._child.poll() == 0

    @property
    def progress(self) -> tuple[int, int]:
        """Objects done, and of how many; 0 of 0 before it knows."""
        told = [line for line in self._log() if line.startswith(_MARK)]
        try:
            done, total = (int(word) for word in told[-1].split()[1:])
        except (IndexError, ValueError):
            return 0, 0
        return done, total

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the last object, at the speed so far; None before that is known."""
        done, total = self.progress
        if self._started is None and total:
            self._started = time.monotonic(), done
        if self._started is None or done == self._started[1]:
            return None
        began, first = self._started
        return (time.monotonic() - began) / (done - first) * (total - done)

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers; empty before the end."""
        try:
            content = json.loads((self.folder / _SUMMARY).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def table(self) -> str:
        """The tables in Markdown."""
        try:
            return (self.folder / _TABLE).read_text(encoding="utf-8")
        except OSError:
            return ""

    def headline(self) -> str:
        """Sum the result up in one sentence."""
        summary = self.summary
        objects, unreached = int(summary["objects"]), int(summary["unreached@90"])
        never = {0: "all reach it", 1: "one never reaches it"}.get(unreached, f"{unreached} never reach it")
        return (
            f"{summary['model']} needs {summary['noc@90']:.1f} clicks an object to reach an IoU of .90, "
            f"over {objects} {'object' if objects == 1 else 'objects'}; {never}."
        )

    def measures(self) -> list[Measure]:
        """The numbers of the result that are told, as far as they were measured."""
        summary = self.summary
        known = summary | summary["timings"]
        return [
            Measure(
                words, _said(name, known[name]), " to ".join(_said(name, each) for each in summary["intervals"][name])
            )
            for name, words in _MEASURES.items()
            if name in known
        ]

    def left_out(self) -> list[str]:
        """What could not be measured, and why."""
        return [f"{each['name']}: {each['reason']}" for each in self.summary.get("problems", ())]

    def last_words(self) -> str:
        """Say in plain language why it ended."""
        said = [line for line in self._log() if line.startswith("isegformer: ")]
        return said[-1].removeprefix("isegformer: ") if said else "The evaluation ended without a word; see its log."

    def end(self) -> None:
        """End the process; what was measured stays in the folder."""
        if self._child is not None and self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()

    def _log(self) -> list[str]:
        try:
            return (self.folder / _LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []


def _said(name: str, value: float) -> str:
    """Write a number as its kind is read: whole, in percent, in seconds, or in clicks."""
    if name.startswith("failures"):
        return f"{value:.0f}"
    if name.startswith("seconds"):
        return f"{value:.3f}"
    return f"{value:.2f}" if name.startswith("noc") else f"{100 * value:.1f}"

"""The folder of a run: settings, versions, metrics (JSON lines and TensorBoard), sample pictures, state, wishes."""

import json
import pickle
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..data.writing import make_folder, write_text
from ..errors import SettingsError
from ..versions import versions
from .settings import RunSettings

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

STATE, METRICS, SETTINGS, PROGRESS, WISH = "state.pt", "metrics.jsonl", "settings.json", "progress.json", "wish.txt"
_DAMAGED = (
    *(OSError, RuntimeError, ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError, OverflowError),
    *(struct.error, pickle.UnpicklingError),
)
"""How torch says that a file of it is none or damaged, with pages of text."""

_PAUSE_SECONDS = 0.3
_LIFE_SECONDS = 5.0


class RunFolder:
    """What a run writes, and the one thing it reads: `wish.txt`, in which others write `pause`, `stop` or nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._board: SummaryWriter | None = None
        self._told: dict[str, object] = {}

    def begin(self, settings: RunSettings, **facts: object) -> None:
        """Make the folder and write the settings, the versions and `facts`. Raises `OutputError`."""
        make_folder(self.path)
        content = {**asdict(settings), "versions": versions(), **facts}
        write_text(self.path / SETTINGS, json.dumps(content, indent=1) + "\n")

    @property
    def is_begun(self) -> bool:
        """Whether a run stands here that could be gone on with."""
        return (self.path / STATE).exists()

    def tell(self, line: Mapping[str, object], step: int) -> None:
        """Append metrics to `metrics.jsonl` and to TensorBoard's file, at `step`."""
        with (self.path / METRICS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(dict(line)) + "\n")
        if self._board is None:
            # Imported late: it takes a second.
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(self.path / "tensorboard"))
        for name, value in line.items():
            if isinstance(value, (int, float)):
                self._board.add_scalar(name, value, step)

    def close(self) -> None:
        """Write out what TensorBoard's file still lacks."""
        if self._board is not None:
            self._board.close()
            self._board = None

    def show(self, name: str, picture: NDArray[np.uint8]) -> None:
        """Write a sample picture (H, W, 3) uint8, RGB, to `samples/NAME.png`."""
        folder = self.path / "samples"
        folder.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))

    def progress(self, stage: str, done: float, total: float, **facts: object) -> None:
        """Say how far the run is, for those who watch: `progress.json`."""
        self._told = {"stage": stage, "done": round(done, 3), "total": round(total, 3), **facts}
        self._tell_time()

    def _tell_time(self) -> None:
        write_text(self.path / PROGRESS, json.dumps(self._told | {"time": time.time()}) + "\n")

    def save_state(self, state: Mapping[str, Any], name: str = STATE) -> None:
        """Write the state of the run beside the last one, then put it in its place."""
        temporary = self.path / f"{name}.part"
        torch.save(dict(state), temporary)
        temporary.replace(self.path / name)

    def load_state(self, name: str = STATE) -> dict[str, Any]:
        """Read what `save_state` wrote; nothing in it is ever run. Raises `SettingsError` where it is damaged."""
        try:
            state: dict[str, Any] = torch.load(self.path / name, map_location="cpu", weights_only=True)
        except _DAMAGED as error:
            raise SettingsError(
                f"The run folder {str(self.path)!r} holds no whole state to go on from: {name} is missing or damaged."
            ) from error
        return state

    def obey(self, on_pause: Callable[[], None] = lambda: None, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Do what `wish.txt` says: wait while it says `pause`, raise `KeyboardInterrupt` where it says `stop`.

        `on_pause` is called once when a pause begins, `meanwhile` again and again while it lasts. A paused run goes on
        to give signs of life: whoever took it for dead would start it a second time.
        """
        is_paused = False
        seen = time.monotonic()
        while wish := self._wish():
            if wish == "stop":
                self.wish("")
                raise KeyboardInterrupt
            if wish != "pause":
                return
            if not is_paused:
                is_paused = True
                on_pause()
            meanwhile()
            if self._told and time.monotonic() - seen > _LIFE_SECONDS:
                seen = time.monotonic()
                self._tell_time()
            time.sleep(_PAUSE_SECONDS)

    def wish(self, wish: str) -> None:
        """Ask the run in this folder to `pause` or to `stop`; an empty wish lets it go on."""
        (self.path / WISH).write_text(wish, encoding="utf-8")

    def forget_pause(self) -> None:
        """Begin without the pause in which an earlier start may have been killed; a wish to stop stands."""
        if self._wish() == "pause":
            self.wish("")

    def _wish(self) -> str:
        try:
            return (self.path / WISH).read_text(encoding="utf-8").strip()
        except OSError:
            return ""

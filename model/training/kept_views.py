"""Views with their tokens, encoded once by the frozen encoder and kept on disk in shards that can be resumed."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from tqdm import tqdm

from ..data.annotated import Annotated
from ..data.writing import refused
from ..networks.late import DinoEncoder, LateNetwork
from ..networks.precision import fast_arithmetic
from .views import ViewPlan, labels_of, targets_of, view_of

SHARD_VIEWS = 120
_ARRAYS = ("trunk", "last", "half", "labels")
_DONE = "done"
_BATCH = 4
Told = Callable[[int, int], None]
_Store = dict[str, "np.memmap[tuple[int, ...], np.dtype[np.generic]]"]


@dataclass(frozen=True, slots=True)
class KeptViews:
    """The views of one token grid in one shard, memory-mapped.

    `arrays` are trunk and last (N, 1 + rows cols, 384) float16, half (N, 8 rows, 8 cols, 3) uint8 and labels
    (N, 8 rows, 8 cols) uint16; `index` says of every view from which box of which image it is, and its targets.
    """

    rows: int
    cols: int
    arrays: dict[str, NDArray[np.generic]]
    index: list[dict[str, object]]


def shards_of(plans: Sequence[ViewPlan], seed: int) -> list[list[ViewPlan]]:
    """Shuffle the plans and cut them into shards, so that any first few shards show of everything."""
    order = np.random.default_rng(seed).permutation(len(plans))
    return [[plans[i] for i in order[at : at + SHARD_VIEWS]] for at in range(0, len(order), SHARD_VIEWS)]


def keep_views(
    folder: Path,
    images: Sequence[Annotated],
    shards: Sequence[Sequence[ViewPlan]],
    network: LateNetwork,
    part: tuple[int, int] = (0, 1),
    told: Told = lambda done, total: None,
) -> None:
    """Encode the shards into `folder`; a finished shard is left as it is, a broken-off one is made anew.

    `part` = (index, count) takes every count-th shard only, so that several processes can share the work. `told` hears
    how many views are done, of how many, and may raise to end the work. Raises `OutputError` where there is no room.
    """
    mine = [number for number in range(len(shards)) if number % part[1] == part[0]]
    total = sum(len(shards[number]) for number in mine)
    with tqdm(total=total, unit="view", desc="encode", mininterval=5) as bar:

        def advance(count: int) -> None:
            bar.update(count)
            told(int(bar.n), total)

        for number in mine:
            place = folder / f"{number:03d}"
            if not (place / _DONE).exists():
                shutil.rmtree(place, ignore_errors=True)
                _keep_shard(place, images, shards[number], network, advance)
                (place / _DONE).touch()
            else:
                advance(len(shards[number]))


def _keep_shard(
    place: Path,
    images: Sequence[Annotated],
    plans: Sequence[ViewPlan],
    network: LateNetwork,
    advance: Callable[[int], None],
) -> None:
    grids: dict[tuple[int, int], list[ViewPlan]] = {}
    for plan in plans:
        grids.setdefault((plan.rows, plan.cols), []).append(plan)
    for grid, members in sorted(grids.items()):
        folder = place / f"{grid[0]}x{grid[1]}"
        folder.mkdir(parents=True)
        store = _open_store(folder, grid, len(members))
        index = []
        for start in range(0, len(members), _BATCH):
            views = []
            for at, plan in enumerate(members[start : start + _BATCH], start):
                item = images[plan.image]
                pixels, objects = item.read()
                colours, labels = view_of(pixels, labels_of(objects), plan)
                views.append(colours)
                store["labels"][at] = labels
                index.append({"set": item.set_name, "stem": item.stem, "targets": targets_of(labels), **asdict(plan)})
            _encode(network, np.stack(views), store, start)
            advance(len(views))
        for array in store.values():
            array.flush()
        (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def _open_store(folder: Path, grid: tuple[int, int], count: int) -> _Store:
    rows, cols = grid
    tokens = (count, 1 + rows * cols, DinoEncoder.width)
    half = (count, 8 * rows, 8 * cols)
    shapes = {
        "trunk": (tokens, np.float16),
        "last": (tokens, np.float16),
        "half": ((*half, 3), np.uint8),
        "labels": (half, np.uint16),
    }
    store = {}
    for name, (shape, dtype) in shapes.items():
        file = folder / f"{name}.npy"
        try:
            store[name] = np.lib.format.open_memmap(file, "w+", np.dtype(dtype), shape)
            _claim(file)
        except OSError as error:
            raise refused(file, error) from error
    return store


def _claim(file: Path) -> None:
    """Take the room of a file that has holes yet: writing to them through memory on a full disk kills the process."""
    if sys.platform != "win32" and hasattr(os, "posix_fallocate"):
        with file.open("r+b") as handle:
            os.posix_fallocate(handle.fileno(), 0, file.stat().st_size)


@torch.inference_mode()
def _encode(
    network: LateNetwork,
    views: NDArray[np.uint8],
    store: _Store,
    at: int,
) -> None:
    tensor = torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255
    with fast_arithmetic():
        trunk = network.encoder.trunk(tensor)
        last = network.encoder.last(trunk)
    half = functional.avg_pool2d(tensor, 2).permute(0, 2, 3, 1)
    end = at + len(views)
    store["trunk"][at:end] = trunk.to(torch.float16).numpy()
    store["last"][at:end] = last.to(torch.float16).numpy()
    store["half"][at:end] = (half * 255).round().to(torch.uint8).numpy()


def open_views(folder: Path) -> list[KeptViews]:
    """Open the views of every finished shard."""
    kept = []
    for place in sorted(path.parent for path in folder.glob("*/*/index.json") if (path.parent.parent / _DONE).exists()):
        rows, cols = (int(part) for part in place.name.split("x"))
        arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in _ARRAYS}
        kept.append(KeptViews(rows, cols, arrays, json.loads((place / "index.json").read_text(encoding="utf-8"))))
    return kept

"""Tuning on one's own images: the best look is kept, wishes are obeyed, and a stopped run goes on as it would have."""

import errno
import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from model.data.annotated import Annotated, Objects
from model.errors import OutputError
from model.networks.late import LateNetwork
from model.training.finetune import FineTuning, plans_of
from model.training.kept_views import open_views
from model.training.looks import HeldOutViews
from model.training.loop import Trainer
from model.training.run_folder import RunFolder
from model.training.settings import FineTuneSettings

from .clicked import block, blocks

SETTINGS = FineTuneSettings(
    samples=8,
    batch_size=2,
    crop_tokens=(12,),
    crop_shares=(1.0,),
    most_views=3,
    held_out_objects=3,
    looks=2,
    minutes=0.0,
    threads=1,
    zoom_views=0.0,
)


def quiet(done: int, total: int) -> None:
    """Hear nothing."""


@pytest.fixture(scope="module")
def network() -> LateNetwork:
    torch.manual_seed(0)
    return LateNetwork().eval()


@pytest.fixture(scope="module")
def kept(network: LateNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder with encoded views of four pictures, two of them held out."""
    folder = RunFolder(tmp_path_factory.mktemp("run"))
    folder.begin(SETTINGS)
    told: list[tuple[int, int]] = []
    FineTuning(network, folder, SETTINGS).keep(
        blocks(4)[:2], blocks(4)[2:], lambda done, total: told.append((done, total))
    )
    done, total = told[-1]
    assert done == total >= 4
    return folder.path


def test_tuning_leaves_the_encoder_and_keeps_the_best_look(network: LateNetwork, kept: Path) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    folder = RunFolder(kept)
    look = FineTuning(network, folder, SETTINGS).train(resume=False)
    lines = [json.loads(line) for line in (kept / "metrics.jsonl").read_text().splitlines()]
    looks = [line["held_out"] for line in lines if "held_out" in line]
    assert len(looks) >= 3
    assert look.score == pytest.approx(max(looks), abs=1e-3)
    assert lines[0]["samples"] == 0
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert not [name for name in changed if name.startswith("encoder.")]
    assert sorted((kept / "samples").glob("*.png"))


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system claims no room")
def test_a_full_disk_is_told_before_the_views_are_written(
    network: LateNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are written through memory, where a full disk would end the process without a word."""

    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    folder = RunFolder(tmp_path / "run")
    folder.begin(SETTINGS)
    with pytest.raises(OutputError, match="no space left"):
        FineTuning(network, folder, SETTINGS).keep(blocks(4)[:2], blocks(4)[2:], quiet)


def test_the_look_is_the_same_each_time(network: LateNetwork, kept: Path) -> None:
    looks = HeldOutViews(open_views(kept / "views" / "held-out"), 3, 5)
    assert len(looks) == 3
    assert looks.look(network).ious == looks.look(network).ious


def test_a_paused_run_gives_signs_of_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.training.run_folder._LIFE_SECONDS", 0.0)
    folder = RunFolder(tmp_path)
    folder.progress("pause", 1, 2)
    folder.wish("pause")
    times = []

    def look() -> None:
        told = json.loads((tmp_path / "progress.json").read_text())
        assert (told["stage"], told["done"]) == ("pause", 1)
        times.append(told["time"])
        if len(times) == 3:
            folder.wish("")

    folder.obey(meanwhile=look)
    assert times == sorted(set(times))


def test_a_wish_to_stop_loses_nothing(network: LateNetwork, kept: Path, tmp_path: Path) -> None:
    views = open_views(kept / "views" / "training")
    start = {name: value.clone() for name, value in network.state_dict().items()}

    def run(folder: Path, stop_at: int | None, *, resume: bool) -> Trainer:
        network.load_state_dict(start)
        trainer = Trainer(network, views, SETTINGS, folder)
        if resume:
            trainer.resume()

        def watch(running: Trainer) -> None:
            if stop_at is not None and running.samples >= stop_at:
                RunFolder(folder).wish("stop")
            RunFolder(folder).obey()

        trainer.train(watch)
        return trainer

    whole = {
        name: value.clone() for name, value in run(tmp_path / "whole", None, resume=False).average.state_dict().items()
    }
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", 2, resume=False)
    parts = run(tmp_path / "parts", None, resume=True).average.state_dict()
    network.load_state_dict(start)
    assert all(torch.equal(value, parts[name]) for name, value in whole.items())


def test_a_pause_waits_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder(tmp_path)
    folder.wish("pause")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            folder.wish("")

    monkeypatch.setattr("model.training.run_folder.time.sleep", sleep)
    paused: list[bool] = []
    folder.obey(on_pause=lambda: paused.append(True))
    assert (len(slept), paused) == (3, [True])


def test_views_are_drawn_evenly_from_all_images() -> None:
    plans = plans_of(blocks(10), 0.0, 4, 1)
    assert len(plans) == 4
    assert len({plan.image for plan in plans}) == 4
    assert max(plan.image for plan in plans) >= 6


def test_void_pixels_are_no_target_and_no_error(network: LateNetwork, tmp_path: Path) -> None:
    def with_void(seed: int) -> Objects:
        objects = block(seed)[1]
        ignored = objects.ignored.copy()
        ignored[:, 70:] = True
        return Objects(objects.layers, ignored)

    image = Annotated("void", "0", lambda: block(0)[0], partial(with_void, 0))
    folder = RunFolder(tmp_path)
    folder.begin(SETTINGS)
    FineTuning(network, folder, SETTINGS).keep([image], [image], quiet)
    (views,) = open_views(tmp_path / "views" / "training")
    trainer = Trainer(network, [views], replace(SETTINGS, samples=2), tmp_path / "run")
    batch = trainer.source.draw()
    assert any(ignored.any() for ignored in batch.ignored)
    assert not any((ignored & target).any() for ignored, target in zip(batch.ignored, batch.targets, strict=True))

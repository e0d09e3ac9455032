"""Tuning the decoder of a late-fusion model on one's own images: kept tokens, and the best look at held-out views."""

import copy
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from ..data.annotated import Annotated
from ..data.writing import write_text
from ..networks.late import LateNetwork
from .kept_views import keep_views, open_views, shards_of
from .looks import HeldOutViews, Look
from .loop import Trainer, averaged_network
from .run_folder import RunFolder
from .settings import FineTuneSettings
from .views import ViewPlan, plan_views

BEST, PLAN = "best.pt", "plan.json"
_REPLAN_SECONDS = 10.0
_TELL_SECONDS = 1.0
_LOOK_VIEWS = 48
Told = Callable[[int, int], None]


def threads_of(settings: FineTuneSettings) -> FineTuneSettings:
    """Replace the 0 that means as many threads as PyTorch takes by itself."""
    return settings if settings.threads else replace(settings, threads=torch.get_num_threads())


def plans_of(images: Sequence[Annotated], zoom_views: float, most: int, seed: int) -> list[ViewPlan]:
    """Plan the views of the images, at most `most` of them, drawn evenly over the images."""
    plans = plan_views(images, zoom_views, seed)
    if len(plans) <= most:
        return plans
    return [plans[2 * at * len(plans) // (2 * most)] for at in range(most)]


class FineTuning:
    """One run of tuning in a run folder; every stage goes on where it was stopped."""

    def __init__(self, network: LateNetwork, folder: RunFolder, settings: FineTuneSettings) -> None:
        self._network, self._folder, self._settings = network, folder, settings
        self._shadow = copy.deepcopy(network)

    def keep(self, training: Sequence[Annotated], held: Sequence[Annotated], told: Told) -> None:
        """Encode the views of both parts into the run folder; `told` hears how many are done and may raise."""
        torch.set_num_threads(self._settings.threads)
        plans = self.plans(training, held)
        total = sum(map(len, plans.values()))
        before = 0
        for name, images in (("training", training), ("held-out", held)):
            done_before = before
            keep_views(
                self._folder.path / "views" / name,
                images,
                shards_of(plans[name], self._settings.seed),
                self._network,
                told=lambda done, _, start=done_before: told(start + done, total),  # type: ignore[misc]
            )
            before += len(plans[name])

    def plans(self, training: Sequence[Annotated], held: Sequence[Annotated]) -> dict[str, list[ViewPlan]]:
        """Which views are encoded of the two parts."""
        settings = self._settings
        return {
            "training": plans_of(training, settings.zoom_views, settings.most_views, settings.seed),
            # Objects are small in whole views of large images: half of the looks go closer.
            "held-out": plans_of(held, 1.0, _LOOK_VIEWS, settings.seed),
        }

    def train(self, *, resume: bool) -> Look:
        """Tune until the schedule or the time ends, and load the best weights into the network; return their look.

        Raises `KeyboardInterrupt` where the run is wished to stop, with its state written.
        """
        views = self._folder.path / "views"
        trainer = Trainer(self._network, open_views(views / "training"), self._settings, self._folder.path)
        if resume and self._folder.is_begun:
            trainer.resume()
        looks = HeldOutViews(open_views(views / "held-out"), self._settings.held_out_objects, self._settings.seed)
        watch = _Watch(trainer, looks, self._shadow, self._folder, self._settings)
        trainer.train(watch)
        watch.look()
        self._folder.close()
        best = self._folder.load_state(BEST)
        averaged_network(self._network.eval(), best["average"])
        return Look(tuple(best["ious"]), ())


class _Watch:
    """What happens between two batches: wishes, looks, the plan for the time that is left, progress."""

    def __init__(
        self,
        trainer: Trainer,
        looks: HeldOutViews,
        shadow: LateNetwork,
        folder: RunFolder,
        settings: FineTuneSettings,
    ) -> None:
        self._trainer, self._looks, self._shadow, self._folder, self._settings = (
            trainer,
            looks,
            shadow,
            folder,
            settings,
        )
        plan = _read_plan(folder.path / PLAN)
        self._seconds = float(plan.get("seconds", 0.0))
        self._looked = int(plan.get("looked", -1))
        self._best = float(plan.get("best", -1.0))
        if planned := int(plan.get("samples", 0)):
            trainer.settings = replace(trainer.settings, samples=planned)
        self._last = time.monotonic()
        self._told = self._planned = -1e9

    def __call__(self, trainer: Trainer) -> None:
        """Stand between two batches."""
        now = time.monotonic()
        self._seconds += now - self._last
        if now - self._planned > _REPLAN_SECONDS and trainer.samples:
            self._replan()
            self._planned = now
        share = trainer.samples / max(trainer.settings.samples, 1)
        if int(share * self._settings.looks) > self._looked:
            self._looked = int(share * self._settings.looks)
            self.look()
        if now - self._told > _TELL_SECONDS:
            self._told = now
            self._tell()
        try:
            self._folder.obey(on_pause=self._pause)
        except KeyboardInterrupt:
            self._note()
            raise
        self._last = time.monotonic()

    def look(self) -> None:
        """Look at the held-out views with the averaged weights, and keep the weights where they are the best so far."""
        if not len(self._looks):
            return
        trainer = self._trainer
        average = trainer.average.state_dict()
        look = self._looks.look(averaged_network(self._shadow, average))
        line = {f"held_out_iou@{count}": round(iou, 4) for count, iou in enumerate(look.ious, start=1)}
        self._folder.tell({"samples": trainer.samples, "held_out": round(look.score, 4), **line}, trainer.samples)
        for number, picture in enumerate(look.pictures, start=1):
            self._folder.show(f"{number}-{trainer.samples:06d}", picture)
        if look.score > self._best:
            self._best = look.score
            self._folder.save_state({"average": average, "ious": list(look.ious), "samples": trainer.samples}, BEST)
        self._note()

    def _replan(self) -> None:
        """Fit the number of samples to the time that is left, at the speed so far."""
        if not self._settings.minutes or self._seconds < _REPLAN_SECONDS:
            return
        rate = self._trainer.samples / self._seconds
        planned = max(int(rate * 60 * self._settings.minutes), self._trainer.samples)
        planned = min(planned, self._settings.samples)
        self._trainer.settings = replace(self._trainer.settings, samples=planned)

    def _tell(self) -> None:
        done, total = self._trainer.samples, self._trainer.settings.samples
        rate = done / self._seconds if done else 0.0
        left = (total - done) / rate if rate else 60 * self._settings.minutes
        self._folder.progress("train", done, total, seconds_left=round(left, 1), best=round(self._best, 4))

    def _pause(self) -> None:
        self._trainer.save()
        self._note()
        self._folder.progress("pause", self._trainer.samples, self._trainer.settings.samples)

    def _note(self) -> None:
        plan = {
            "seconds": self._seconds,
            "samples": self._trainer.settings.samples,
            "looked": self._looked,
            "best": self._best,
        }
        write_text(self._folder.path / PLAN, json.dumps(plan) + "\n")


def _read_plan(path: Path) -> dict[str, float]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}

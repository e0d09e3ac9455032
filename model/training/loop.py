"""The training loop of the late-fusion decoder, from top to bottom."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..data.click_sampling import ClickState
from ..networks.late import LateNetwork
from ..networks.precision import fast_arithmetic
from .batches import Batch, TargetSource, wrong_mask
from .kept_views import KeptViews
from .losses import normalized_focal_loss
from .run_folder import RunFolder
from .settings import TrainingSettings

_ROUNDS = (1, 2, 3, 4, 5, 9, 16)
_ROUND_SHARES = (0.10, 0.22, 0.28, 0.20, 0.10, 0.07, 0.03)
_ALWAYS_TRAINED = 4
"""From this round on only every other round is trained: late clicks change little, and cost the same."""


class Trainer:
    """One run: network, optimiser, averaged weights, and the random state that makes a resumed run go on."""

    def __init__(self, network: LateNetwork, kept: list[KeptViews], settings: TrainingSettings, run: Path) -> None:
        torch.set_num_threads(settings.threads)
        torch.set_flush_denormal(True)
        torch.manual_seed(settings.seed)
        self.settings, self.run, self.folder = settings, run, RunFolder(run)
        self.rng = np.random.default_rng(settings.seed)
        self.network = network.train().requires_grad_(requires_grad=False)
        self.trained = nn.ModuleDict({name: getattr(network, name) for name in ("context", "rgb4", "rgb8", "decoder")})
        self.trained.requires_grad_(requires_grad=True)
        decay: Any = get_ema_multi_avg_fn(settings.ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.trained, multi_avg_fn=decay)
        self.optimizer = torch.optim.AdamW(
            self.trained.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.source = TargetSource(kept, settings, self.rng)
        self.samples = self.steps = 0
        self.recent: list[dict[str, float]] = []

    def train(self, watch: Callable[["Trainer"], None] = lambda trainer: None) -> None:
        """Run until the schedule ends; a checkpoint is written every few minutes and at the end.

        `watch` is called between batches; where it raises `KeyboardInterrupt`, the state is written before that ends
        the run.
        """
        self.folder.begin(self.settings)
        saved = reported = time.monotonic()
        counted = self.samples
        while self.samples < self.settings.samples:
            try:
                watch(self)
            except KeyboardInterrupt:
                self.save()
                raise
            self._train_batch(self.source.draw())
            now = time.monotonic()
            if now - reported > self.settings.report_seconds:
                self._report((self.samples - counted) / (now - reported))
                reported, counted = now, self.samples
            if now - saved > 60 * self.settings.checkpoint_minutes:
                self.save()
                saved = now
        self.save()

    def _learning_rate(self) -> float:
        settings = self.settings
        progress = min(self.samples / settings.samples, 1.0)
        cosine = 0.5 * (1 + np.cos(np.pi * progress))
        warm = min(1.0, (self.steps + 1) / max(settings.warmup_steps, 1))
        share = settings.final_share + (1 - settings.final_share) * cosine
        return float(settings.learning_rate * warm * share)

    def _train_batch(self, batch: Batch) -> None:
        """Click through one batch: after each click a step of the optimiser, then the next click from the answer."""
        states = [ClickState(target, self.rng, self.network.click_radius) for target in batch.targets]
        previous = self._start(states, batch)
        trunk, last = self._thin_out(batch.trunk), self._thin_out(batch.last)
        target = torch.from_numpy(np.stack(batch.targets)).float()[:, None]
        ignored = torch.from_numpy(np.stack(batch.ignored))[:, None]
        for turn in range(int(self.rng.choice(_ROUNDS, p=_ROUND_SHARES))):
            trains = turn < _ALWAYS_TRAINED or self.rng.random() < 0.5
            clicks = functional.avg_pool2d(torch.from_numpy(np.stack([state.maps for state in states])).float(), 2)
            with torch.set_grad_enabled(trains), fast_arithmetic():
                features = self.network.features(trunk, last, batch.half)
                logits, coarse = self.network.decoder(features, previous, clicks)
            if trains:
                self._step(logits, coarse, (target, ignored), turn)
            probability = torch.sigmoid(logits.detach().float()).masked_fill(ignored, 0.0)
            for state, answer in zip(states, probability[:, 0].numpy(), strict=True):
                state.add_correction(answer)
            previous = self._between_views(probability)

    def _start(self, states: list[ClickState], batch: Batch) -> Tensor:
        """Place the first clicks; a tenth of the samples start from somebody's wrong mask instead."""
        previous = np.zeros((len(states), 1, *batch.targets[0].shape), np.float32)
        for state, other, start in zip(states, batch.others, previous, strict=True):
            draw = self.rng.random()
            if draw < 0.78:
                state.add_first()
            elif draw < 0.9:
                state.add_random()
            else:
                start[0] = wrong_mask(state.target, other, self.rng)
                state.add_correction(start[0])
        return torch.from_numpy(previous)

    def _thin_out(self, tokens: Tensor) -> Tensor:
        """Drop channels of each sample's tokens (B, N, C), so that no answer hangs on a few of them."""
        share = self.settings.channel_dropout
        if share == 0:
            return tokens
        kept = self.rng.random((len(tokens), 1, tokens.shape[2])) >= share
        return tokens * torch.from_numpy(kept / (1 - share)).float()

    def _step(self, logits: Tensor, coarse: Tensor, truth: tuple[Tensor, Tensor], turn: int) -> None:
        target, ignored = truth
        small = functional.adaptive_avg_pool2d(target, (coarse.shape[2], coarse.shape[3]))
        loss = normalized_focal_loss(logits, target, ignore=ignored)
        loss = loss + self.settings.coarse_weight * normalized_focal_loss(coarse, (small > 0.5).float())
        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.trained.parameters(), 1.0)
        self.optimizer.step()
        self.average.update_parameters(self.trained)
        self.steps += 1
        self.samples += len(target)
        found = (logits.detach() > 0) & ~ignored
        inside = target > 0.5
        iou = (found & inside).sum(dim=(1, 2, 3)) / (found | inside).sum(dim=(1, 2, 3)).clamp(min=1)
        self.recent.append({"loss": float(loss.detach()), "norm": float(norm), f"iou@{turn + 1}": float(iou.mean())})

    def _between_views(self, probability: Tensor) -> Tensor:
        """Spoil a quarter of the previous masks as a change of the region does: coarser, or binary."""
        previous = probability.clone()
        for index in np.flatnonzero(self.rng.random(len(previous)) < 0.25):
            mask = previous[index : index + 1]
            factor = float(self.rng.uniform(0.15, 0.6))
            small = functional.interpolate(mask, scale_factor=factor, mode="area")
            mask = functional.interpolate(small, size=mask.shape[2:], mode="bilinear", align_corners=False)
            previous[index] = (mask > 0.5).float()[0] if self.rng.random() < 0.4 else mask[0]
        return previous

    def _report(self, rate: float) -> None:
        keys = sorted({key for row in self.recent for key in row})
        means = {key: round(float(np.mean([row[key] for row in self.recent if key in row])), 4) for key in keys}
        line = {"samples": self.samples, "rate": round(rate, 2), "lr": self._learning_rate(), **means}
        self.folder.tell(line, step=self.samples)
        self.recent.clear()

    def save(self) -> None:
        """Write the state of the run beside the last one, then put it in its place."""
        state = {
            "trained": self.trained.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "samples": self.samples,
            "steps": self.steps,
            "rng": self.rng.bit_generator.state,
        }
        self.folder.save_state(state)

    def resume(self) -> None:
        """Go on from the state that `save` wrote; a new `samples` in the settings stretches the schedule."""
        state = self.folder.load_state()
        self.trained.load_state_dict(state["trained"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.samples, self.steps = int(state["samples"]), int(state["steps"])
        self.rng.bit_generator.state = state["rng"]


def averaged_network(network: LateNetwork, state: dict[str, Tensor]) -> LateNetwork:
    """Load the averaged weights of a run's state (`state["average"]`) into `network`."""
    prefix = "module."
    weights = {name[len(prefix) :]: value for name, value in state.items() if name.startswith(prefix)}
    network.load_state_dict(weights, strict=False)
    return network

"""Training a whole network on clicked crops, from top to bottom: iterative clicks, losses, one step of the optimiser.

Every random choice follows from the seed and the number of the step or of the sample, so that a resumed run does bit
for bit what it would have done in one go, with one process or two; more than two add gradients up in an order of
their own. Several processes draw together the samples that one would have drawn.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ..data.point_sampler import add_next_point
from ..errors import DeviceError, SettingsError
from ..networks import ClickNetwork
from ..networks.click_maps import disk_maps
from ..networks.ocr import rest_unused
from ..networks.precision import has_fast_bfloat16
from .click_batch import ClickBatch
from .click_settings import ClickSettings
from .objectives import AuxiliaryHead, answer_loss
from .pictures import sample_picture
from .processes import Processes
from .rates import rate_groups
from .run_folder import RunFolder

logger = logging.getLogger(__name__)

_GO_ON, _WAIT, _STOP = range(3)
_PICTURES = 3


class ClickTrainer:
    """One run: network, optimiser, averaged weights, and how far it is."""

    def __init__(
        self, network: ClickNetwork, settings: ClickSettings, folder: RunFolder, processes: Processes | None = None
    ) -> None:
        self.settings, self.folder = settings, folder
        self.processes = processes or Processes()
        network = network.to(self.processes.device)
        if self.processes.count > 1 and self.processes.device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        rest_unused(network)
        self.network = network
        self.optimizer = torch.optim.Adam(rate_groups(network, settings), weight_decay=settings.weight_decay)
        decay: Any = get_ema_multi_avg_fn(settings.ema_decay)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(network, multi_avg_fn=decay, use_buffers=True) if settings.ema_decay > 0 else None
        self._auxiliary = AuxiliaryHead(network)
        # Statistics of a batch norm are not sent round at each step: a step that is begun anew would send them twice.
        self._wrapped = (
            DistributedDataParallel(network, broadcast_buffers=False) if self.processes.count > 1 else network
        )
        self._is_proven = False
        self.steps = 0
        self.accumulate = settings.accumulate
        self._share = self.processes.share_of(settings.batch_size)
        self._recent: list[dict[str, float]] = []
        self._seen: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    @property
    def last_step(self) -> int:
        """Steps of the whole run."""
        return max(1, self.settings.epochs * self.settings.epoch_samples // self.settings.batch_size)

    @property
    def epoch(self) -> int:
        """Epochs that are whole."""
        return self.steps * self.settings.batch_size // self.settings.epoch_samples

    def train(self, batches: Iterator[ClickBatch], watch: Callable[["ClickTrainer"], None]) -> None:
        """Run to the last step; `watch` is called between steps, and may raise `KeyboardInterrupt` to end the run.

        The state is written every few minutes, before such an end, and at the end.
        """
        saved = reported = time.monotonic()
        counted = self.steps
        while self.steps < self.last_step:
            self._watch(watch)
            self.step(next(batches))
            now = time.monotonic()
            if now - reported > self.settings.report_seconds:
                self._report((self.steps - counted) * self.settings.batch_size / (now - reported))
                reported, counted = now, self.steps
            if now - saved > 60 * self.settings.checkpoint_minutes:
                self.save()
                saved = now
        self._watch(watch)
        self.save()

    def _watch(self, watch: Callable[["ClickTrainer"], None]) -> None:
        mine = _GO_ON
        try:
            watch(self)
        except KeyboardInterrupt:
            mine = _STOP
        # One process that was asked to stop stops all of them, at the same step.
        while (asked := self.processes.largest(mine)) == _WAIT:
            pass
        if asked == _STOP:
            self.save()
            raise KeyboardInterrupt

    def wait(self) -> None:
        """Let the other processes wait a little longer for one that is paused; for use in `watch`."""
        self.processes.largest(_WAIT)

    def step(self, batch: ClickBatch) -> None:
        """Train on one batch. Where the memory is too small for it, it goes through the network in smaller parts."""
        while (line := self._agreed(batch)) is None:
            self._halve()
        for group in self.optimizer.param_groups:
            group["lr"] = group["share"] * self.learning_rate()
        if self.settings.clip > 0:
            line["norm"] = float(nn.utils.clip_grad_norm_(self.network.parameters(), self.settings.clip))
        self.optimizer.step()
        if self.average is not None:
            self.average.update_parameters(self.network)
        self.steps += 1
        self._recent.append(line)

    def _agreed(self, batch: ClickBatch) -> dict[str, float] | None:
        """Find the gradients; None, and in every process, where the memory of one was too small for its part.

        The first step of several processes shares gradients only when all have theirs: nobody waits for one that
        must begin anew. From then on memory is taken as proven, and gradients travel while others are still found.
        """
        try:
            line = self._gradients(batch)
        except (RuntimeError, MemoryError) as error:
            if not _is_of_memory(error):
                raise
            if self._is_proven:
                raise DeviceError(
                    "The memory of a device became too small for its part of the batch; "
                    f"start again with --accumulate {2 * self.accumulate} --resume auto."
                ) from error
            line = None
        if self._is_proven:
            return line
        if self.processes.largest(int(line is None)):
            return None
        self.processes.average([each.grad for each in self.network.parameters() if each.grad is not None])
        self._is_proven = self.processes.count > 1
        return line

    def _halve(self) -> None:
        if self.accumulate * 2 > self._share:
            raise DeviceError(
                "The memory of the device does not hold even one crop of this network; take a smaller crop or network."
            )
        self.accumulate *= 2
        if self.processes.device.type == "cuda":
            torch.cuda.empty_cache()
        parts = -(-self._share // self.accumulate)
        if self.processes.is_first:
            self.folder.tell({"steps": self.steps, "out_of_memory": 1, "part": parts}, self.steps)
            logger.warning("The memory was too small: batches go through the network %d crops at a time now.", parts)

    def _gradients(self, batch: ClickBatch) -> dict[str, float]:
        torch.manual_seed(hash((self.settings.seed, self.steps, self.processes.rank)) % 2**63)
        turns = int(np.random.default_rng((self.settings.seed, self.steps)).integers(self.settings.next_clicks + 1))
        batch = batch.to(self.processes.device)
        self.optimizer.zero_grad(set_to_none=True)
        size = -(-self._share // self.accumulate)
        starts = range(0, self._share, size)
        total, ious = 0.0, []
        for start in starts:
            part = batch.part(start, min(start + size, self._share))
            is_shared = self._is_proven and start == starts[-1]
            loss, iou = self._part(part, turns, weight=len(part.images) / self._share, is_shared=is_shared)
            total += loss
            ious.append(iou * len(part.images) / self._share)
        return {"loss": total, f"iou@{turns}": sum(ious)}

    def _part(self, part: ClickBatch, turns: int, *, weight: float, is_shared: bool) -> tuple[float, float]:
        """Click and go back through a part of the batch; give its share of the loss, and its mean IoU."""
        points = part.points.clone()
        previous = self._iterate(part, points, turns)
        target = part.targets.float()
        sync = (
            self._wrapped.no_sync()
            if isinstance(self._wrapped, DistributedDataParallel) and not is_shared
            else nullcontext()
        )
        with sync:
            with self._precision():
                logits = self._wrapped(part.images, previous, self._maps(points, part))
            loss = answer_loss(logits.float(), target, part.ignored, self.settings)
            auxiliary = self._auxiliary.loss(target, part.ignored)
            if auxiliary is not None:
                loss = loss + self.settings.aux_weight * auxiliary
            torch.autograd.backward(loss * weight)
        self._seen = tuple(each[:_PICTURES] for each in (part.images, logits.detach(), part.targets, points))  # type: ignore[assignment]
        found, inside = (logits.detach() > 0) & ~part.ignored, part.targets
        iou = (found & inside).sum(dim=(1, 2, 3)) / (found | inside).sum(dim=(1, 2, 3)).clamp(min=1)
        return float(loss.detach()) * weight, float(iou.mean())

    @torch.no_grad()
    def _iterate(self, part: ClickBatch, points: Tensor, turns: int) -> Tensor:
        """Let the network answer and click its errors `turns` times, in evaluation mode; give the last answer."""
        previous = torch.zeros_like(part.targets, dtype=torch.float32)
        self.network.eval()
        targets, ignored = part.targets[:, 0].cpu().numpy(), part.ignored[:, 0].cpu().numpy()
        for turn in range(1, turns + 1):
            with self._precision():
                logits = self.network(part.images, previous, self._maps(points, part))
            previous = torch.sigmoid(logits.float())
            answers = np.where(ignored, 0, previous[:, 0].cpu().numpy()).astype(np.float32)
            for at, number in enumerate(part.numbers.tolist()):
                rng = np.random.default_rng((self.settings.seed, number, turn))
                add_next_point(points[at].numpy(), targets[at], answers[at], turn, rng)
        self.network.train()
        return previous

    def _maps(self, points: Tensor, part: ClickBatch) -> Tensor:
        size = (part.images.shape[2], part.images.shape[3])
        return disk_maps(points.to(part.images.device), size, self.network.click_radius)

    def _precision(self) -> AbstractContextManager[object]:
        device = self.processes.device.type
        return torch.autocast(device, torch.bfloat16, enabled=uses_bfloat16(self.settings.precision, device))

    def learning_rate(self) -> float:
        """The full learning rate at this step."""
        settings = self.settings
        drops = sum(self.epoch >= milestone for milestone in settings.milestones)
        warm = min(1.0, (self.steps + 1) / settings.warmup_steps) if settings.warmup_steps else 1.0
        return float(settings.learning_rate * warm * 0.1**drops)

    def _report(self, rate: float) -> None:
        if self.processes.is_first and self._recent:
            keys = sorted({key for row in self._recent for key in row})
            means = {key: round(float(np.mean([row[key] for row in self._recent if key in row])), 4) for key in keys}
            samples = self.steps * self.settings.batch_size
            line = {"samples": samples, "epoch": self.epoch, "rate": round(rate, 2), "lr": self.learning_rate()}
            self.folder.tell({**line, **means}, samples)
        self._recent.clear()

    def pictures(self) -> list[NDArray[np.uint8]]:
        """Draw the first crops of the last step, with their clicks and the answers that were trained."""
        if self._seen is None:
            return []
        images, logits, targets, points = (each.cpu() for each in self._seen)
        colours = (255 * images.permute(0, 2, 3, 1)).round().to(torch.uint8).numpy()
        answers, truths = (logits[:, 0] > 0).numpy(), targets[:, 0].numpy()
        return [sample_picture(*each) for each in zip(colours, answers, truths, points.tolist(), strict=True)]

    def forget_recent(self) -> None:
        """Leave what was measured since the last line out of the metrics."""
        self._recent.clear()

    def trained(self) -> ClickNetwork:
        """The network to evaluate and export: the averaged one where weights are averaged."""
        return self.network if self.average is None else cast("ClickNetwork", self.average.module)

    def save(self, **others: object) -> None:
        """Write the state, and what `resume` is to give back of `others`; only the first process does."""
        if not self.processes.is_first:
            return
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "steps": self.steps,
            "accumulate": self.accumulate,
            **others,
        }
        if self.average is not None:
            state["average"] = self.average.state_dict()
        self.folder.save_state(state)

    def resume(self) -> dict[str, Any]:
        """Go on from the state that `save` wrote and give it. Raises `SettingsError` where it is of another network."""
        state = self.folder.load_state()
        try:
            self.network.load_state_dict(state["network"])
            self.optimizer.load_state_dict(state["optimizer"])
            if self.average is not None:
                self.average.load_state_dict(state["average"])
            self.steps, self.accumulate = int(state["steps"]), int(state["accumulate"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise SettingsError(
                f"The state in {self.folder.path} is of another network or other settings; name another folder."
            ) from error
        return state


def _is_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def uses_bfloat16(precision: str, device: str) -> bool:
    """Whether a setting of precision means bfloat16 on a device. Raises `SettingsError` where it is unknown."""
    if precision not in ("auto", "float32", "bfloat16"):
        raise SettingsError(f"The precision must be auto, float32 or bfloat16, not {precision!r}.")
    if precision == "auto":
        return torch.cuda.is_bf16_supported() if device == "cuda" else has_fast_bfloat16()
    return precision == "bfloat16"

"""`isegformer train --preset NETWORK-DATA`: a whole network on clicked crops, on one device or many (torchrun)."""

import argparse
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..checkpoints import load_checkpoint, save_checkpoint
from ..checkpoints.encoders import load_encoder_weights
from ..data.annotated import Annotated, Found
from ..data.check import DataCheck, check_data, hold_out
from ..data.own_data import open_own_data
from ..data.writing import write_text
from ..errors import SettingsError
from ..evaluation.layouts.registry import Where, dataset_name, open_dataset
from ..networks import ClickNetwork, create_network
from ..networks.late import LateNetwork, freeze_blocks, is_stored_in_half
from ..store import resolve_model
from ..training.click_looks import LookedAt, click_look, look_at
from ..training.click_loop import ClickTrainer
from ..training.click_samples import ClickSamples, click_batches
from ..training.click_settings import ClickSettings
from ..training.distillation import Distillation, Teacher
from ..training.processes import Processes, joined_processes
from ..training.run_folder import RunFolder
from ..training.sample_scores import chances_of
from ..training.step_cost import measure_step
from .stopping import stopping_in_order

MODEL = "model.safetensors"
_LOOKED_AT = 24
_DISTILLATION = "distillation"
"""What the state of a run names that was left while its encoder learned from the teacher."""


def run_click_training(arguments: argparse.Namespace, settings: ClickSettings) -> int:
    """Train as the settings say and write the model; goes on where it was stopped."""
    logging.basicConfig(level=logging.INFO, format="isegformer: %(message)s")
    folder = RunFolder(arguments.output)
    if folder.is_begun and not arguments.resume:
        raise SettingsError(
            f"The run folder {str(folder.path)!r} holds a run already: add --resume, or name another folder."
        )
    if settings.threads:
        torch.set_num_threads(settings.threads)
    with joined_processes(arguments.device) as processes, stopping_in_order(folder):
        return _run(arguments, settings, folder, processes)


def _run(arguments: argparse.Namespace, settings: ClickSettings, folder: RunFolder, processes: Processes) -> int:
    training, held, chances = _images(arguments, settings, folder, is_first=processes.is_first)
    if arguments.check_only:
        return 0
    if processes.is_first:
        folder.begin(settings, preset=arguments.preset, data=[str(path) for path in arguments.data])
        folder.forget_pause()
    network, options, report = _start(arguments.start_from, settings)
    if processes.is_first and report:
        print(report)
    settings = replace(settings, workers=processes.loaders(settings.workers))
    trainer = ClickTrainer(network, settings, folder, processes)
    samples = ClickSamples(training, settings, chances)
    begun = trainer.resume() if arguments.resume and folder.is_begun else {_DISTILLATION: None}
    if settings.teacher and _DISTILLATION in begun:
        _learn_from_teacher(trainer, samples, begun[_DISTILLATION])
    if processes.count == 1:
        cost = measure_step(trainer, next(iter(click_batches(samples, replace(settings, workers=0), 0, 0, 1))))
        print(cost.text(trainer.last_step - trainer.steps), flush=True)
    batches = iter(click_batches(samples, settings, trainer.steps, processes.rank, processes.count))
    looked = look_at(held, max(settings.crop), _LOOKED_AT, network.view_multiple)
    trainer.train(batches, _Watch(looked, trainer.epoch))
    folder.close()
    if processes.is_first:
        _save(folder, trainer, options, arguments)
    return 0


def _start(start_from: str | None, settings: ClickSettings) -> tuple[ClickNetwork, Mapping[str, Any], str]:
    """Make the network to be trained, from a model, from an encoder's weights or from nothing.

    Gives the options that it is built with and what was loaded, too.
    """
    torch.manual_seed(settings.seed)
    options: Mapping[str, Any] = settings.options()
    report = ""
    if start_from is None:
        network = create_network(settings.network, **options)
        if settings.encoder_weights:
            report = str(load_encoder_weights(network, Path(settings.encoder_weights)))
    else:
        checkpoint = load_checkpoint(resolve_model(start_from))
        if checkpoint.network_name != settings.network or settings.encoder_weights or settings.network_options:
            raise SettingsError(
                f"The model {start_from!r} is a {checkpoint.network_name} as it is: give --network "
                f"{checkpoint.network_name}, and neither --encoder-weights nor --network-options."
            )
        network, options = checkpoint.network, checkpoint.options
        network.requires_grad_(requires_grad=True)
    if any(side % network.view_multiple for side in settings.crop):
        raise SettingsError(f"The sides of the crop must be multiples of {network.view_multiple} for this network.")
    if settings.frozen_blocks:
        freeze_blocks(network, settings.frozen_blocks)
    return network, options, report


def _images(
    arguments: argparse.Namespace, settings: ClickSettings, folder: RunFolder, *, is_first: bool
) -> tuple[list[Annotated], list[Annotated], NDArray[np.float64] | None]:
    """Open the data to train on and to look at, with the chances of the first where they differ.

    One's own is checked first, published sets are read as they are needed; these, too, are checked where `--strict`
    or `--check-only` asks for it, else what of them cannot be read is left out when it comes up.
    """
    if arguments.manifest is not None and arguments.dataset != "folder":
        raise SettingsError("A --manifest chooses among folders of images and masks: add --dataset folder.")
    if arguments.dataset is not None:
        name = dataset_name(arguments.dataset)
        where = [Where(root=path, manifest=arguments.manifest, split=arguments.split) for path in arguments.data]
        found = Found.of([open_dataset(name, each) for each in where])
        if arguments.strict or arguments.check_only:
            _check(found, arguments, folder, is_first=is_first)
        scores = settings.sample_scores
        return list(found.images), [], chances_of(Path(scores), settings.score_gamma, found) if scores else None
    if settings.sample_scores:
        raise SettingsError("Sample scores are of SBD: add --dataset sbd --split train.")
    check = _check(open_own_data(arguments.data), arguments, folder, is_first=is_first)
    if not settings.hold_out:
        return [each.image for each in check.usable], [], None
    training, held = hold_out(check.usable, settings.hold_out, settings.seed)
    return [each.image for each in training], [each.image for each in held], None


def _check(found: Found, arguments: argparse.Namespace, folder: RunFolder, *, is_first: bool) -> DataCheck:
    check = check_data(found, strict=arguments.strict)
    if is_first:
        folder.path.mkdir(parents=True, exist_ok=True)
        write_text(folder.path / "report.txt", check.text())
        print(check.text(), end="", flush=True)
    return check


def _learn_from_teacher(trainer: ClickTrainer, samples: ClickSamples, state: Mapping[str, Any] | None) -> None:
    """Let the encoder learn from the teacher, or go on where a `state` of it was left."""
    settings, processes = trainer.settings, trainer.processes
    if processes.count > 1:
        raise SettingsError("Learning from a teacher runs in one process; do it first, then go on with several.")
    torch.manual_seed(settings.seed)
    teacher = Teacher(settings.teacher, Path(settings.teacher_weights) if settings.teacher_weights else None)
    distillation = Distillation(trainer.network, teacher, seed=settings.seed)
    if state is not None:
        distillation.resume(state)
    batches = iter(click_batches(samples, settings, distillation.seen // settings.batch_size, 0, 1))
    saved = time.monotonic()

    def save() -> None:
        nonlocal saved
        trainer.save(**{_DISTILLATION: distillation.state()})
        saved = time.monotonic()

    def told(loss: float) -> None:
        seen = distillation.seen
        if seen % (10 * settings.batch_size) == 0:
            trainer.folder.tell({"distilled": seen, "distillation": round(loss, 4)}, seen)
        if time.monotonic() - saved > 60 * settings.checkpoint_minutes:
            save()
        try:
            trainer.folder.obey(on_pause=save)
        except KeyboardInterrupt:
            save()
            raise

    distillation.run(batches, settings.teacher_samples, told)
    # From here on a resumed run goes on with the clicks.
    trainer.save()


class _Watch:
    """Between two steps: wishes, and after each epoch sample pictures and a look at the held-out images."""

    def __init__(self, looked: list[LookedAt], epoch: int) -> None:
        self._looked, self._epoch = looked, epoch

    def __call__(self, trainer: ClickTrainer) -> None:
        """Stand between two steps."""
        if not trainer.processes.is_first:
            return
        if trainer.epoch > self._epoch:
            self._epoch = trainer.epoch
            self._look(trainer)
        if trainer.steps % 10 == 0:
            trainer.folder.progress("train", trainer.steps, trainer.last_step)
        trainer.folder.obey(on_pause=trainer.save, meanwhile=trainer.wait)

    def _look(self, trainer: ClickTrainer) -> None:
        samples = trainer.steps * trainer.settings.batch_size
        for number, picture in enumerate(trainer.pictures(), start=1):
            trainer.folder.show(f"{number}-{samples:06d}", picture)
        if self._looked:
            ious = click_look(trainer.trained(), self._looked)
            line = {f"held_out_iou@{count}": round(iou, 4) for count, iou in enumerate(ious, start=1)}
            trainer.folder.tell({"samples": samples, "held_out": round(sum(ious) / len(ious), 4), **line}, samples)


def _save(folder: RunFolder, trainer: ClickTrainer, options: Mapping[str, Any], arguments: argparse.Namespace) -> None:
    card: dict[str, Any] = {
        "made_by": f"isegformer train --preset {arguments.preset}",
        "data": [str(path) for path in arguments.data],
        "samples": trainer.steps * trainer.settings.batch_size,
        "licence": "that of the data it was trained on, and of the weights that it started from",
    }
    network = trainer.trained().eval()
    name = arguments.output.resolve().name
    half = is_stored_in_half if isinstance(network, LateNetwork) else False
    save_checkpoint(folder.path / MODEL, network, trainer.settings.network, options, name=name, card=card, half=half)
    folder.progress("done", 1, 1)
    print(f"Wrote {folder.path / MODEL} after {card['samples']} samples.")

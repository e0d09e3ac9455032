"""`isegformer train --preset finetune`: from one's own images to a better model, and the proof of it."""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ..checkpoints import load_checkpoint, save_checkpoint
from ..checkpoints.files import Checkpoint
from ..data.check import Checked, DataCheck, check_data, counted, hold_out
from ..data.own_data import open_own_data
from ..data.writing import write_text
from ..engine import Segmenter
from ..errors import SettingsError
from ..evaluation.held_out import choose_objects, measure_held_out
from ..networks.late import LateNetwork, is_stored_in_half
from ..store import resolve_model
from ..training.finetune import FineTuning, threads_of
from ..training.run_folder import RunFolder
from ..training.settings import FineTuneSettings
from .stopping import stopping_in_order

REPORT, RESULT, MODEL = "report.json", "result.json", "model.safetensors"
_BEFORE = "before.json"
_SHOWN = ("noc@85", "noc@90", "failures@90", "miou@1", "miou@3", "miou@5")


def run_finetuning(arguments: argparse.Namespace, settings: FineTuneSettings) -> int:
    """Check the data, measure, tune, measure again, and write the model where it is better."""
    settings = threads_of(settings)
    folder = RunFolder(arguments.output)
    if (folder.is_begun or (folder.path / RESULT).exists()) and not arguments.resume:
        raise SettingsError(
            f"The run folder {str(folder.path)!r} holds a run already: add --resume, or name another folder."
        )
    folder.begin(settings, preset=arguments.preset, base=arguments.start_from, data=[str(p) for p in arguments.data])
    folder.forget_pause()
    with stopping_in_order(folder):
        return _run(arguments, settings, folder)


def _run(arguments: argparse.Namespace, settings: FineTuneSettings, folder: RunFolder) -> int:
    check = check_data(open_own_data(arguments.data), _teller(folder, "check"), strict=arguments.strict)
    training, held = hold_out(check.usable, settings.hold_out, settings.seed)
    checkpoint = load_checkpoint(resolve_model(arguments.start_from))
    tuning = FineTuning(_late(checkpoint), folder, settings)
    _report(folder, check, (training, held), _estimate(checkpoint, tuning, settings, (training, held)))
    if arguments.check_only:
        return 0
    objects = choose_objects(held, settings.held_out_objects)
    before = _before(folder, checkpoint, settings, objects)
    tuning.keep([each.image for each in training], [each.image for each in held], _teller(folder, "encode"))
    look = tuning.train(resume=bool(arguments.resume))
    segmenter = Segmenter(checkpoint.network, threads=settings.threads)
    after = measure_held_out(segmenter, objects, _teller(folder, "after"))
    is_better = (after["noc@85"] + after["noc@90"]) < (before["noc@85"] + before["noc@90"])
    result = {
        "is_better": is_better,
        "base": {"name": checkpoint.name, "sha256": checkpoint.sha256},
        "before": before,
        "after": after,
        "look": list(look.ious),
        "held_out": sorted(each.image.name for each in held),
        "training_images": len(training),
        "training_objects": sum(len(each.areas) for each in training),
    }
    if is_better:
        _save(folder.path / MODEL, checkpoint, arguments, result)
    write_text(folder.path / RESULT, json.dumps(result, indent=1) + "\n")
    folder.progress("done", 1, 1)
    print(_table(before, after), end="")
    if is_better:
        print(f"Wrote {folder.path / MODEL}.")
    else:
        print(
            "The tuned model is not better on the held-out images, so no model was written: stay with the base model."
        )
    return 0


def _late(checkpoint: Checkpoint) -> LateNetwork:
    if not isinstance(checkpoint.network, LateNetwork):
        raise SettingsError(
            f"The model {checkpoint.name!r} fuses clicks early ({checkpoint.network_name}); "
            "the preset finetune tunes late-fusion models such as the bundled one."
        )
    return checkpoint.network


def _before(
    folder: RunFolder, checkpoint: Checkpoint, settings: FineTuneSettings, objects: list[tuple[Checked, list[int]]]
) -> dict[str, Any]:
    """Measure the base model, or read what an earlier start of this run measured."""
    path = folder.path / _BEFORE
    key = {"base": checkpoint.sha256, "objects": [[each.image.name, numbers] for each, numbers in objects]}
    if path.exists():
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored["key"] == key:
            numbers: dict[str, Any] = stored["numbers"]
            return numbers
    segmenter = Segmenter(checkpoint.network, threads=settings.threads)
    numbers = measure_held_out(segmenter, objects, _teller(folder, "before"))
    write_text(path, json.dumps({"key": key, "numbers": numbers}) + "\n")
    return numbers


def _estimate(
    checkpoint: Checkpoint,
    tuning: FineTuning,
    settings: FineTuneSettings,
    parts: tuple[list[Checked], list[Checked]],
) -> dict[str, float]:
    """Seconds that the stages are likely to take on this machine, from one view encoded and one answer given."""
    training, held = parts
    network = checkpoint.network
    torch.set_num_threads(settings.threads)
    image = torch.zeros(1, 3, network.view_side, network.view_side)
    prompt = torch.zeros(1, 1, *image.shape[2:]), torch.zeros(1, 2, *image.shape[2:])
    with torch.inference_mode():
        network(image, *prompt)
        started = time.perf_counter()
        features = network.encode(image)
        encode = time.perf_counter() - started
        network.decode(features, *prompt)
        decode = time.perf_counter() - started - encode
    views = sum(map(len, tuning.plans([e.image for e in training], [e.image for e in held]).values()))
    objects = sum(len(numbers) for _, numbers in choose_objects(held, settings.held_out_objects))
    measuring = objects * (8 * decode + 3 * encode)
    seconds = {"measure": 2 * measuring, "encode": views * encode, "train": 60 * settings.minutes}
    return {**{name: round(value, 1) for name, value in seconds.items()}, "all": round(sum(seconds.values()), 1)}


def _report(
    folder: RunFolder, check: DataCheck, parts: tuple[list[Checked], list[Checked]], seconds: dict[str, float]
) -> None:
    training, held = parts
    counts = [
        f"{counted(len(part), 'image')} with {counted(sum(len(each.areas) for each in part), 'object')}"
        for part in parts
    ]
    text = f"{check.text()}Trained on: {counts[0]}. Held out: {counts[1]}.\n"
    text += f"This is likely to take {counted(max(1, round(seconds['all'] / 60)), 'minute')} on this machine.\n"
    facts = {**check.facts(), "text": text, "seconds": seconds, "training": len(training), "held_out": len(held)}
    write_text(folder.path / REPORT, json.dumps(facts, indent=1) + "\n")
    print(text, end="", flush=True)


def _save(path: Path, checkpoint: Checkpoint, arguments: argparse.Namespace, result: dict[str, Any]) -> None:
    card = {
        "made_by": "isegformer train --preset finetune",
        "started_from": result["base"],
        "data": [str(place) for place in arguments.data],
        "training_images": result["training_images"],
        "training_objects": result["training_objects"],
        "held_out": {name: {key: result[name][key] for key in _SHOWN} for name in ("before", "after")},
        "licence": "that of the base model and of the data it was tuned on",
    }
    save_checkpoint(
        path,
        checkpoint.network,
        checkpoint.network_name,
        checkpoint.options,
        name=arguments.output.resolve().name,
        card=card,
        half=is_stored_in_half,
    )


def _table(before: dict[str, Any], after: dict[str, Any]) -> str:
    heads = [name.replace("noc", "NoC").replace("miou", "IoU") for name in _SHOWN]
    lines = [f"{'held-out images':16}" + "".join(f"{head:>13}" for head in heads)]
    for title, numbers in (("before", before), ("after", after)):
        cells = [f"{100 * numbers[n]:.1f}" if n.startswith("miou") else f"{numbers[n]:g}" for n in _SHOWN]
        lines.append(f"{title:16}" + "".join(f"{cell:>13}" for cell in cells))
    return "\n".join(lines) + "\n"


def _teller(folder: RunFolder, stage: str) -> Callable[[int, int], None]:
    """Tell the progress of a stage, obey wishes, and say how long the rest of the stage will take."""
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        left = (time.monotonic() - started) * (total - done) / done if done else None
        folder.progress(stage, done, total, seconds_left=None if left is None else round(left, 1))
        folder.obey(on_pause=lambda: folder.progress("pause", done, total))

    return tell

"""`isegformer train`: make the bundled model or one like it, or tune a model on one's own images."""

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..training.bounds import check_settings
from ..training.bundled import export_run, keep_collection, read_encoder, read_start, train_decoder
from ..training.click_settings import CLICK_PRESETS, ClickSettings
from ..training.described import described
from ..training.settings import PRESETS, FineTuneSettings, RunSettings, TrainingSettings

_ALL: dict[str, RunSettings] = {**PRESETS, **CLICK_PRESETS}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the places, the stages, and one option for every field of the settings."""
    parser.add_argument("--preset", choices=sorted(_ALL), default="finetune", help="settings to start from")
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        nargs="+",
        metavar="PATH",
        help="finetune: images/ with masks/, COCO JSON, NIfTI volumes, or sessions; bundled: DIR/SET/{images,masks}",
    )
    parser.add_argument(
        "--output", "--run", type=Path, required=True, metavar="DIR", help="run folder: state, metrics, the model"
    )
    parser.add_argument(
        "--start-from", metavar="NAME|FILE", help="the model to go on with; finetune: default the bundled one"
    )
    parser.add_argument("--strict", action="store_true", help="refuse data of which something must be left out")
    parser.add_argument("--check-only", action="store_true", help="check the data, estimate the time, and stop")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="yes",
        choices=("yes", "auto"),
        help="go on from the state in the run folder; `auto` begins where there is none",
    )
    parser.add_argument("--dataset", metavar="NAME", help="networks: the data is a published set, as of evaluate")
    parser.add_argument("--split", default="train", help="networks: its split (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="networks: auto, cpu or cuda (default: auto)")
    parser.add_argument("--manifest", type=Path, metavar="CSV", help="bundled, --dataset folder: set, stem and split")
    parser.add_argument("--part", type=_part, default=(0, 1), metavar="I/N", help="encode every N-th shard only, stop")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the averaged weights to FILE at the end")
    known: set[str] = set()
    for settings in {type(preset): preset for preset in _ALL.values()}.values():
        texts = described(type(settings))
        for field in fields(settings):
            if field.name not in known:
                words = _help(field.name, texts.get(field.name, ""))
                parser.add_argument(f"--{field.name.replace('_', '-')}", metavar="VALUE", help=words)
            known.add(field.name)


def _help(name: str, text: str) -> str:
    """Say what a setting is for, and its value where all presets that have it agree."""
    if name == "encoder_weights":
        return "file of encoder weights to start from; bundled: DINOv2 ViT-S/14 as ONNX"
    values = {getattr(preset, name) for preset in _ALL.values() if hasattr(preset, name)}
    words = text.replace("`", "") or f"setting {name}"
    return (
        words + (f" (all presets: {values.pop()})" if len(values) == 1 and values not in ({()}, {""}) else "")
    ).replace("%", "%%")


def run(arguments: argparse.Namespace) -> int:
    """Train as the preset says; every stage goes on where it was stopped."""
    settings = read_settings(arguments)
    if isinstance(settings, FineTuneSettings):
        from .finetuning import run_finetuning

        return run_finetuning(arguments, settings)
    if isinstance(settings, TrainingSettings):
        return _train_collection(arguments, settings)
    if isinstance(settings, ClickSettings):
        from .click_training import run_click_training

        return run_click_training(arguments, settings)
    raise SettingsError(f"The preset {arguments.preset} is of no known kind.")


def _train_collection(arguments: argparse.Namespace, settings: TrainingSettings) -> int:
    """Encode, train, export."""
    if arguments.manifest is None or (arguments.encoder_weights is None) == (arguments.start_from is None):
        raise SettingsError(
            f"The preset {arguments.preset} needs --manifest, and either --encoder-weights or --start-from."
        )
    if len(arguments.data) != 1:
        raise SettingsError(f"The preset {arguments.preset} takes one folder as --data.")
    card: dict[str, object] = {"preset": arguments.preset}
    if arguments.start_from is None:
        network = read_encoder(Path(arguments.encoder_weights))
    else:
        network, origin = read_start(arguments.start_from)
        card |= origin
    keep_collection(network, arguments.data[0], arguments.manifest, arguments.output, settings, arguments.part)
    if arguments.part[1] > 1:
        print(f"Encoded part {arguments.part[0]}/{arguments.part[1]}.")
        return 0
    train_decoder(network, arguments.output, settings, resume=bool(arguments.resume))
    if arguments.export is not None:
        samples = export_run(network.eval(), arguments.output, arguments.export, card)
        print(f"Wrote {arguments.export} after {samples} samples.")
    return 0


def read_settings(arguments: argparse.Namespace) -> RunSettings:
    """Take the preset with the fields that the command line names. Raises `SettingsError` on a wrong value."""
    preset = _ALL[arguments.preset]
    changes: dict[str, Any] = {}
    for settings in {type(each): each for each in _ALL.values()}.values():
        for field in fields(settings):
            text = getattr(arguments, field.name)
            if text is None or (field.name == "encoder_weights" and isinstance(preset, TrainingSettings)):
                continue
            if not hasattr(preset, field.name):
                raise SettingsError(f"The preset {arguments.preset} has no setting {field.name}.")
            changes[field.name] = _value(field.name, text, getattr(preset, field.name))
    settings = replace(preset, **changes)
    check_settings(settings)
    return settings


def _value(name: str, text: str, default: object) -> object:
    """Read `text` as a value of the default's type; lists are separated by commas."""
    try:
        kind: Any = type(default[0]) if isinstance(default, tuple) and default else type(default)
        if isinstance(default, tuple):
            kind = str if kind is tuple else kind
            return tuple(kind(part) for part in text.split(",") if part)
        if kind is bool:
            return {"yes": True, "no": False, "true": True, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        wanted = "a list such as " + ",".join(map(str, default)) if isinstance(default, tuple) else f"like {default}"
        raise SettingsError(f"The setting {name} must be {wanted}, not {text!r}.") from None


def _part(text: str) -> tuple[int, int]:
    try:
        index, count = (int(part) for part in text.split("/"))
    except ValueError:
        index, count = -1, 0
    if not 0 <= index < count:
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 0 <= I < N, such as 0/2")
    return index, count

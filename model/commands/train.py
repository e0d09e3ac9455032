"""`isegformer train`: make the bundled model, or one like it from other data."""

import argparse
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ..errors import SettingsError
from ..training.bundled import export_run, keep_collection, read_encoder, read_start, train_decoder
from ..training.settings import PRESETS, TrainingSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the places, the stages, and one option for every field of the settings."""
    parser.add_argument("--preset", choices=sorted(PRESETS), default="bundled", help="settings to start from")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="DIR/SET/{images,masks,set.json}")
    parser.add_argument("--manifest", type=Path, required=True, metavar="CSV", help="columns set, stem and split")
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument(
        "--encoder-weights", type=Path, metavar="ONNX", help="start from DINOv2 ViT-S/14, an ONNX file, untrained else"
    )
    start.add_argument("--start-from", metavar="NAME|FILE", help="go on with the weights of this model")
    parser.add_argument("--run", type=Path, required=True, metavar="DIR", help="run folder: views, state, metrics")
    parser.add_argument("--resume", action="store_true", help="go on from the state in the run folder")
    parser.add_argument("--part", type=_part, default=(0, 1), metavar="I/N", help="encode every N-th shard only, stop")
    parser.add_argument("--export", type=Path, metavar="FILE", help="write the averaged weights to FILE at the end")
    for field in fields(TrainingSettings):
        parser.add_argument(f"--{field.name.replace('_', '-')}", metavar="VALUE", help=f"setting {field.name}")


def run(arguments: argparse.Namespace) -> int:
    """Encode, train, export; every stage goes on where it was stopped."""
    settings = read_settings(arguments)
    card: dict[str, object] = {"preset": arguments.preset}
    if arguments.start_from is None:
        network = read_encoder(arguments.encoder_weights)
    else:
        network, origin = read_start(arguments.start_from)
        card |= origin
    keep_collection(network, arguments.data, arguments.manifest, arguments.run, settings, arguments.part)
    if arguments.part[1] > 1:
        print(f"Encoded part {arguments.part[0]}/{arguments.part[1]}.")
        return 0
    train_decoder(network, arguments.run, settings, resume=arguments.resume)
    if arguments.export is not None:
        samples = export_run(network.eval(), arguments.run, arguments.export, card)
        print(f"Wrote {arguments.export} after {samples} samples.")
    return 0


def read_settings(arguments: argparse.Namespace) -> TrainingSettings:
    """Take the preset with the fields that the command line names. Raises `SettingsError` on a wrong value."""
    preset = PRESETS[arguments.preset]
    changes: dict[str, Any] = {}
    for field in fields(TrainingSettings):
        text = getattr(arguments, field.name)
        if text is not None:
            changes[field.name] = _value(field.name, text, getattr(preset, field.name))
    return replace(preset, **changes)


def _value(name: str, text: str, default: object) -> object:
    """Read `text` as a value of the default's type; lists are separated by commas."""
    try:
        kind: Any = type(default[0]) if isinstance(default, tuple) else type(default)
        return tuple(kind(part) for part in text.split(",") if part) if isinstance(default, tuple) else kind(text)
    except ValueError:
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

"""`isegformer evaluate`: the number of clicks that a model needs on a dataset."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.objects import MASK_KINDS, checked_kind
from ..errors import DatasetError, SettingsError
from ..evaluation.folder import open_collection, open_folder
from ..evaluation.protocol import Engine, ProtocolSettings
from ..evaluation.rivals import GrabCut
from ..evaluation.run import Evaluation
from ..evaluation.samples import ImageSet
from ..evaluation.sstem import open_sstem
from ..evaluation.targets import Selection
from .options import add_model_options, load_segmenter, unit_threshold, whole_number

GRABCUT = "grabcut"
"""The name of the rival in the place of a model."""

_FOLDER_PER_IMAGE = 3
_LAST_CLICK = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--dataset", choices=("folder", "sstem"), required=True, help="layout of the dataset")
    parser.add_argument(
        "--root",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder: images/STEM.* with masks/STEM.png, or a folder of such sets; sstem: raw/ with mitochondria/",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="write summary.json, objects.csv and table.md here")
    parser.add_argument(
        "--max-clicks", type=whole_number, default=_LAST_CLICK, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--stop-at",
        type=unit_threshold,
        metavar="IOU",
        help="stop an object here; its last IoU stands for later clicks",
    )
    parser.add_argument(
        "--manifest", type=Path, metavar="CSV", help="only images listed here: columns set, stem, split"
    )
    parser.add_argument("--split", default="val", help="which lines of the manifest (default: %(default)s)")
    parser.add_argument("--only", action="append", metavar="SET", help="only this set; may be repeated")
    parser.add_argument("--kind", choices=MASK_KINDS, help="what the masks hold (default: set.json, or their values)")
    parser.add_argument("--ignore-value", type=int, metavar="V", help="pixels of this value in a mask count nowhere")
    parser.add_argument(
        "--max-objects", type=whole_number, metavar="N", help="at most N objects, spread over all images"
    )
    parser.add_argument("--max-objects-per-set", type=whole_number, metavar="N", help="at most N objects a set")
    parser.add_argument(
        "--objects-per-image",
        metavar="N",
        help=f"at most N objects an image, or `all` (default: {_FOLDER_PER_IMAGE}; all with --dataset sstem)",
    )
    parser.add_argument(
        "--min-area", type=whole_number, default=20, metavar="PIXELS", help="leave smaller objects out (%(default)s)"
    )
    parser.add_argument(
        "--last-object", action="store_true", help="only the last object of an image, as iSegFormer's own numbers count"
    )
    add_model_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the table, and write the results where `--output` says."""
    sets = _sets(arguments)
    selection = Selection(
        per_image=_per_image(arguments.objects_per_image, arguments.dataset),
        per_set=arguments.max_objects_per_set,
        total=arguments.max_objects,
        min_area=arguments.min_area,
        last_only=arguments.last_object,
    )
    protocol = ProtocolSettings(arguments.max_clicks, arguments.threshold, arguments.stop_at)
    engine, facts = _engine(arguments)
    summary = Evaluation(sets, selection, protocol, facts, arguments.output).run(engine)
    for problem in summary["problems"]:
        print(f"isegformer: left out {problem['set_name']}/{problem['stem']}: {problem['reason']}", file=sys.stderr)
    print(summary["table"], end="")
    return 0


def _sets(arguments: argparse.Namespace) -> Sequence[ImageSet]:
    kind = None if arguments.kind is None else checked_kind(arguments.kind, arguments.root)
    if arguments.dataset == "sstem":
        if arguments.manifest is not None or arguments.only is not None or kind is not None:
            raise SettingsError("The options --manifest, --only and --kind belong to --dataset folder.")
        return [open_sstem(arguments.root)]
    if arguments.manifest is None:
        sets = open_folder(arguments.root, kind, arguments.ignore_value)
    else:
        sets = open_collection(arguments.root, arguments.manifest, arguments.split, kind, arguments.ignore_value)
    if arguments.only is None:
        return sets
    absent = sorted(set(arguments.only) - {image_set.name for image_set in sets})
    if absent:
        raise DatasetError(
            f"There is no set {absent[0]!r} in {str(arguments.root)!r}, or it has no image in the split."
        )
    return [image_set for image_set in sets if image_set.name in arguments.only]


def _per_image(text: str | None, dataset: str) -> int | None:
    if text is None:
        return _FOLDER_PER_IMAGE if dataset == "folder" else None
    if text == "all":
        return None
    try:
        return whole_number(text)
    except argparse.ArgumentTypeError as error:
        raise SettingsError(f"Argument --objects-per-image: {error}, or the word all.") from error


def _engine(arguments: argparse.Namespace) -> tuple[Engine, dict[str, Any]]:
    """Make the engine, and name it for the summary."""
    if arguments.model == GRABCUT:
        return GrabCut(), {"model": GRABCUT}
    segmenter = load_segmenter(arguments)
    return segmenter, {
        "model": segmenter.model_name,
        "sha256": segmenter.model_sha256,
        "flip": arguments.flip,
        "region": repr(segmenter.region),
        "device": segmenter.device,
        "threads": arguments.threads,
    }

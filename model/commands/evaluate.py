"""`isegformer evaluate`: the number of clicks that a model needs on a dataset."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.annotated import Found
from ..data.objects import MASK_KINDS, checked_kind
from ..data.writing import check_writable
from ..errors import DatasetError, SettingsError, printable
from ..evaluation.layouts.registry import LAYOUTS, Layout, Where, dataset_name, open_dataset
from ..evaluation.manners import MANNERS, PROTOCOL
from ..evaluation.protocol import Engine, ProtocolSettings
from ..evaluation.run import Evaluation
from ..evaluation.sharding import joined
from ..evaluation.summary import SUMMARY_FILE, summary_of, tables_of, write_results
from ..evaluation.targets import Selection
from .evaluated_engine import add_engine_options, make_engine
from .options import seed_number, unit_threshold, whole_number
from .watching import watched

if TYPE_CHECKING:
    from ..evaluation.run import Outcome

_LAST_CLICK = 20
_MOST_CLICKS = 1000
"""Every object's curve is filled up to the last click, and a billion of them would take all memory."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("--dataset", required=True, metavar="NAME", help="; ".join(_dataset_words()))
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="where its files are, or its file")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="write summary.json, objects.csv, table.md and pictures here"
    )
    parser.add_argument(
        "--max-clicks", type=_number_of_clicks, default=_LAST_CLICK, metavar="N", help="default: %(default)s"
    )
    parser.add_argument(
        "--stop-at",
        type=unit_threshold,
        metavar="IOU",
        help="stop an object here; its last IoU stands for later clicks",
    )
    parser.add_argument(
        "--robustness", action="store_true", help="also click as annotators do: beside, off centre, late, by mistake"
    )
    parser.add_argument("--seed", type=seed_number, default=0, help="of the intervals and of robustness (default: 0)")
    parser.add_argument("--progress", action="store_true", help="print lines `progress DONE TOTAL` instead of a bar")
    _add_dataset_options(parser)
    add_engine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the tables, and write the results where `--output` says."""
    name = dataset_name(arguments.dataset)
    layout = LAYOUTS[name]
    data = _data(arguments, name)
    selection = Selection(
        per_image=arguments.objects_per_image,
        per_set=arguments.max_objects_per_set,
        total=arguments.max_objects,
        min_area=arguments.min_area,
        last_only=arguments.compatible_last_object,
    )
    _check_output(arguments.output)
    with joined() as shard:
        engine, facts = make_engine(arguments, layout, shard)
        with watched(shard, lines=arguments.progress) as watch:
            evaluation = Evaluation(
                data,
                selection,
                ProtocolSettings(arguments.max_clicks, arguments.threshold, arguments.stop_at),
                facts,
                arguments.output,
                tuple(MANNERS) if arguments.robustness else (PROTOCOL,),
                arguments.seed,
                shard,
                watch,
            )
            outcome = evaluation.run(engine)
        if shard.leads:
            title = arguments.root.resolve().stem if layout.is_own else layout.title
            found = {"name": name, "title": title, "root": str(arguments.root), "published_objects": layout.objects}
            _report(evaluation, engine, outcome, found)
    return 0


def _report(evaluation: Evaluation, engine: Engine, outcome: "Outcome", dataset: dict[str, object]) -> None:
    """Write what was measured, and say it."""
    summary = summary_of(evaluation, outcome, dataset)
    tables = tables_of(evaluation, outcome, dataset)
    write_results(evaluation, outcome, engine, summary, tables)
    for trouble in outcome.troubles:
        print(f"isegformer: left out {printable(f'{trouble.name}: {trouble.reason}')}", file=sys.stderr)
    if evaluation.selection.last_only:
        print(f"Counted: {summary['counted']}.")
    print(tables, end="")


def _dataset_words() -> list[str]:
    return [f"{name}: {layout.files}" for name, layout in LAYOUTS.items()]


def _add_dataset_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--manifest", type=Path, metavar="CSV", help="only images listed here: columns set, stem, split"
    )
    parser.add_argument("--split", default="val", help="which lines of the manifest, or which list (%(default)s)")
    parser.add_argument("--only", action="append", metavar="SET", help="only this set; may be repeated")
    parser.add_argument("--kind", choices=MASK_KINDS, help="what the masks hold (default: set.json, or their values)")
    parser.add_argument("--ignore-value", type=int, metavar="V", help="pixels of this value in a mask count nowhere")
    parser.add_argument("--axis", type=int, choices=(0, 1, 2), help="nifti: of the slices (default: the coarsest)")
    parser.add_argument(
        "--max-objects", type=whole_number, metavar="N", help="at most N objects, spread over all images"
    )
    parser.add_argument("--max-objects-per-set", type=whole_number, metavar="N", help="at most N objects a set")
    parser.add_argument(
        "--objects-per-image", type=_number_or_all, metavar="N", help="at most N objects an image, or `all` (all)"
    )
    parser.add_argument(
        "--min-area", type=whole_number, default=1, metavar="PIXELS", help="leave smaller objects out (%(default)s)"
    )
    parser.add_argument(
        "--compatible-last-object",
        action="store_true",
        help="count the last object of an image only, number VOC's by grey value and join ssTEM's at corners, "
        "as iSegFormer's own numbers do",
    )


def _data(arguments: argparse.Namespace, name: str) -> Found:
    kind = None if arguments.kind is None else checked_kind(arguments.kind, arguments.root)
    where = Where(
        root=arguments.root,
        kind=kind,
        ignore_value=arguments.ignore_value,
        manifest=arguments.manifest,
        split=arguments.split,
        axis=arguments.axis,
        as_published=arguments.compatible_last_object,
    )
    _check_options(where, name, LAYOUTS[name])
    data = open_dataset(name, where)
    if arguments.only is None:
        return data
    images = tuple(image for image in data.images if image.set_name in arguments.only)
    absent = sorted(set(arguments.only) - {image.set_name for image in images})
    if absent:
        raise DatasetError(
            f"There is no set {absent[0]!r} in {str(arguments.root)!r}, or it has no image in the split."
        )
    troubles = tuple(each for each in data.troubles if each.name.split("/")[0] in arguments.only)
    return Found(images, troubles)


def _check_options(where: Where, name: str, layout: Layout) -> None:
    """Raise `SettingsError` for an option that the dataset does not know: it would change nothing."""
    given = {"kind": where.kind, "ignore_value": where.ignore_value, "manifest": where.manifest, "axis": where.axis}
    for field, value in given.items():
        if value is not None and field not in layout.options:
            raise SettingsError(f"The option --{field.replace('_', '-')} means nothing to --dataset {name}.")


def _check_output(folder: Path | None) -> None:
    """Find out before anything slow that nothing could be written."""
    if folder is not None and folder.is_dir():
        check_writable(folder / SUMMARY_FILE)


def _number_of_clicks(text: str) -> int:
    count = whole_number(text)
    if count > _MOST_CLICKS:
        raise argparse.ArgumentTypeError(f"{count} clicks an object are too many; give {_MOST_CLICKS} at most")
    return count


def _number_or_all(text: str) -> int | None:
    if text == "all":
        return None
    try:
        return whole_number(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}, or the word all") from None

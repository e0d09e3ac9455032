"""`isegformer compare`: finished evaluations against each other, paired by object."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from ..data.writing import make_folder, write_together
from ..errors import SettingsError
from ..evaluation.comparison import compare, comparison_tables, read_runs
from ..evaluation.plots import curve_of, draw_curves, png_of
from ..evaluation.summary import CURVES_FILE
from .options import seed_number

COMPARISON_FILE, COMPARISON_TABLE = "comparison.json", "comparison.md"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "runs", nargs="+", type=Path, metavar="RUN", help="folders of evaluations; the first is what others differ from"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help=f"write {COMPARISON_FILE}, {COMPARISON_TABLE} and {CURVES_FILE} here"
    )
    parser.add_argument("--seed", type=seed_number, default=0, help="of the intervals (default: 0)")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print the tables, and write them where `--output` says."""
    if len(arguments.runs) < 2:
        raise SettingsError("There is nothing to compare: give the folders of at least two evaluations.")
    first, *others = read_runs(arguments.runs)
    differences = [compare(first, other, arguments.seed) for other in others]
    tables = comparison_tables(differences)
    if arguments.output is not None:
        make_folder(arguments.output)
        title = f"{first.summary['dataset']['title']}, {len(first.records)} objects"
        content = [asdict(each) for each in differences]
        write_together(
            {
                arguments.output / COMPARISON_FILE: (json.dumps(content, indent=2) + "\n").encode(),
                arguments.output / COMPARISON_TABLE: tables.encode(),
                arguments.output / CURVES_FILE: png_of(
                    draw_curves([curve_of(each.name, each.summary) for each in (first, *others)], title)
                ),
            }
        )
    print(tables, end="")
    return 0

"""Measure, and print one table.

The model and the reference take turns, so that whatever else the machine does slows both; the ratio of the two says
more than either number. The window is measured without a network.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from model.errors import ModelError

from .annotating import measure_clicks, measure_folder, measure_memory
from .clicking import THREADS, Subject, model_subject, reference_subject, sample_photo
from .evaluating import clicks_a_second, measure_overhead
from .samples import Stopwatch, Summary, peak_memory
from .series import measure_series
from .training import measure_training
from .volume import measure_volume
from .window import CANVAS, measure_frames, measure_starts

SUBJECTS = (
    "model",
    "reference",
    "evaluation",
    "training",
    "start",
    "canvas",
    "volume",
    "series",
    "clicks",
    "folder",
    "memory",
)
REPETITIONS = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks that the command line asks for."""
    options = _parse(argv)
    try:
        lines, facts = _measure(options)
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({"measurements": [asdict(line) for line in lines], "facts": facts}, indent=2))
    else:
        _print_table(lines, facts)
    return 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", choices=SUBJECTS, help="measure this alone")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, metavar="N", help="rounds of each subject")
    parser.add_argument("--model", metavar="NAME|FILE", help="a bundled model or a file (default: the bundled one)")
    options = parser.parse_args(argv)
    if options.repetitions < 1:
        parser.error("there must be at least one repetition")
    return options


def _measure(options: argparse.Namespace) -> tuple[list[Summary], dict[str, float | str]]:
    photo, watch = sample_photo(), Stopwatch()
    facts: dict[str, float | str] = {"photo": f"{photo.shape[1]} x {photo.shape[0]}", "threads": THREADS}
    subjects: list[Subject] = []
    if options.only in (None, "model"):
        with watch.measure("load the model (torch is imported)"):
            subjects.append(model_subject(options.model))
        # A round for warming up, whose memory is the model's alone: the reference is not there yet.
        subjects[0].round(photo, Stopwatch())
        peak = peak_memory()
        if peak is not None:
            facts["peak memory of the model, MB"] = round(peak / 1e6)
    if options.only in (None, "reference"):
        subjects.append(reference_subject())
        subjects[-1].round(photo, Stopwatch())
    for _ in range(options.repetitions):
        for subject in subjects:
            subject.round(photo, watch)
    if options.only in (None, "evaluation"):
        measure_overhead(watch, options.repetitions)
        measured = subjects[0] if subjects else model_subject(options.model)
        facts["evaluation, clicks a second"] = round(clicks_a_second(measured.segmenter, photo), 1)
    if options.only in (None, "training"):
        facts |= measure_training(watch, options.repetitions)
    # Last, so that the window's memory is not counted as the model's.
    facts |= _measure_window(options, watch)
    lines = watch.summaries()
    if options.only is None:
        medians = {line.name: line.median for line in lines}
        ratio = medians[f"{subjects[0].name}: later click"] / medians[f"{subjects[1].name}: later click"]
        facts["later click, of the reference's"] = round(ratio, 3)
    return lines, facts


def _measure_window(options: argparse.Namespace, watch: Stopwatch) -> dict[str, float | str]:
    facts: dict[str, float | str] = {}
    if options.only in (None, "start"):
        measure_starts(watch, options.repetitions)
    if options.only in (None, "canvas"):
        facts["canvas"] = f"{CANVAS[0]} x {CANVAS[1]}, 50 megapixels"
        measure_frames(watch, options.repetitions)
    if options.only in (None, "volume"):
        facts |= measure_volume(watch, options.repetitions)
    if options.only in (None, "series"):
        facts |= measure_series(watch, options.repetitions)
    if options.only in (None, "clicks"):
        measure_clicks(watch, options.repetitions)
    if options.only in (None, "folder"):
        measure_folder(watch, options.repetitions)
    if options.only in (None, "memory"):
        facts |= measure_memory()
    return facts


def _print_table(lines: list[Summary], facts: dict[str, float | str]) -> None:
    width = max((len(line.name) for line in lines), default=0)
    print(f"{'':{width}}  {'times':>6}  {'median ms':>10}  {'95 % ms':>10}")
    for line in lines:
        print(f"{line.name:{width}}  {line.count:>6}  {line.median:>10.1f}  {line.percentile_95:>10.1f}")
    print()
    for name, value in facts.items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    sys.exit(main())

"""What a model promises on hard cases: `python -m tests.bench.promises --root DIR --manifest CSV [--sheet FILE]`.

Tiny objects: after 15 clicks none may be worse than after 5. First clicks: in the middle of a part of something (a
sleeve of a person, a wheel of a car, a window of a house), does the answer mean the part or the whole?
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.data.annotated import Annotated, Objects
from model.data.objects import BoolMask, connected_parts
from model.data.writing import encode_picture, write_bytes
from model.engine import Segmenter
from model.errors import ModelError
from model.evaluation.layouts.registry import Where, open_dataset
from model.evaluation.metrics import intersection_over_union
from model.evaluation.plots import Case, draw_cases
from model.evaluation.protocol import ProtocolSettings, click_object
from model.evaluation.targets import Selection, Target, find_targets, spread
from model.evaluation.user import SimulatedUser

EARLY, LATE = 5, 15
SETS_OF_PARTS = ("ccp", "x_carparts", "facades")
"""Sets whose labels are parts: of a person, of a car, of a house (of which only windows, doors and the like)."""

_ENOUGH = 0.5
"""IoU from which on an answer means something."""


@dataclass(frozen=True)
class Course:
    """How one tiny object went: its share of the picture, and its IoU after the early and after the late click."""

    name: str
    share: float
    early: float
    late: float


def measure_tiny(segmenter: Segmenter, images: Iterable[Sequence[Target]], largest_share: float) -> Iterator[Course]:
    """Click every object of at most `largest_share` of its picture fifteen times."""
    for targets in images:
        image = targets[0].image
        pixels, objects = image.read()
        size = pixels.shape[0] * pixels.shape[1]
        tiny = [target for target in targets if target.area <= largest_share * size]
        if tiny:
            segmenter.set_image(pixels)
        for target in tiny:
            run = click_object(
                segmenter, objects.mask(target.number), objects.ignored, ProtocolSettings(max_clicks=LATE)
            )
            # A perfect mask ends a run early; its last value holds.
            early, late = run.ious[min(EARLY, len(run.ious)) - 1], run.ious[-1]
            yield Course(f"{image.name}/{target.number}", target.area / size, early, late)


def first_clicks(segmenter: Segmenter, images: Sequence[Annotated]) -> Iterator[tuple[str, Case]]:
    """Click once in the middle of a part of each image; say what the answer means, with the case for the sheet."""
    for image in images:
        pixels, objects = image.read()
        part, whole = _part_and_whole(objects, image.set_name)
        click = SimulatedUser(part, objects.ignored).click(np.zeros_like(part))
        if click is None:
            continue
        segmenter.set_image(pixels)
        answer = segmenter.predict([click]) >= ProtocolSettings().threshold
        meaning = _meaning(answer, part, whole, objects.ignored)
        yield meaning, Case(image.name, meaning, pixels, part, np.asarray(answer), [click])


def _part_and_whole(objects: Objects, set_name: str) -> tuple[BoolMask, BoolMask]:
    """Take the part of median size, and all parts that hang together with it."""
    areas = sorted((area, number) for number, area in objects.areas().items())
    part = objects.mask(areas[len(areas) // 2][1])
    everything = np.asarray((objects.layers > 0).any(axis=0))
    if set_name == "facades":
        return part, everything
    labels = connected_parts(everything.astype(np.int32), neighbours=8)
    return part, np.isin(labels, np.unique(labels[part]))


def _meaning(answer: BoolMask, part: BoolMask, whole: BoolMask, ignored: BoolMask) -> str:
    of_part, of_whole = (intersection_over_union(answer, truth, ignored) for truth in (part, whole))
    if max(of_part, of_whole) < _ENOUGH:
        inside = float((answer & whole).sum() / max(1, answer.sum()))
        return "between part and whole" if inside >= _ENOUGH and answer.sum() > part.sum() else "something else"
    return "the part" if of_part >= of_whole else "the whole"


def _print_tiny(courses: Sequence[Course]) -> int:
    """Print what came of the tiny objects; give the number of those that got worse."""
    for course in courses:
        mark = "  worse" if course.late < course.early else ""
        print(f"{course.name:45} {course.share:8.3%}  {course.early:.3f}  {course.late:.3f}{mark}")
    worse = [course for course in courses if course.late < course.early]
    if courses:
        early, late = (float(np.mean([getattr(course, when) for course in courses])) for when in ("early", "late"))
        print(f"{len(courses)} tiny objects: mean IoU {early:.3f} after {EARLY} clicks, {late:.3f} after {LATE};")
        deepest = max((course.early - course.late for course in worse), default=0.0)
        print(f"{len(worse)} are worse after {LATE} clicks than after {EARLY}, by {deepest:.3f} at most.")
    return len(worse)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and draw the sheet; code 1 where a tiny object got worse."""
    options = _parse(argv)
    try:
        segmenter = Segmenter.load(options.model, threads=options.threads)
        found = open_dataset("folder", Where(root=options.root, manifest=options.manifest, split=options.split))
        images, _ = find_targets(found, Selection(per_set=options.per_set, min_area=options.min_area))
        worse = _print_tiny(list(measure_tiny(segmenter, images, options.largest_share)))
        parts = [image for name in SETS_OF_PARTS for image in found.images if image.set_name == name]
        shown = list(first_clicks(segmenter, spread(parts, options.clicks)))
    except ModelError as error:
        print(error, file=sys.stderr)
        return 2
    for (name, meaning), count in sorted(Counter((case.name.split("/")[0], word) for word, case in shown).items()):
        print(f"first click on a part, {name:12} {meaning:24} {count}")
    if options.sheet is not None and shown:
        write_bytes(options.sheet, encode_picture(draw_cases([case for _, case in shown]), options.sheet.suffix))
    return 1 if worse else 0


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.promises", description=__doc__)
    parser.add_argument("--root", type=Path, required=True, help="sets in folders, each with images/ and masks/")
    parser.add_argument("--manifest", type=Path, required=True, help="CSV with columns set, stem, split")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", help="default: the bundled one")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--largest-share", type=float, default=0.001, help="of the picture, for a tiny object")
    parser.add_argument("--min-area", type=int, default=20, help="smallest object in pixels")
    parser.add_argument("--per-set", type=int, help="objects a set at most (default: all)")
    parser.add_argument("--clicks", type=int, default=50, help="first clicks on parts")
    parser.add_argument("--sheet", type=Path, help="picture of the first clicks (.png or .jpg)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())

"""`isegformer propagate`: objects of some slices of a volume carried to the slices beside and between them."""

import argparse
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel
import numpy as np
from numpy.typing import NDArray

from ..data.nifti_sets import SUFFIXES, check_grid, read_label_volume, read_slice
from ..data.writing import check_writable, write_bytes
from ..errors import DatasetError, OutputError, SettingsError
from ..walks import Doubt, Walk, walks
from .options import add_model_options, load_segmenter, whole_number

if TYPE_CHECKING:
    from ..engine.carrying import Carrier

_DIMENSIONS = 3


@dataclass(slots=True)
class Outcome:
    """What became of one object: the slices filled, and where walks ended before their time."""

    number: int
    keys: list[int]
    filled: list[int]
    weak: list[int]
    stops: dict[int, Doubt]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("volume", type=Path, metavar="VOLUME", help="a NIfTI volume; of time points the first")
    parser.add_argument("labels", type=Path, metavar="LABELS", help="a label volume on its grid, some slices labelled")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE.nii.gz", help="where all labels go")
    parser.add_argument(
        "--object",
        dest="objects",
        type=whole_number,
        action="append",
        metavar="N",
        help="label to carry; may be repeated (default: all)",
    )
    parser.add_argument("--axis", type=int, choices=range(_DIMENSIONS), help="of the slices (default: widest spacing)")
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="N", help="first slice, from 0")
    parser.add_argument("--to", dest="last", type=int, metavar="N", help="last slice (default: that of the volume)")
    parser.add_argument("--truth", type=Path, metavar="LABELS", help="all slices labelled: print the Dice by distance")
    parser.add_argument("--json", action="store_true", help="describe the result as JSON on the standard output")
    add_model_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Carry the objects and write the labels."""
    _check_target(arguments)
    known, coarsest = read_label_volume(arguments.labels)
    axis = coarsest if arguments.axis is None else arguments.axis
    check_grid(arguments.labels, arguments.volume)
    truth = None if arguments.truth is None else _truth(arguments.truth, arguments.volume)
    first, last = _range(arguments, known.shape[axis])
    planes = np.moveaxis(known, axis, 0)
    numbers = list(dict.fromkeys(arguments.objects or np.unique(known[known > 0]).tolist()))
    plans = {number: _plan(planes, number, first, last, arguments.labels) for number in numbers}
    if not numbers:
        raise DatasetError(f"The label volume {str(arguments.labels)!r} holds no object.")
    read_slice(arguments.volume, (axis, 0))
    carrier = load_segmenter(arguments).carrier()
    filled = planes.copy()
    outcomes = [_carry(carrier, arguments, (axis, number), plans[number], filled) for number in numbers]
    _write(arguments, np.moveaxis(filled, 0, axis))
    rows = [] if truth is None else _dice_by_distance(outcomes, planes, filled, np.moveaxis(truth, axis, 0))
    _report(arguments, outcomes, rows)
    return 0


def _check_target(arguments: argparse.Namespace) -> None:
    if not arguments.output.name.lower().endswith(SUFFIXES):
        raise OutputError(f"The labels are written as NIfTI; let the name {str(arguments.output)!r} end in .nii.gz.")
    read = [path for path in (arguments.volume, arguments.labels, arguments.truth) if path is not None]
    if arguments.output.resolve() in {path.resolve() for path in read}:
        raise OutputError(f"{str(arguments.output)!r} would be overwritten; write to another name.")
    check_writable(arguments.output)


def _truth(path: Path, volume: Path) -> NDArray[np.int32]:
    check_grid(path, volume)
    return read_label_volume(path)[0]


def _range(arguments: argparse.Namespace, count: int) -> tuple[int, int]:
    last = count - 1 if arguments.last is None else arguments.last
    if not 0 <= arguments.first <= last < count:
        raise SettingsError(f"There are no slices {arguments.first} to {last} among 0 to {count - 1}.")
    return arguments.first, last


def _plan(
    planes: NDArray[np.int32], number: int, first: int, last: int, labels: Path
) -> tuple[list[int], tuple[Walk, ...]]:
    """Key slices of an object, and the walks from them."""
    keys = np.flatnonzero((planes == number).any(axis=(1, 2))).tolist()
    if not any(first <= key <= last for key in keys):
        raise DatasetError(f"No slice from {first} to {last} of {str(labels)!r} holds the object {number}.")
    return keys, walks(keys, first, last)


def _carry(
    carrier: "Carrier",
    arguments: argparse.Namespace,
    place: tuple[int, int],
    plan: tuple[list[int], tuple[Walk, ...]],
    filled: NDArray[np.int32],
) -> Outcome:
    """Walk, and write what is not in doubt into the pixels of `filled` that are nobody's."""
    from ..engine.walking import strides

    axis, number = place
    outcome = Outcome(number, plan[0], [], [], {})
    for walk in plan[1]:
        mask = filled[walk[0]] == number
        for stride in strides(
            carrier, lambda index: read_slice(arguments.volume, (axis, index)), walk, mask, arguments.threshold
        ):
            if stride.doubt is not None:
                outcome.stops[stride.index] = stride.doubt
            else:
                outcome.filled.append(stride.index)
                outcome.weak += [stride.index] if stride.is_weak else []
                filled[stride.index][stride.mask & (filled[stride.index] == 0)] = number
    outcome.filled.sort()
    return outcome


def _write(arguments: argparse.Namespace, labels: NDArray[np.int32]) -> None:
    grid = nibabel.load(arguments.labels)
    kind = np.result_type(*(np.min_scalar_type(int(end)) for end in (labels.min(), labels.max())))
    image = nibabel.Nifti1Image(labels.astype(kind), grid.affine, grid.header)  # type: ignore[no-untyped-call, attr-defined]
    image.set_data_dtype(kind)  # type: ignore[no-untyped-call]
    data: bytes = image.to_bytes()
    is_packed = arguments.output.name.lower().endswith(".gz")
    write_bytes(arguments.output, gzip.compress(data, mtime=0) if is_packed else data)


def _dice_by_distance(
    outcomes: list[Outcome], planes: NDArray[np.int32], filled: NDArray[np.int32], truth: NDArray[np.int32]
) -> list[dict[str, float]]:
    """Mean Dice of the filled slices, and of copies of the nearest key slice, by the distance from that."""
    found: dict[int, list[tuple[float, float]]] = {}
    for outcome in outcomes:
        for index in outcome.filled:
            key = min(outcome.keys, key=lambda each: (abs(each - index), each))
            goal = truth[index] == outcome.number
            carried, copied = (each == outcome.number for each in (filled[index], planes[key]))
            found.setdefault(abs(key - index), []).append((_dice(carried, goal), _dice(copied, goal)))
    return [
        {"distance": distance, "slices": len(pairs), "carried": _mean(pairs, 0), "copied": _mean(pairs, 1)}
        for distance, pairs in sorted(found.items())
    ]


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    size = int(one.sum()) + int(other.sum())
    return 2 * int((one & other).sum()) / size if size else 1.0


def _mean(pairs: list[tuple[float, float]], place: int) -> float:
    return round(float(np.mean([pair[place] for pair in pairs])), 4)


def _report(arguments: argparse.Namespace, outcomes: list[Outcome], rows: list[dict[str, float]]) -> None:
    if arguments.json:
        objects = [
            {
                "object": each.number,
                "key_slices": each.keys,
                "filled": each.filled,
                "doubtful": sorted(each.weak),
                "stopped": [{"slice": index, "why": doubt.value} for index, doubt in sorted(each.stops.items())],
            }
            for each in outcomes
        ]
        print(json.dumps({"labels": str(arguments.output), "objects": objects, "dice": rows}))
        return
    for each in outcomes:
        stops = "".join(f"; stopped at slice {index}: {doubt.value}" for index, doubt in sorted(each.stops.items()))
        weak = f"; look at {', '.join(map(str, sorted(each.weak)))}" if each.weak else ""
        print(f"object {each.number}: {len(each.filled)} slices filled{weak}{stops}")
    if rows:
        print("distance  slices  carried  copied")
    for row in rows:
        print(f"{row['distance']:8}  {row['slices']:6}  {row['carried']:7.3f}  {row['copied']:6.3f}")

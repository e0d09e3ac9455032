"""Runs against each other, object by object: what differs, how surely, and on which objects most."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import DatasetError
from .intervals import bootstrap_means
from .plots import curve_of
from .protocol import ProtocolSettings
from .records import OBJECTS_FILE, Record, read_records
from .report import columns_of, rounded
from .summary import SUMMARY_FILE
from .tables import markdown
from .targets import Key

MOST_CHANGED = 20
_COMPARED = (*(f"miou@{count}" for count in (1, 3, 5, 10, 20)), "auc_iou")


@dataclass(frozen=True)
class Run:
    """A finished evaluation, read from its folder."""

    name: str
    folder: Path
    summary: Mapping[str, Any]
    records: dict[Key, Record]

    @property
    def protocol(self) -> ProtocolSettings:
        """What the objects were clicked with."""
        return ProtocolSettings(**self.summary["settings"]["protocol"])


@dataclass(frozen=True)
class Change:
    """One object in two runs: its NoC at `Difference.target` and the area under its curve, before and after."""

    key: Key
    clicks: tuple[int, int]
    areas: tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """A run against the first one, over the objects of both: mean differences, their intervals, and cases."""

    reference: str
    other: str
    objects: int
    target: str
    """By which NoC cases are ranked: `noc@90`, or the next one below where the clicks stop before."""
    values: dict[str, float]
    intervals: dict[str, list[float]]
    most_changed: list[Change]


def read_runs(folders: Sequence[Path]) -> list[Run]:
    """Read two or more finished runs; raise `DatasetError` where one is none, or they cannot be compared."""
    runs: list[Run] = []
    for folder in folders:
        runs.append(_read_run(folder, {run.name for run in runs}))
    first = runs[0]
    for run in runs[1:]:
        if run.protocol != first.protocol:
            raise DatasetError(
                f"{str(run.folder)!r} was measured with another protocol than {str(first.folder)!r}; "
                "evaluate both with the same --max-clicks, --threshold and --stop-at."
            )
        if not first.records.keys() & run.records.keys():
            raise DatasetError(f"{str(run.folder)!r} and {str(first.folder)!r} have no object in common.")
    return runs


def compare(first: Run, other: Run, seed: int = 0) -> Difference:
    """Compare a run with the first one, paired by object: other minus first."""
    keys = [
        key
        for key, record in first.records.items()
        if key in other.records and other.records[key].target.files == record.target.files
    ]
    if not keys:
        raise DatasetError(f"{str(other.folder)!r} and {str(first.folder)!r} were measured on other files.")
    before, after = (columns_of([run.records[key].run for key in keys], first.protocol) for run in (first, other))
    names = [name for name in before if name.startswith("noc@") or name in _COMPARED]
    target = next((name for name in ("noc@90", "noc@85", "noc@80") if name in before), None)
    if target is None:
        raise DatasetError(
            f"{str(first.folder)!r} stopped its objects below an IoU of .80, so there are no clicks to compare."
        )
    table = np.array([after[name] - before[name] for name in names], np.float64).T
    low, high = bootstrap_means(table, seed)
    values = {name: rounded(table[:, place].mean()) for place, name in enumerate(names)}
    intervals = {name: [rounded(low[place]), rounded(high[place])] for place, name in enumerate(names)}
    changes = [
        Change(
            key,
            (int(before[target][place]), int(after[target][place])),
            (rounded(before["auc_iou"][place]), rounded(after["auc_iou"][place])),
        )
        for place, key in enumerate(keys)
    ]
    changes.sort(
        key=lambda each: (-abs(each.clicks[1] - each.clicks[0]), -abs(each.areas[1] - each.areas[0]), each.key)
    )
    changed = [each for each in changes if each.clicks[0] != each.clicks[1] or each.areas[0] != each.areas[1]]
    return Difference(first.name, other.name, len(keys), target, values, intervals, changed[:MOST_CHANGED])


def comparison_tables(differences: Sequence[Difference]) -> str:
    """Lay the differences out as Markdown, and under them the cases that changed most."""
    names = [name for name in differences[0].values if name != "noc@80"]
    heads = [f"against {differences[0].reference}", "objects", *(_head(name) for name in names)]
    rows = [[each.other, str(each.objects), *(_cell(name, each) for name in names)] for each in differences]
    parts = [markdown(heads, rows), "An interval in brackets that does not hold 0 is a difference at the 95 % level.\n"]
    for each in differences:
        cells = [
            ["/".join(map(str, change.key)), *map(str, change.clicks), *(f"{100 * area:.1f}" for area in change.areas)]
            for change in each.most_changed
        ]
        heads = [f"changed most: {each.other}", f"{each.target.replace('noc', 'NoC')} before", "after"]
        heads += ["AUC before", "after"]
        parts.append(markdown(heads, cells))
    return "\n".join(parts)


def _read_run(folder: Path, taken: set[str]) -> Run:
    try:
        summary = json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))
        model, settings = str(summary["model"]), ProtocolSettings(**summary["settings"]["protocol"])
        _check_types(summary, settings)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DatasetError(
            f"{str(folder)!r} holds no finished evaluation: there is no {SUMMARY_FILE} that can be read."
        ) from error
    records = {record.key: record for record in read_records(folder / OBJECTS_FILE) if record.run.ious}
    if not records:
        raise DatasetError(f"{str(folder)!r} holds no {OBJECTS_FILE} with measured objects.")
    name = model
    if name in taken:
        name = f"{model} ({folder.name})"
    return Run(name, folder, summary, records)


def _check_types(summary: Mapping[str, Any], settings: ProtocolSettings) -> None:
    numbers = (settings.threshold, 0.0 if settings.target_iou is None else settings.target_iou)
    if type(settings.max_clicks) is not int or not all(isinstance(each, float | int) for each in numbers):
        raise TypeError(settings)
    if not isinstance(summary["dataset"]["title"], str):
        raise TypeError(summary["dataset"])
    curve_of("", summary)


def _head(name: str) -> str:
    return name.replace("noc", "ΔNoC").replace("miou", "ΔIoU").replace("auc_iou", "ΔAUC")


def _cell(name: str, difference: Difference) -> str:
    value, (low, high) = difference.values[name], difference.intervals[name]
    if name.startswith("noc"):
        return f"{value:+.2f} [{low:+.2f}, {high:+.2f}]"
    return f"{100 * value:+.1f} [{100 * low:+.1f}, {100 * high:+.1f}]"

"""From the records to numbers: one summary, one for each set, and a table for people."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any, SupportsFloat

import numpy as np

from .metrics import NOC_TARGETS, curve_to, is_reached, number_of_clicks
from .protocol import ProtocolSettings
from .records import Record

_PACKAGES = ("isegformer", "torch", "numpy", "opencv-python", "timm")
_TABLE_IOUS = (1, 3, 5, 10, 20)


def summarise(records: Sequence[Record], protocol: ProtocolSettings) -> dict[str, Any]:
    """Mean numbers over objects: `noc@T`, `failures@T`, `at_limit@T` (T in percent), `miou@K`, seconds.

    `failures` never reach the target; `at_limit` also counts those that reach it at the very last click, as the
    published columns do. Targets over the one at which the clicks stop are left out. At least one record.
    """
    ious = [record.run.ious for record in records]
    limit = protocol.max_clicks
    numbers: dict[str, Any] = {"objects": len(records)}
    for percent in NOC_TARGETS:
        target = percent / 100
        if protocol.target_iou is not None and target > protocol.target_iou:
            continue
        counts = [number_of_clicks(curve, target, limit) for curve in ious]
        numbers[f"noc@{percent}"] = _rounded(np.mean(counts))
        numbers[f"failures@{percent}"] = sum(not is_reached(curve, target) for curve in ious)
        numbers[f"at_limit@{percent}"] = sum(count == limit for count in counts)
    curve = np.mean([curve_to(values, limit) for values in ious], axis=0)
    numbers |= {f"miou@{count}": _rounded(value) for count, value in enumerate(curve, start=1)}
    clicks = [value for record in records for value in record.run.seconds]
    first = [record.run.seconds[0] for record in records]
    images = {(record.set_name, record.stem): record.encode for record in records}
    return numbers | {
        "seconds_a_click": _rounded(np.mean(clicks)),
        "median_seconds_a_click": _rounded(np.median(clicks)),
        "median_seconds_first_click": _rounded(np.median(first)),
        "median_seconds_encode": _rounded(np.median(list(images.values()))),
    }


def by_set(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Group the records by their set, in the order in which the sets first appear."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.set_name, []).append(record)
    return groups


def mean_of_sets(sets: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Mean over sets, each counting once, of the numbers that are means themselves."""
    first = next(iter(sets.values()))
    names = [name for name in first if name.startswith(("noc@", "miou@"))]
    return {name: _rounded(np.mean([numbers[name] for numbers in sets.values()])) for name in names}


def table(sets: Mapping[str, Mapping[str, Any]], overall: Mapping[str, Any], max_clicks: int) -> str:
    """Lay the numbers out as a Markdown table, a row a set and one for all objects."""
    shown = [count for count in _TABLE_IOUS if count <= max_clicks]
    columns = [f"noc@{percent}" for percent in (85, 90) if f"noc@{percent}" in overall]
    columns += ["failures@90"] if "failures@90" in overall else []
    heads = ["set", "objects", *(name.replace("noc", "NoC") for name in columns)]
    heads += [f"IoU@{count}" for count in shown] + ["s/click"]
    lines = [" | ".join(heads), " | ".join(["---"] + ["---:"] * (len(heads) - 1))]
    rows = dict(sets) if len(sets) == 1 else {**sets, "all objects": overall}
    for name, numbers in rows.items():
        cells = [name, str(numbers["objects"])]
        cells += [f"{numbers[key]:.2f}" if key.startswith("noc") else str(numbers[key]) for key in columns]
        cells += [f"{100 * numbers[f'miou@{count}']:.1f}" for count in shown]
        cells.append(f"{numbers['seconds_a_click']:.3f}")
        lines.append(" | ".join(cells))
    return "".join(f"| {line} |\n" for line in lines)


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _rounded(value: SupportsFloat) -> float:
    return round(float(value), 6)

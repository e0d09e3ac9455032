"""From the records to numbers, each with its interval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from .intervals import bootstrap_means, bootstrap_quantile
from .metrics import NOC_TARGETS, area_under, curve_to, dice, is_reached, number_of_clicks
from .protocol import ObjectRun, ProtocolSettings
from .records import Record

_QUANTILES = {"median": 0.5, "95": 0.95}


@dataclass(frozen=True)
class Numbers:
    """Numbers over objects by name, and the 95 % intervals of those that are means, counts or quantiles."""

    values: dict[str, Any]
    intervals: dict[str, list[float]]

    def as_json(self) -> dict[str, Any]:
        """Both in one record."""
        timings = {name: value for name, value in self.values.items() if name.startswith("seconds_")}
        others = {name: value for name, value in self.values.items() if name not in timings}
        return {**others, "timings": timings, "intervals": self.intervals}


def summarise(records: Sequence[Record], protocol: ProtocolSettings, seed: int) -> Numbers:
    """Numbers over objects: `noc@T`, `failures@T`, `unreached@T` (T in percent), `miou@K`, `mdice@K`, and more.

    `failures` count what the published columns count, objects whose NoC is the most clicks there are, and with them
    those that reach the target at the very last click; `unreached` leaves these out. Targets over the one at which
    the clicks stop are left out. At least one record.
    """
    columns = columns_of([record.run for record in records], protocol)
    table = np.array(list(columns.values()), np.float64).T
    low, high = bootstrap_means(table, seed)
    numbers = means_of([record.run for record in records], protocol)
    intervals: dict[str, list[float]] = {}
    for place, name in enumerate(columns):
        factor = len(records) if _is_count(name) else 1
        intervals[name] = [rounded(factor * low[place]), rounded(factor * high[place])]
    times, of_times = _timings(records, seed)
    return Numbers(numbers | times, intervals | of_times)


def by_set(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Group the records by their set, in the order in which the sets first appear."""
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.target.image.set_name, []).append(record)
    return groups


def mean_of_sets(sets: Mapping[str, Numbers]) -> dict[str, float]:
    """Mean over sets, each counting once, of the numbers that are means themselves."""
    first = next(iter(sets.values())).values
    names = [name for name in first if name.startswith(("noc@", "miou@", "mdice@", "boundary_iou@", "auc_"))]
    return {name: rounded(np.mean([numbers.values[name] for numbers in sets.values()])) for name in names}


def rounded(value: SupportsFloat) -> float:
    """Round to what is worth printing."""
    return round(float(value), 6)


def means_of(runs: Sequence[ObjectRun], protocol: ProtocolSettings) -> dict[str, Any]:
    """The numbers of `summarise` that are means and counts, without intervals and seconds; at least one run."""
    numbers: dict[str, Any] = {"objects": len(runs)}
    for name, values in columns_of(runs, protocol).items():
        numbers[name] = int(values.sum()) if _is_count(name) else rounded(values.mean())
    return numbers


def _is_count(name: str) -> bool:
    return name.startswith(("failures@", "unreached@"))


def columns_of(runs: Sequence[ObjectRun], protocol: ProtocolSettings) -> dict[str, NDArray[np.float64]]:
    """What is averaged: a number an object (objects,), by name; targets beyond an early stop are absent."""
    limit = protocol.max_clicks
    ious = [run.ious for run in runs]
    columns: dict[str, Any] = {}
    for percent in NOC_TARGETS:
        target = percent / 100
        if protocol.target_iou is not None and target > protocol.target_iou:
            continue
        counts = np.array([number_of_clicks(curve, target, limit) for curve in ious], np.float64)
        columns[f"noc@{percent}"] = counts
        columns[f"failures@{percent}"] = counts >= limit
        columns[f"unreached@{percent}"] = np.array([not is_reached(curve, target) for curve in ious])
    curves = np.array([curve_to(run.ious, limit) for run in runs], np.float64)
    dices = np.vectorize(dice)(curves)
    boundaries = np.array([curve_to(run.boundary_ious, limit) for run in runs], np.float64)
    for name, table in (("miou", curves), ("mdice", dices), ("boundary_iou", boundaries)):
        columns |= {f"{name}@{count}": table[:, count - 1] for count in range(1, limit + 1)}
    columns |= {
        "auc_iou": area_under(curves),
        "auc_dice": area_under(dices),
        "auc_boundary_iou": area_under(boundaries),
    }
    return columns


def _timings(records: Sequence[Record], seed: int) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Seconds an image and a click, encoding and decoding apart: median and 95th percentile."""
    owners = np.array([place for place, record in enumerate(records) for _ in record.run.clicks], np.intp)
    images: dict[tuple[str, str], tuple[int, float]] = {}
    for place, record in enumerate(records):
        images.setdefault(record.key[:2], (place, record.encode))
    encodes = np.array([value for record in records for value in record.run.encodes])
    decodes = np.array([value for record in records for value in record.run.decodes])
    kinds = {
        "seconds_encode_image": (
            np.array([seconds for _, seconds in images.values()]),
            np.array([place for place, _ in images.values()], np.intp),
        ),
        "seconds_encode_click": (encodes, owners),
        "seconds_decode_click": (decodes, owners),
        "seconds_click": (encodes + decodes, owners),
    }
    values, intervals = {}, {}
    for kind, (seconds, of_objects) in kinds.items():
        for word, share in _QUANTILES.items():
            name = f"{kind}_{word}"
            values[name] = rounded(np.quantile(seconds, share, method="inverted_cdf"))
            low, high = bootstrap_quantile(seconds, of_objects, share, seed)
            intervals[name] = [rounded(low), rounded(high)]
    return values, intervals

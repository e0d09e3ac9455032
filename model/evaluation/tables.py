"""Numbers as Markdown tables, ready for a paper."""

from collections.abc import Iterable, Mapping, Sequence

from .manners import MANNERS
from .metrics import NOC_TARGETS
from .published import Published
from .report import Numbers

_SHOWN_CLICKS = (1, 3, 5, 10, 20)
_PAIR = 2


def main_table(sets: Mapping[str, Numbers], overall: Numbers, max_clicks: int) -> str:
    """Lay the numbers out, a row a set and one for all objects, with the 95 % intervals in brackets."""
    columns = [f"noc@{percent}" for percent in NOC_TARGETS if f"noc@{percent}" in overall.values]
    columns += [name for name in ("failures@85", "failures@90") if name in overall.values]
    columns += [f"miou@{count}" for count in _SHOWN_CLICKS if count <= max_clicks]
    columns += ["auc_iou", f"mdice@{max_clicks}", f"boundary_iou@{max_clicks}", "seconds_click_median"]
    rows = dict(sets) if len(sets) == 1 else {**sets, "all objects": overall}
    heads = ["set", "objects", *(_head(name, max_clicks) for name in columns)]
    body = [
        [name, str(numbers.values["objects"]), *(_cell(numbers, column) for column in columns)]
        for name, numbers in rows.items()
    ]
    return markdown(heads, body)


def published_table(title: str, ours: Numbers, name: str, rows: Sequence[Published]) -> str:
    """Put our numbers above the published ones of the same dataset."""
    clicks = sorted({count for row in rows for count in row.ious if f"miou@{count}" in ours.values})
    has_noc = any(row.noc85 is not None or row.noc90 is not None for row in rows)
    targets = [percent for percent in (85, 90) if has_noc and f"noc@{percent}" in ours.values]
    heads = [f"method, on {title}", *(f"NoC@{percent}" for percent in targets)]
    heads += [*(f"IoU@{count}" for count in clicks), "source"]
    mine = [f"**{name}**", *(f"**{ours.values[f'noc@{percent}']:.2f}**" for percent in targets)]
    mine += [*(f"**{100 * ours.values[f'miou@{count}']:.1f}**" for count in clicks), "this evaluation"]
    body = [mine]
    for row in rows:
        counts = {85: row.noc85, 90: row.noc90}
        cells = ["-" if counts[percent] is None else f"{counts[percent]:.2f}" for percent in targets]
        ious = [f"{row.ious[count]:.1f}" if count in row.ious else "-" for count in clicks]
        body.append([row.method, *cells, *ious, row.source])
    return markdown(heads, body)


def robustness_table(manners: Mapping[str, Numbers], max_clicks: int) -> str:
    """Lay out what other manners of clicking cost, the protocol's first."""
    first = next(iter(manners.values())).values
    columns: list[str] = [name for name in ("noc@85", "noc@90", "failures@90") if name in first]
    columns += [f"miou@{count}" for count in (1, 5, max_clicks) if f"miou@{count}" in first]
    columns = list(dict.fromkeys([*columns, "auc_iou"]))
    heads = ["how the user clicks", "objects", *(_head(name, max_clicks) for name in columns)]
    body = [
        [MANNERS[manner][0], str(numbers.values["objects"]), *(_cell(numbers, column) for column in columns)]
        for manner, numbers in manners.items()
    ]
    return markdown(heads, body)


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Draw a table whose columns but the first are aligned to the right."""
    lines = [" | ".join(heads), " | ".join(["---"] + ["---:"] * (len(heads) - 1))]
    lines += [" | ".join(row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _head(name: str, max_clicks: int) -> str:
    kind, _, what = name.partition("@")
    words = {
        "noc": f"NoC@{what}",
        "failures": f"≥{max_clicks}@{what}",
        "miou": f"IoU@{what}",
        "mdice": f"Dice@{what}",
        "boundary_iou": f"BIoU@{what}",
        "auc_iou": "AUC",
        "seconds_click_median": "s/click",
    }
    return words[kind]


def _cell(numbers: Numbers, name: str) -> str:
    value, interval = numbers.values[name], numbers.intervals.get(name)
    write = _percent if name.startswith(("miou", "mdice", "boundary", "auc")) else _plain
    if name.startswith("seconds"):
        return f"{value:.3f}"
    if name.startswith(("failures", "unreached")) or interval is None or len(interval) != _PAIR:
        return str(value)
    return f"{write(value)} [{write(interval[0])}, {write(interval[1])}]"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _plain(value: float) -> str:
    return f"{value:.2f}"

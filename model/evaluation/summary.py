"""What is written at the end of an evaluation: summary, tables and pictures."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..data.writing import encode_picture, write_bytes, write_text
from ..errors import ModelError
from ..versions import versions
from .manners import MANNERS, PROTOCOL
from .metrics import curve_to, number_of_clicks
from .plots import Case, curve_of, draw_cases, draw_curves, draw_histogram, png_of
from .protocol import Engine, replay
from .published import PUBLISHED_CLICKS, published_on
from .records import Record
from .report import Numbers, by_set, mean_of_sets, summarise
from .run import Evaluation, Outcome
from .tables import main_table, published_table, robustness_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUMMARY_FILE, TABLE_FILE = "summary.json", "table.md"
CURVES_FILE, HISTOGRAM_FILE, WORST_FILE = "iou-against-clicks.png", "noc-histogram.png", "worst-cases.png"
WORST_CASES = 20

COUNTED_ALL = "all objects"
COUNTED_LAST = "the last object of each image only, as iSegFormer's published evaluation counts"


def summary_of(evaluation: Evaluation, outcome: Outcome, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Sum an outcome up as `summary.json` holds it.

    `facts` are the dataset's name, title and root, and how many objects it has where it is published.
    """
    numbers = summarise(outcome.records, evaluation.protocol, evaluation.seed)
    sets = sets_of(evaluation, outcome)
    robustness = manners_of(evaluation, outcome)
    return {
        **numbers.as_json(),
        "counted": COUNTED_LAST if evaluation.selection.last_only else COUNTED_ALL,
        "mean_of_sets": mean_of_sets(sets),
        "sets": {name: each.as_json() for name, each in sets.items()},
        "robustness": {name: each.as_json() for name, each in robustness.items()},
        "dataset": {**facts, "sha256": outcome.dataset_sha256},
        "dataset_sha256": outcome.dataset_sha256,
        "engine": dict(evaluation.engine_facts),
        "model": evaluation.engine_facts.get("model"),
        "model_sha256": evaluation.engine_facts.get("sha256"),
        "seed": evaluation.seed,
        "settings": {
            "protocol": asdict(evaluation.protocol),
            "selection": asdict(evaluation.selection),
            "manners": list(evaluation.manners),
            "processes": evaluation.shard.count,
        },
        "versions": versions(),
        "problems": [asdict(trouble) for trouble in outcome.troubles],
    }


def sets_of(evaluation: Evaluation, outcome: Outcome) -> dict[str, Numbers]:
    """Sum up each set of the dataset."""
    groups = by_set(outcome.records)
    return {name: summarise(group, evaluation.protocol, evaluation.seed) for name, group in groups.items()}


def manners_of(evaluation: Evaluation, outcome: Outcome) -> dict[str, Numbers]:
    """Sum up each manner of clicking, the protocol's first; none where there is only that."""
    groups: dict[str, list[Record]] = {PROTOCOL: outcome.records}
    for record in outcome.others:
        groups.setdefault(record.manner, []).append(record)
    if len(groups) == 1:
        return {}
    order = [manner for manner in MANNERS if manner in groups]
    return {name: summarise(groups[name], evaluation.protocol, evaluation.seed) for name in order}


def tables_of(evaluation: Evaluation, outcome: Outcome, facts: Mapping[str, Any]) -> str:
    """Lay everything out as Markdown: our numbers, the published ones beside them, other manners of clicking."""
    overall = summarise(outcome.records, evaluation.protocol, evaluation.seed)
    parts = [main_table(sets_of(evaluation, outcome), overall, evaluation.protocol.max_clicks)]
    if evaluation.selection.last_only:
        parts.append(f"Counted: {COUNTED_LAST}.\n")
    whole = facts.get("published_objects")
    if whole is not None and whole != len(outcome.records):
        parts.append(f"Objects: {len(outcome.records)}, of {whole} in the published set.\n")
    published = published_on(str(facts["name"]))
    if published:
        name = str(evaluation.engine_facts.get("model"))
        parts += [published_table(str(facts["title"]), overall, name, published), *_differences(evaluation)]
    manners = manners_of(evaluation, outcome)
    if manners:
        parts.append(robustness_table(manners, evaluation.protocol.max_clicks))
    return "\n".join(parts)


def _differences(evaluation: Evaluation) -> list[str]:
    """Say what makes our numbers other than the published ones beside them, a line each."""
    lines = []
    if evaluation.protocol.max_clicks != PUBLISHED_CLICKS:
        here = evaluation.protocol.max_clicks
        lines.append(f"Published: at most {PUBLISHED_CLICKS} clicks an object, which a failure counts; here: {here}.\n")
    if evaluation.engine_facts.get("honoured", True):
        lines.append("Published: as --published measures; here: otherwise.\n")
    return lines


def write_results(
    evaluation: Evaluation, outcome: Outcome, engine: Engine, summary: Mapping[str, Any], tables: str
) -> None:
    """Write the summary, the tables and the pictures into the evaluation's folder, where it has one."""
    folder = evaluation.folder
    if folder is None:
        return
    write_text(folder / TABLE_FILE, tables)
    write_text(folder / SUMMARY_FILE, json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    for name, figure in figures_of(evaluation, outcome, summary).items():
        write_bytes(folder / name, png_of(figure))
    cases = worst_cases(evaluation, outcome.records, engine)
    if cases:
        write_bytes(folder / WORST_FILE, encode_picture(draw_cases(cases)))


def figures_of(evaluation: Evaluation, outcome: Outcome, summary: Mapping[str, Any]) -> dict[str, "Figure"]:
    """Draw the pictures that show numbers, by the names of their files."""
    name, title = str(summary["model"]), f"{summary['dataset']['title']}, {len(outcome.records)} objects"
    figures = {CURVES_FILE: draw_curves([curve_of(name, summary)], title)}
    reached = [percent for percent in (85, 90) if f"noc@{percent}" in summary]
    if reached:
        ious = [record.run.ious for record in outcome.records]
        limit = evaluation.protocol.max_clicks
        figures[HISTOGRAM_FILE] = draw_histogram(ious, limit, f"{name} on {title}", reached)
    return figures


def worst(records: Sequence[Record], max_clicks: int, count: int = WORST_CASES) -> list[Record]:
    """Give the records that need the most clicks to IoU .90, of those the ones of the lowest curves first."""
    return sorted(
        records,
        key=lambda record: (
            -number_of_clicks(record.run.ious, 0.9, max_clicks),
            sum(curve_to(record.run.ious, max_clicks)),
            record.key,
        ),
    )[:count]


def worst_cases(evaluation: Evaluation, records: Sequence[Record], engine: Engine) -> list[Case]:
    """Answer the worst objects once more, click by click, to have their last masks."""
    cases = []
    limit = evaluation.protocol.max_clicks
    for record in worst(records, limit):
        try:
            pixels, objects = record.target.image.read()
            engine.set_image(pixels)
        except ModelError:
            continue  # It was read before: the file has gone meanwhile, and the sheet can do without it.
        truth = objects.mask(record.target.number)
        mask = replay(engine, record.run.clicks, objects.size, evaluation.protocol.threshold)
        needed = number_of_clicks(record.run.ious, 0.9, limit)
        words = f"IoU {record.run.ious[-1]:.3f}, NoC@90 {needed}"
        cases.append(Case("/".join(map(str, record.key)), words, pixels, truth, mask, record.run.clicks))
    return cases

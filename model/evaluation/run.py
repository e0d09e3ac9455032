"""The evaluation itself: images, objects, clicks; measured, recorded, summed up."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from tqdm import tqdm

from ..data.writing import check_writable, write_text
from ..errors import DatasetError, ImageError, OutputError, SettingsError
from .protocol import Engine, ProtocolSettings, click_object
from .records import OBJECTS_FILE, Record, RecordFile, open_records, read_records
from .report import by_set, mean_of_sets, summarise, table, versions
from .samples import ImageSet, Problem
from .targets import Selection, Target, find_targets

SETTINGS_FILE, SUMMARY_FILE, TABLE_FILE = "settings.json", "summary.json", "table.md"


@dataclass(frozen=True)
class Evaluation:
    """What is measured, and how; `engine_facts` name the engine in the summary and must say what decides answers."""

    sets: Sequence[ImageSet]
    selection: Selection
    protocol: ProtocolSettings
    engine_facts: Mapping[str, Any]
    folder: Path | None = None
    """Where the results go; None: nowhere."""

    def run(self, engine: Engine) -> dict[str, Any]:
        """Click every chosen object, go on where an earlier run in the folder stopped, and give the summary.

        Raises `DatasetError` where there is no object to click, `SettingsError` where the folder holds an evaluation
        with other settings, `OutputError` where it cannot be written.
        """
        images, problems = find_targets(self.sets, self.selection)
        if not images:
            reason = f": {problems[0].reason}" if problems else "."
            raise DatasetError(f"The dataset has no object to click{reason}")
        known = self._known()
        wanted = {_key(target) for targets in images for target in targets}
        records = {record.key: record for record in known if record.key in wanted}
        with self._recording(list(records.values())) as file, _bar(len(wanted), len(records)) as bar:
            for targets in images:
                left = [target for target in targets if _key(target) not in records]
                if not left:
                    continue
                try:
                    for record in self._click_image(engine, left):
                        records[record.key] = record
                        if file is not None:
                            file.add(record)
                        bar.update()
                except (ImageError, DatasetError) as error:
                    problems.append(Problem(left[0].entry.set_name, left[0].entry.stem, str(error)))
        in_order = [records[_key(target)] for targets in images for target in targets if _key(target) in records]
        return self._finish(in_order, problems)

    def _click_image(self, engine: Engine, targets: Sequence[Target]) -> Iterator[Record]:
        entry = targets[0].entry
        sample = next(image_set for image_set in self.sets if image_set.name == entry.set_name).read(entry)
        started = perf_counter()
        engine.set_image(sample.image)
        encode = perf_counter() - started
        for target in targets:
            run = click_object(engine, sample.truth(target.number), sample.ignored, self.protocol)
            yield Record.of(target, run, encode)

    def _known(self) -> list[Record]:
        """Read what an earlier run in the folder measured; prepare the folder where there is none."""
        if self.folder is None:
            return []
        settings = json.loads(json.dumps({"engine": self._deciding(), "protocol": asdict(self.protocol)}))
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"Cannot make the folder {str(self.folder)!r}: {(error.strerror or str(error)).lower()}."
            ) from error
        path = self.folder / SETTINGS_FILE
        records = read_records(self.folder)
        if records and _read_json(path) != settings:
            raise SettingsError(
                f"The folder {str(self.folder)!r} holds the results of another model or other settings; "
                f"choose another folder, or delete its {OBJECTS_FILE}."
            )
        for name in (SETTINGS_FILE, SUMMARY_FILE, TABLE_FILE, OBJECTS_FILE):
            check_writable(self.folder / name)
        write_text(path, json.dumps(settings, indent=2) + "\n")
        return records

    def _deciding(self) -> dict[str, Any]:
        """Facts of the engine without those that change only its speed."""
        return {name: value for name, value in self.engine_facts.items() if name not in ("device", "threads")}

    @contextmanager
    def _recording(self, known: Sequence[Record]) -> Iterator[RecordFile | None]:
        if self.folder is None:
            yield None
            return
        with open_records(self.folder, self.protocol.max_clicks, known) as file:
            yield file

    def _finish(self, records: Sequence[Record], problems: Sequence[Problem]) -> dict[str, Any]:
        clicked = [record for record in records if record.run.ious]
        if not clicked:
            reason = f": {problems[0].reason}" if problems else "."
            raise DatasetError(f"No object could be clicked{reason}")
        overall = summarise(clicked, self.protocol)
        sets = {name: summarise(group, self.protocol) for name, group in by_set(clicked).items()}
        summary = {
            **overall,
            "mean_of_sets": mean_of_sets(sets),
            "sets": sets,
            "engine": dict(self.engine_facts),
            "protocol": asdict(self.protocol),
            "selection": asdict(self.selection),
            "versions": versions(),
            "problems": [asdict(problem) for problem in problems],
            "table": table(sets, overall, self.protocol.max_clicks),
        }
        if self.folder is not None:
            write_text(self.folder / TABLE_FILE, summary["table"])
            stored = {name: value for name, value in summary.items() if name != "table"}
            write_text(self.folder / SUMMARY_FILE, json.dumps(stored, indent=2, ensure_ascii=False) + "\n")
        return summary


def _key(target: Target) -> tuple[str, str, int]:
    return target.entry.set_name, target.entry.stem, target.number


def _bar(total: int, done: int) -> "tqdm[Any]":
    return tqdm(total=total, initial=done, desc="evaluate", unit="object", disable=None, file=sys.stderr)


def _read_json(path: Path) -> object:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content

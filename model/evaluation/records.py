"""A row an object, written as soon as it is measured, so that a stopped evaluation goes on where it was."""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TextIO

from ..clicks import Click
from ..data.writing import write_text
from ..errors import OutputError
from .metrics import is_reached, number_of_clicks
from .protocol import ObjectRun
from .targets import Target

OBJECTS_FILE = "objects.csv"
_COLUMNS = ("set", "stem", "object", "area", "noc@85", "noc@90", "reached@90", "encode", "clicks", "ious", "seconds")


@dataclass(frozen=True)
class Record:
    """What was measured on one object; `encode` are the seconds of its image, which objects of an image share."""

    set_name: str
    stem: str
    number: int
    area: int
    run: ObjectRun
    encode: float

    @classmethod
    def of(cls, target: Target, run: ObjectRun, encode: float) -> "Record":
        """Record the run on a target."""
        return cls(target.entry.set_name, target.entry.stem, target.number, target.area, run, encode)

    @property
    def key(self) -> tuple[str, str, int]:
        """What names the object in its dataset."""
        return self.set_name, self.stem, self.number


class RecordFile:
    """The file of the records in a folder, open for one more row at a time."""

    def __init__(self, handle: TextIO, max_clicks: int) -> None:
        self._handle = handle
        self._max_clicks = max_clicks

    def add(self, record: Record) -> None:
        """Write one row to the disk; raise `OutputError` where that fails."""
        try:
            self._handle.write(_line(record, self._max_clicks))
            self._handle.flush()
        except OSError as error:
            raise OutputError(
                f"Cannot write {self._handle.name!r}: {(error.strerror or str(error)).lower()}."
            ) from error


@contextmanager
def open_records(folder: Path, max_clicks: int, known: Iterable[Record]) -> Iterator[RecordFile]:
    """Open the file for more rows, after it was written anew with the `known` ones: no torn line stays."""
    path = folder / OBJECTS_FILE
    write_text(path, _csv_line(_COLUMNS) + "".join(_line(record, max_clicks) for record in known))
    with path.open("a", encoding="utf-8", newline="") as handle:
        yield RecordFile(handle, max_clicks)


def read_records(folder: Path) -> list[Record]:
    """Read the rows that are whole; none where there is no such file."""
    path = folder / OBJECTS_FILE
    if not path.is_file():
        return []
    # A stop can tear the last line only: what does not end with a line break is not whole.
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    records: dict[tuple[str, str, int], Record] = {}
    for row in csv.DictReader(line for line in lines if line.endswith("\n")):
        try:
            record = _read(row)
        except (ValueError, KeyError, TypeError):
            continue
        records[record.key] = record
    return list(records.values())


def _line(record: Record, max_clicks: int) -> str:
    ious = record.run.ious
    clicks = [[click.col, click.row, int(click.is_positive)] for click in record.run.clicks]
    return _csv_line(
        (
            *record.key,
            record.area,
            number_of_clicks(ious, 0.85, max_clicks),
            number_of_clicks(ious, 0.90, max_clicks),
            int(is_reached(ious, 0.90)),
            round(record.encode, 4),
            json.dumps(clicks),
            json.dumps(ious),  # in full: a rounded one could reach a target that it missed
            json.dumps([round(value, 4) for value in record.run.seconds]),
        )
    )


def _csv_line(values: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _read(row: dict[str, str]) -> Record:
    clicks = tuple(Click(y, x, is_positive=bool(sign)) for x, y, sign in json.loads(row["clicks"]))
    ious, seconds = tuple(json.loads(row["ious"])), tuple(json.loads(row["seconds"]))
    if not len(clicks) == len(ious) == len(seconds):
        raise ValueError
    run = ObjectRun(clicks, ious, seconds)
    return Record(row["set"], row["stem"], int(row["object"]), int(row["area"]), run, float(row["encode"]))

"""A row an object, written as soon as it is measured, so that a stopped evaluation goes on where it was."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

from ..clicks import Click
from ..data.annotated import Annotated
from ..data.writing import write_text
from ..errors import DatasetError, OutputError
from .manners import PROTOCOL
from .metrics import NOC_TARGETS, number_of_clicks
from .protocol import ObjectRun
from .targets import Key, Target

OBJECTS_FILE = "objects.csv"
ROBUSTNESS_FILE = "robustness.csv"

_COLUMNS = (
    *("set", "stem", "object", "manner", "area", "image", "truth", "slice", "files"),
    *(f"noc@{percent}" for percent in NOC_TARGETS),
    *("iou", "encode", "clicks", "ious", "boundary_ious", "encodes", "decodes", "undone"),
)


@dataclass(frozen=True)
class Record:
    """What was measured on one object; `encode` are the seconds of its image, which objects of an image share."""

    target: Target
    run: ObjectRun
    encode: float
    manner: str = PROTOCOL

    @property
    def key(self) -> Key:
        """What names the object in its dataset."""
        return self.target.key


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
def open_records(path: Path, max_clicks: int, known: Iterable[Record] = ()) -> Iterator[RecordFile]:
    """Open a file for more rows, after it was written anew with the `known` ones: no torn line stays."""
    write_records(path, max_clicks, known)
    with path.open("a", encoding="utf-8", newline="") as handle:
        yield RecordFile(handle, max_clicks)


def write_records(path: Path, max_clicks: int, records: Iterable[Record]) -> None:
    """Write a file of records as a whole."""
    write_text(path, _csv_line(_COLUMNS) + "".join(_line(record, max_clicks) for record in records))


def read_records(path: Path) -> list[Record]:
    """Read the rows of a file that are whole; none where there is no such file."""
    if not path.is_file():
        return []
    # A stop can tear the last line only: what does not end with a line break is not whole.
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    records: dict[tuple[Key, str], Record] = {}
    for row in csv.DictReader(line for line in lines if line.endswith("\n")):
        try:
            record = _read(row)
        except (ValueError, KeyError, TypeError):
            continue
        records[record.key, record.manner] = record
    return list(records.values())


def click_list(clicks: Sequence[Click]) -> list[list[int]]:
    """Put clicks into words: [x, y, 1 or 0] each."""
    return [[click.col, click.row, int(click.is_positive)] for click in clicks]


def _line(record: Record, max_clicks: int) -> str:
    target, run = record.target, record.run
    return _csv_line(
        (
            *(*record.key, record.manner, target.area, *_files(target.image), _slice(target.image), target.files),
            *(number_of_clicks(run.ious, percent / 100, max_clicks) for percent in NOC_TARGETS),
            *(round(run.ious[-1], 6) if run.ious else "", round(record.encode, 5)),
            json.dumps(click_list(run.clicks)),
            json.dumps(run.ious),  # in full: a rounded one could reach a target that it missed
            json.dumps(run.boundary_ious),
            json.dumps([round(value, 5) for value in run.encodes]),
            json.dumps([round(value, 5) for value in run.decodes]),
            json.dumps([int(each) for each in run.undone]),
        )
    )


def _files(image: Annotated) -> tuple[str, str]:
    """Files of the image and of its objects, the first where there are several."""
    first, second = (str(path.resolve()) for path in (*image.paths, Path(), Path())[:2])
    return (first, second) if image.paths else ("", "")


def _slice(image: Annotated) -> str:
    return "" if image.place is None else f"{image.place[0]}:{image.place[1]}"


def _unread() -> Any:  # noqa: ANN401 - it never answers
    """Refuse: a record remembers where an image was, not how it is read."""
    raise DatasetError("The image of a record is not read again; open the dataset.")


def _csv_line(values: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _read(row: dict[str, str]) -> Record:
    paths = (Path(row["image"]), Path(row["truth"])) if row["image"] else ()
    image = Annotated(row["set"], row["stem"], _unread, _unread, paths=paths)
    if row["slice"]:
        axis, index = map(int, row["slice"].split(":"))
        image = replace(image, place=(axis, index))
    run = ObjectRun(
        tuple(Click(y, x, is_positive=bool(sign)) for x, y, sign in json.loads(row["clicks"])),
        tuple(map(float, json.loads(row["ious"]))),
        tuple(map(float, json.loads(row["boundary_ious"]))),
        tuple(map(float, json.loads(row["encodes"]))),
        tuple(map(float, json.loads(row["decodes"]))),
        tuple(bool(each) for each in json.loads(row["undone"])),
    )
    parts = (run.clicks, run.ious, run.boundary_ious, run.encodes, run.decodes, run.undone)
    if len({len(part) for part in parts}) != 1:
        raise ValueError
    target = Target(image, int(row["object"]), int(row["area"]), row["files"])
    return Record(target, run, float(row["encode"]), row["manner"])

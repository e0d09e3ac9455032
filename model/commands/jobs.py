"""What there is to segment: one image from the command line, or a table of many."""

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..clicks import Click
from ..errors import SettingsError

TABLE_SUFFIXES = (".csv", ".json")
MASK_SUFFIX = ".png"
_YES, _NO = ("1", "true", "yes", "positive", "+"), ("0", "false", "no", "negative", "-")


@dataclass(frozen=True, slots=True)
class Job:
    """One mask to be made."""

    image: Path
    clicks: tuple[Click, ...]
    output: Path
    previous: Path | None = None


def is_table(path: Path) -> bool:
    """Tell whether `path` names a table of images instead of an image."""
    return path.suffix.lower() in TABLE_SUFFIXES


def read_jobs(table: Path, folder: Path) -> list[Job]:
    """Read the jobs of a table, whose masks go to `folder`; image paths are relative to the table.

    CSV: a row a click, with the columns image, x, y, positive, and perhaps object, output and previous; rows of one
    image and object belong together, and one of them says output and previous for all. JSON: a list of {"image",
    "clicks": [{"x", "y", "positive"}], ...} with the same extras. A mask is called `output`, or else after its image
    and object. Raises `SettingsError`.
    """
    text = _text(table)
    entries = _csv_entries(text, table) if table.suffix.lower() == ".csv" else _json_entries(text, table)
    jobs = [_job(entry, table, folder) for entry in entries]
    if not jobs:
        raise SettingsError(f"The table {str(table)!r} lists no image.")
    names = set()
    for job in jobs:
        if job.output.name in names:
            raise SettingsError(
                f"Two entries of {str(table)!r} would write the mask {job.output.name!r}; "
                "tell them apart with 'object' or 'output'."
            )
        names.add(job.output.name)
    return jobs


def _text(table: Path) -> str:
    try:
        return table.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {str(table)!r}.") from error
    except OSError as error:
        raise SettingsError(f"Cannot read {str(table)!r}: {(error.strerror or str(error)).lower()}.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"The table {str(table)!r} is no UTF-8 text.") from error


def _csv_entries(text: str, table: Path) -> Iterable[dict[str, Any]]:
    rows = csv.DictReader(text.splitlines())
    grouped: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    try:
        missing = [name for name in ("image", "x", "y", "positive") if name not in (rows.fieldnames or ())]
        if missing:
            raise SettingsError(f"The table {str(table)!r} has no column {missing[0]!r}.")
        for row in rows:
            entry = grouped.setdefault((row["image"], row.get("object")), {**row, "clicks": []})
            _agree(entry, row, table)
            entry["clicks"].append({name: row[name] for name in ("x", "y", "positive")})
    except csv.Error as error:
        raise SettingsError(f"{str(table)!r} is no table that can be read: {error}.") from error
    return grouped.values()


def _agree(entry: dict[str, Any], row: Mapping[str, Any], table: Path) -> None:
    """Take what a further row of an entry adds; raise `SettingsError` where it says something else than one before."""
    for name in ("output", "previous"):
        told, also = entry.get(name), row.get(name)
        if told and also and told != also:
            raise SettingsError(
                f"Rows of {row['image']!r} in {str(table)!r} name the {name} {told!r} and the {name} {also!r}; "
                "tell the objects apart with a column 'object'."
            )
        entry[name] = told or also


def _json_entries(text: str, table: Path) -> Iterable[dict[str, Any]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits is no JSONDecodeError
        raise SettingsError(f"{str(table)!r} is no valid JSON.") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SettingsError(f"{str(table)!r} must hold a list of objects with 'image' and 'clicks'.")
    return entries


def _job(entry: Mapping[str, Any], table: Path, folder: Path) -> Job:
    image = entry.get("image")
    if not isinstance(image, str) or not image:
        raise SettingsError(f"An entry of {str(table)!r} names no image.")
    clicks = entry.get("clicks")
    if not isinstance(clicks, list) or not clicks:
        raise SettingsError(f"The entry of {image!r} in {str(table)!r} has no clicks.")
    name = entry.get("output") or "-".join(str(part) for part in (Path(image).stem, entry.get("object")) if part)
    if not isinstance(name, str) or Path(name).name != name:
        raise SettingsError(f"The entry of {image!r} in {str(table)!r} needs a plain file name as output.")
    if not name.lower().endswith(MASK_SUFFIX):
        name += MASK_SUFFIX
    previous = entry.get("previous")
    return Job(
        table.parent / image,
        tuple(_click(click, image, table) for click in clicks),
        folder / name,
        table.parent / str(previous) if previous else None,
    )


def _click(click: object, image: str, table: Path) -> Click:
    try:
        if not isinstance(click, Mapping):
            raise ValueError
        row, col = (_whole(click.get(name)) for name in ("y", "x"))
        sign = str(click.get("positive")).strip().lower()
        if sign not in _YES + _NO:
            raise ValueError
    except ValueError as error:
        raise SettingsError(
            f"A click on {image!r} in {str(table)!r} is not x, y in whole pixels and positive as 1 or 0."
        ) from error
    return Click(row, col, is_positive=sign in _YES)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    return int(value)

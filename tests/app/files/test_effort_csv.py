"""The table of clicks and seconds, read back by the csv module."""

import csv
from pathlib import Path

from isegformer_app.document import Effort
from isegformer_app.document.object_edits import RenameObject
from isegformer_app.files.exports import Picture, write_effort
from tests.app.files.drawing import annotated, disk

SIZE = (40, 60)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_one_line_an_object(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [disk(SIZE, 10, 12, 6), disk(SIZE, 30, 40, 4)])
    annotation.apply(RenameObject(2, 'left, "lower" ear ä'))
    annotation.effort.put(1, Effort(4, 12.34))
    others = annotated(SIZE, [disk(SIZE, 10, 12, 6), disk(SIZE, 30, 40, 4)])
    for number in (1, 2):
        others.effort.put(number, Effort())
    folder = tmp_path / "photos"
    done = write_effort(
        tmp_path / "effort.csv", [Picture(folder / "a.jpg", annotation), Picture(folder / "b.jpg", others)]
    )
    assert done.objects == 4
    first, second, third, _ = table(tmp_path / "effort.csv")
    assert first == {
        "photo": "photos/a.jpg",
        "status": "to do",
        "object": "1",
        "name": "cat 1",
        "class": "cat",
        "clicks": "4",
        "seconds": "12.3",
        "clicks kept": "1",
        "pixels": str(disk(SIZE, 10, 12, 6).sum()),
    }
    assert (second["name"], second["class"]) == ('left, "lower" ear ä', "Hündin")
    assert (third["clicks"], third["seconds"]) == ("0", "0.0")


def test_a_name_is_never_a_formula(tmp_path: Path) -> None:
    annotation = annotated(SIZE, [disk(SIZE, 10, 12, 6)])
    annotation.apply(RenameObject(1, "=1+1"))
    write_effort(tmp_path / "effort.csv", [Picture(tmp_path / "a.jpg", annotation)])
    assert table(tmp_path / "effort.csv")[0]["name"] == "'=1+1"

"""The classes of several photos as one list: each photo has its own, and formats number them once for all."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from isegformer_app.document import LabelClass

from ..atomic import write_bytes
from .effort_csv import harmless
from .report import Export


class ClassList:
    """Classes by name, first come first served: one keeps its number unless another has taken it before."""

    def __init__(self, classes: Iterable[LabelClass] = ()) -> None:
        """Take these in their order."""
        self._by_name: dict[str, LabelClass] = {}
        for each in classes:
            self.add(each)

    def add(self, label_class: LabelClass) -> int:
        """Return the number of a class in this list, from 1."""
        known = self._by_name.get(label_class.name)
        if known is None:
            taken = {each.id for each in self._by_name.values()}
            is_free = label_class.id >= 1 and label_class.id not in taken
            number = label_class.id if is_free else max(taken, default=0) + 1
            known = self._by_name[label_class.name] = replace(label_class, id=number)
        return known.id

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        """The classes in the order of their numbers."""
        return tuple(sorted(self._by_name.values(), key=lambda each: each.id))


def write_class_table(path: Path, classes: Iterable[LabelClass]) -> Export:
    """Write which number stands for which class, and its colour, as CSV. Raises `CannotWrite`."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(("number", "class", "red", "green", "blue"))
    writer.writerows((each.id, harmless(each.name), *each.colour) for each in classes)
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    write_bytes(path, b"\xef\xbb\xbf" + stream.getvalue().encode("utf-8", "replace"))
    return Export((path,), 0)

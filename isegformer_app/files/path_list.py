"""The photos of a queue: very many paths, kept as texts."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload


class PathList(Sequence[Path]):
    """Paths, each once, in the order they came.

    Texts, for a path is an object that Python's garbage collector visits, and with 100,000 of them all threads stand
    still for a third of a second whenever it does.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        """Begin with these."""
        self._texts: list[str] = []
        self._places: dict[str, int] = {}
        self.add(paths)

    def add(self, paths: Iterable[Path]) -> None:
        """Append those that are not there yet."""
        self.add_texts(paths._texts if isinstance(paths, PathList) else map(str, paths))

    def add_texts(self, texts: Iterable[str]) -> None:
        """Append paths that were written as `str(path)` writes them."""
        for text in texts:
            place = len(self._texts)
            if self._places.setdefault(os.path.normcase(text), place) == place:
                self._texts.append(text)

    def copy(self) -> "PathList":
        """Return a list that does not change with this one."""
        copied = PathList()
        copied._texts, copied._places = self._texts.copy(), self._places.copy()
        return copied

    def without(self, others: Iterable[Path]) -> "PathList":
        """Return those that are not among `others`."""
        left_out = {os.path.normcase(path) for path in others}
        rest = PathList()
        rest.add_texts(text for text in self._texts if os.path.normcase(text) not in left_out)
        return rest

    def place(self, path: Path) -> int:
        """Where a path stands, -1 where it is not there."""
        return self._places.get(os.path.normcase(path), -1)

    def name(self, place: int) -> str:
        """The name of the file at a place."""
        return os.path.basename(self._texts[place])

    def names(self) -> Iterator[str]:
        """The names of the files, in order: much faster than making the paths."""
        return map(os.path.basename, self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, index: int) -> Path: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Path]: ...

    def __getitem__(self, index: int | slice) -> Path | Sequence[Path]:
        if isinstance(index, slice):
            return [Path(text) for text in self._texts[index]]
        return Path(self._texts[index])

    def __iter__(self) -> Iterator[Path]:
        return map(Path, self._texts)

    def __contains__(self, path: object) -> bool:
        return isinstance(path, Path) and self.place(path) >= 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PathList):
            return self._places == other._places
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

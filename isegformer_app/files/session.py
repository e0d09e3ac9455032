"""The session file: the queue of photos, by path, and the work on each, in one zip.

`session.json` holds the version, the paths and the classes; `photos/N.json` the work on the N-th path: the hash of its
file, objects, classes, clicks, status, time, and the labels as runs. Nothing else may be in the archive.
"""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from isegformer_app.document import Annotation, ClassList, Effort, LabelMap, Shape, ShapeError, State, Viewpoint
from isegformer_app.document.runs import Runs

from .atomic import write_bytes
from .document_json import (
    class_json,
    effort_json,
    read_class_list,
    read_effort,
    read_shape,
    read_state,
    state_json,
)
from .errors import CannotRead, Damaged, FileProblem, UnknownVersion, cannot_read
from .plain_json import BadContent, Json, listed, number, record, text
from .runs_json import read_runs, runs_json
from .volume_json import read_source, read_view, source_json, view_json
from .volumes import VolumeSource

SUFFIX = ".isegformer"
VERSION = 2
"""Written where there are volumes; a session of photos is still of version 1."""

_FORMAT = "isegformer session"
_HEAD = "session.json"
_LARGEST_MEMBER = 2**30
_LARGEST_SESSION = 2**33


Watch = Callable[[int, int], object]
"""Told how much is done, of how much; what it raises ends the work."""


def _unwatched(_done: int, _total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """The work on one photo, at one moment; later edits do not change it. `effort` is by the object's number."""

    content_hash: str
    state: State
    shape: Shape
    layers: tuple[Runs, ...]
    effort: Mapping[int, Effort] = field(default_factory=dict)
    view: Viewpoint | None = None
    """How a volume is looked at; None for a photo."""

    @classmethod
    def of(cls, annotation: Annotation, content_hash: str, view: Viewpoint | None = None) -> "Work":
        """Take it from an annotation."""
        runs = annotation.label_map.runs()
        kept = None if view is None else replace(view)
        return cls(content_hash, annotation.state, annotation.shape, runs, annotation.effort.efforts, kept)

    def annotation(self) -> Annotation:
        """Build the annotation again, saved and without history."""
        return Annotation.restore(self.state, LabelMap.of_runs(self.shape, self.layers), effort=self.effort)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """The queue of photos in its order, the one on the desk, the work on those that were visited, and the classes.

    `classes` is None as long as no photo was opened. `sources` tells which of the paths are volumes, and whose.
    """

    paths: Sequence[Path]
    current: Path | None
    works: Mapping[Path, Work]
    classes: ClassList | None = None
    sources: Mapping[Path, VolumeSource] = field(default_factory=dict)

    def missing(self, progress: Watch = _unwatched) -> tuple[Path, ...]:
        """Return the photos that are not where they were; `progress` may raise what ends it."""
        missing = []
        for place, path in enumerate(self.paths):
            progress(place, len(self.paths))
            source = self.sources.get(path)
            is_there = path.is_file() if source is None else source.path.exists()
            missing += [] if is_there else [path]
        return tuple(missing)


def save_session(target: Path, session: Session) -> None:
    """Write a session, atomically and read back; raises `CannotWrite` with the old file unchanged."""
    write_bytes(target, _packed(session, target.absolute().parent))


def load_session(source: Path, progress: Watch = _unwatched) -> Session:
    """Read a session. Raises `CannotRead`, `UnknownVersion` and `Damaged`, each in a sentence.

    A photo is looked for beside the session file as it was, then at its old absolute path. What `progress`
    raises ends it.
    """
    with _in_words(source):
        archive = zipfile.ZipFile(source)
    with archive:
        with _in_words(source):
            head, places = _read_head(archive, source)
        works = {}
        for count, place in enumerate(places):
            progress(count, len(places))
            with _in_words(source):
                works[head.paths[place]] = _read_work(json.loads(archive.read(_member(place))))
    return replace(head, works=works)


@contextmanager
def _in_words(source: Path) -> Iterator[None]:
    """Say in a sentence what is wrong with a session file."""
    try:
        yield
    except OSError as error:
        raise cannot_read(source, error) from error
    except FileProblem:
        raise
    except MemoryError as error:
        raise CannotRead(f"“{source.name}” does not fit into the memory of this computer.") from error
    except Exception as error:
        # Zip, JSON and numbers meet hostile bytes with many exceptions, and each means the same to the user.
        raise Damaged(
            f"“{source.name}” is damaged or no session file; open a backup of it, or start a new session."
        ) from error


def relocated(session: Session, missing: Path, found: Path, progress: Watch = _unwatched) -> Session:
    """Return the session with every missing photo looked for as `missing` was: where `found` is now.

    What the two paths share at their ends is kept; the beginning is exchanged.
    """
    source = session.sources.get(missing)
    lost = missing if source is None else source.path
    if source is not None and lost != missing and found.is_file():
        # The series of a folder was shown by one of its files.
        found = found.parent
    old, new = list(lost.parts), list(found.parts)
    while len(old) > 1 and len(new) > 1 and old[-1] == new[-1]:
        del old[-1], new[-1]
    places: dict[Path, Path] = {}
    sources = dict(session.sources)
    for path in session.missing(progress):
        of_volume = sources.pop(path, None)
        if of_volume is None:
            places[path] = found if path == missing else _moved(path, tuple(old), Path(*new))
        else:
            at = found if of_volume.path == lost else _moved(of_volume.path, tuple(old), Path(*new))
            places[path] = at if path == of_volume.path else at / path.name
            sources[places[path]] = replace(of_volume, path=at)
    paths = tuple(dict.fromkeys(places.get(path, path) for path in session.paths))
    current = None if session.current is None else places.get(session.current, session.current)
    works = {places.get(path, path): work for path, work in session.works.items()}
    return Session(paths, current, works, session.classes, sources)


def _moved(path: Path, old: tuple[str, ...], new: Path) -> Path:
    if path.parts[: len(old)] != old:
        return path
    candidate = new.joinpath(*path.parts[len(old) :])
    return candidate if candidate.exists() else path


def _packed(session: Session, folder: Path) -> bytes:
    index = {path: place for place, path in enumerate(session.paths)}
    head: Json = {
        "format": _FORMAT,
        "version": VERSION if session.sources else 1,
        "current": None if session.current is None else index.get(session.current),
        "photos": [_place_json(path, session.sources.get(path), folder) for path in session.paths],
        "works": sorted(index[path] for path in session.works if path in index),
    }
    if session.classes is not None:
        head["classes"] = [class_json(each) for each in session.classes.classes]
        head["next_class"] = session.classes.next_id
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_HEAD, json.dumps(head))
        for path, work in session.works.items():
            if path in index:
                archive.writestr(_member(index[path]), json.dumps(_work_json(work)))
    return stream.getvalue()


def _read_head(archive: zipfile.ZipFile, source: Path) -> tuple[Session, tuple[int, ...]]:
    """Read the queue without the work on it, and the places in it of the photos with work."""
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    if len(sizes) < len(archive.infolist()) or sizes.get(_HEAD, _LARGEST_MEMBER) >= _LARGEST_MEMBER:
        raise BadContent("no head")
    head = record(json.loads(archive.read(_HEAD)))
    if head.get("format") != _FORMAT:
        raise BadContent("another format")
    if number(head.get("version"), 1) > VERSION:
        raise UnknownVersion(
            f"“{source.name}” was saved by a newer version of the program (format {head['version']}); "
            "update the program to open it."
        )
    folder = source.absolute().parent
    queue = listed(head.get("photos"), lambda each: _read_place(each, folder))
    paths, sources = tuple(path for path, _ in queue), {path: source for path, source in queue if source is not None}
    works = listed(head.get("works"), lambda each: number(each, 0, len(paths) - 1))
    if sizes.keys() != {_HEAD, *map(_member, works)}:
        raise BadContent("other members than announced")
    if max(sizes.values()) > _LARGEST_MEMBER or sum(sizes.values()) > _LARGEST_SESSION:
        raise BadContent("members of an impossible size")
    current = head.get("current")
    classes = read_class_list(head["classes"], head.get("next_class")) if "classes" in head else None
    shown = None if current is None else paths[number(current, 0, len(paths) - 1)]
    return Session(paths, shown, {}, classes, sources), works


def _member(place: int) -> str:
    return f"photos/{place}.json"


def _place_json(path: Path, source: VolumeSource | None, folder: Path) -> Json:
    if source is None:
        return _path_json(path, folder)
    name = "" if source.path == path else path.name
    return {**_path_json(source.path, folder), "volume": {**source_json(source), "name": name}}


def _path_json(path: Path, folder: Path) -> Json:
    absolute = path.absolute()
    try:
        relative = Path(os.path.relpath(absolute, folder)).as_posix()
    except ValueError:
        relative = ""  # on another drive
    return {"relative": relative, "absolute": str(absolute)}


def _read_place(value: object, folder: Path) -> tuple[Path, VolumeSource | None]:
    stored = record(value)
    path = _read_path(stored, folder)
    if "volume" not in stored:
        return path, None
    name = text(record(stored["volume"]).get("name"))
    return (path / name if name else path), read_source(stored["volume"], path)


def _read_path(stored: Json, folder: Path) -> Path:
    absolute, relative = Path(text(stored.get("absolute"))), text(stored.get("relative"))
    if "\0" in str(absolute) + relative:
        raise BadContent("a path that is none")
    beside = Path(os.path.normpath(folder / PurePosixPath(relative))) if relative else absolute
    is_there = Path.exists if "volume" in stored else Path.is_file
    return absolute if not is_there(beside) and is_there(absolute) else beside


def _work_json(work: Work) -> Json:
    stored: Json = {
        "hash": work.content_hash,
        "shape": list(work.shape),
        "state": state_json(work.state),
        "layers": [runs_json(layer) for layer in work.layers],
        "effort": effort_json(work.effort),
    }
    return stored if work.view is None else stored | {"view": view_json(work.view)}


def _read_work(value: object) -> Work:
    stored = record(value)
    shape = read_shape(stored.get("shape"))
    layers = listed(stored.get("layers"), read_runs)
    try:
        LabelMap.of_runs(shape, layers)
    except ShapeError as error:
        raise BadContent(str(error)) from error
    effort = read_effort(stored.get("effort"))
    view = read_view(stored["view"]) if "view" in stored else None
    return Work(text(stored.get("hash")), read_state(stored.get("state")), shape, layers, effort, view)

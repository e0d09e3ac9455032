"""What a crashed window left behind: finding its journal and replaying it."""

import contextlib
import json
import os
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from isegformer_app.document import Annotation, ClassList, DocumentError, LabelMap, SliceKey, Viewpoint
from isegformer_app.document.annotation import Draft
from isegformer_app.document.history import DEFAULT_LIMIT

from .document_json import read_class_list, read_effort, read_shape, read_state, read_state_step
from .errors import CannotWrite, Damaged, UnknownVersion, cannot_read
from .journal import SUFFIX, VERSION
from .locking import FileLock
from .plain_json import BadContent, Json, listed, number, record, text
from .runs_json import read_patch, read_runs
from .volume_json import read_source, read_view
from .volumes import VolumeSource

_NO_LIMIT = 2**62


@dataclass(slots=True, eq=False)
class RecoveredPhoto:
    """A photo as it was when the window died, with the undo stack of its last session; it counts as unsaved."""

    path: Path
    content_hash: str
    annotation: Annotation
    source: VolumeSource | None = None
    """Where a volume comes from; None for a photo."""
    view: Viewpoint | None = None
    """How a volume was looked at; None where the journal does not say."""


@dataclass(frozen=True, slots=True, eq=False)
class Recovery:
    """What one journal holds: photos, the session file it continues (None: never saved), and the steps replayed.

    `queued` are the photos that joined the queue and where the volumes among them come from. `classes` are those of
    the queue, None where no photo tells. `is_cut_short` where the step in flight was lost.
    """

    journal: Path
    session: Path | None
    photos: tuple[RecoveredPhoto, ...]
    steps: int
    is_cut_short: bool
    classes: ClassList | None = None
    queued: Mapping[Path, VolumeSource | None] = field(default_factory=dict)

    @property
    def objects(self) -> int:
        """Count the objects, for the offer to restore them."""
        return sum(len(photo.annotation.objects) for photo in self.photos)

    def discard(self) -> None:
        """Remove the journal: its work was taken over and saved, or is not wanted."""
        for path in (self.journal, self.journal.with_suffix(".lock")):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Replayed:
    """An edit whose outcome the journal holds."""

    title: str
    object_id: int | None
    key: SliceKey | None
    content: Json

    def apply(self, draft: Draft) -> None:
        """Bring the outcome about."""
        for layer, box, labels in listed(self.content.get("patches"), read_patch):
            patch = draft.label_map.write(layer, box, labels)
            draft.patches += [] if patch is None else [patch]
        draft.state = read_state_step(self.content.get("state"), draft.state)


def left_journals(folder: Path) -> list[Path]:
    """List the journals below `folder` whose windows have died, the oldest first."""
    with contextlib.suppress(OSError):
        journals = [path for path in folder.iterdir() if path.suffix == SUFFIX]
        return sorted((path for path in journals if _is_orphan(path)), key=_age)
    return []


def replay(journal: Path, tick: Callable[[], object] = lambda: None) -> Recovery:
    """Replay a journal as far as it is whole. Raises `CannotRead`, `Damaged` and `UnknownVersion`.

    `tick` is called before each step; what it raises ends the replay.
    """
    try:
        data = journal.read_bytes()
    except OSError as error:
        raise cannot_read(journal, error) from error
    records = _records(data)
    try:
        head = next(records)
        version = number(head.get("journal"), 1)
        session = None if head.get("session") is None else Path(text(head["session"]))
    except (StopIteration, BadContent) as error:
        raise Damaged(f"The journal “{journal.name}” is damaged; nothing can be restored from it.") from error
    if version > VERSION:
        raise UnknownVersion(f"The journal “{journal.name}” is of a newer version; update the program to restore it.")
    return _replayed(journal, session, _ticking(records, tick), data.count(b"\n") - (0 if data.endswith(b"\n") else -1))


def _ticking(records: Iterator[Json], tick: Callable[[], object]) -> Iterator[Json]:
    for each in records:
        tick()
        yield each


def _replayed(journal: Path, session: Path | None, records: Iterator[Json], lines: int) -> Recovery:
    photos: dict[int, RecoveredPhoto] = {}
    queued: dict[Path, VolumeSource | None] = {}
    steps, seen, classes = 0, 1, None
    for content in records:
        try:
            if "queued" in content:
                queued |= dict(listed(content["queued"], _place))
                seen += 1
                continue
            if "photo" in content:
                latest = photos[number(content["photo"])] = _photo(content)
            else:
                latest = photos[number(content.get("on"))]
                steps += _step(latest.annotation, content)
                latest.view = read_view(content["view"]) if "view" in content else latest.view
                for object_id, effort in read_effort(content.get("effort", [])).items():
                    latest.annotation.effort.put(object_id, effort)
            classes = ClassList.of(latest.annotation.state)
        except (BadContent, DocumentError, KeyError, ValueError):
            # From here on the journal contradicts itself: what was replayed so far is sound.
            break
        seen += 1
    # A photo that was closed and opened again stands there twice: the later one knows more.
    by_path = {photo.path: photo for photo in photos.values()}
    for photo in by_path.values():
        photo.annotation.history.limit = DEFAULT_LIMIT
    return Recovery(journal, session, tuple(by_path.values()), steps, seen < lines, classes, queued)


def _records(data: bytes) -> Iterator[Json]:
    for line in data.splitlines():
        checksum, _, content = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(content):
            return
        try:
            yield record(json.loads(content))
        except (ValueError, BadContent, RecursionError):
            return


def _photo(content: Json) -> RecoveredPhoto:
    shape = read_shape(content.get("shape"))
    label_map = LabelMap.of_runs(shape, listed(content.get("layers"), read_runs))
    annotation = Annotation.restore(
        read_state(content.get("state")),
        label_map,
        history_limit=_NO_LIMIT,
        is_saved=False,
        effort=read_effort(content.get("effort", [])),
    )
    path, source = _place(content)
    return RecoveredPhoto(path, text(content.get("hash")), annotation, source)


def _place(value: object) -> tuple[Path, VolumeSource | None]:
    """Path of a photo, and of a volume where it comes from."""
    content, source = record(value), None
    if "volume" in content:
        source = read_source(content["volume"], Path(text(record(content["volume"]).get("path"))))
    return Path(text(content.get("path"))), source


def _step(annotation: Annotation, content: Json) -> int:
    """Replay a record and count the steps that it holds."""
    if "classes" in content:
        annotation.adopt(read_class_list(content["classes"], content.get("next_class")))
        return 0
    if "undo" in content or "redo" in content:
        step = annotation.undo() if "undo" in content else annotation.redo()
        if step is None:
            raise BadContent("nothing to take back")
        return 1
    stored = record(content.get("do"))
    object_id, key = stored.get("object"), stored.get("slice")
    where = None if key is None else _slice(key)
    annotation.apply(
        _Replayed(text(stored.get("title")), None if object_id is None else number(object_id), where, stored)
    )
    return 1


def _slice(value: Any) -> SliceKey:  # noqa: ANN401 - JSON may hold anything
    axis, index = listed(value, number)
    return SliceKey(axis, index)


def _is_orphan(journal: Path) -> bool:
    lock = FileLock(journal.with_suffix(".lock"))
    try:
        is_free = lock.acquire()
    except CannotWrite:
        return False
    lock.release()
    return is_free


def _age(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0

"""The journal: every step since the last save, appended as it is done, and replayed after a crash or a kill.

A line is a checksum and a JSON record. A record `photo` lays down the work on a photo as it was before its first
step; `do`, `undo` and `redo` follow it, and `classes` where those of the queue were adopted in between. A step on a
volume also says how it was looked at, where that was in another way than at the step before. A record `queued` names
photos that joined the queue. A line that was cut off in the middle ends the replay: the step in flight is lost,
nothing before it.
"""

import json
import logging
import os
import secrets
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from isegformer_app.document import Annotation, Change, ClassList, LabelMap, State, Viewpoint

from .document_json import class_json, effort_json, state_json, state_step_json
from .errors import cannot_write
from .locking import FileLock
from .plain_json import Json
from .runs_json import patch_json, runs_json
from .volume_json import source_json, view_json
from .volumes import VolumeSource

logger = logging.getLogger(__name__)

SUFFIX = ".journal"
VERSION = 1

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL | getattr(os, "O_BINARY", 0)


@dataclass(slots=True)
class _Watched:
    """A photo whose steps are written, and the undo stack that a replay will have."""

    path: Path
    content_hash: str
    annotation: Annotation
    stop: Callable[[], None]
    source: VolumeSource | None = None
    view_now: Callable[[], Viewpoint] | None = None
    view: Json | None = None
    """How it was looked at, as written last."""
    number: int = -1
    classes: ClassList | None = None
    """As the replay knows them."""
    done: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)


class Journal:
    """One window's journal, in a file of its own below `folder`, locked for as long as the window lives.

    Nothing is written before the first change. `on_problem` is told once, in a sentence, when the journal cannot be
    written: the work goes on, unprotected until the next save. Used on one thread.
    """

    def __init__(self, folder: Path, on_problem: Callable[[str], None] = logger.warning) -> None:
        """Choose a name; the file is made when it is needed."""
        self.path = folder / f"{secrets.token_hex(8)}{SUFFIX}"
        self._on_problem = on_problem
        self._lock = FileLock(self.path.with_suffix(".lock"))
        self._handle: int | None = None
        self._has_failed = False
        self._session: Path | None = None
        self._watched: dict[Path, _Watched] = {}
        self._photos = 0

    def watch(
        self,
        path: Path,
        content_hash: str,
        annotation: Annotation,
        source: VolumeSource | None = None,
        view: Callable[[], Viewpoint] | None = None,
    ) -> None:
        """Write every step of an annotation from now on; one that is watched already goes on as it is.

        `view` tells how a volume is looked at.
        """
        present = self._watched.get(path)
        if present is not None and present.annotation is annotation:
            return
        self.forget(path)
        watched = _Watched(path, content_hash, annotation, lambda: None, source, view)
        watched.stop = annotation.subscribe(lambda change: self._write_change(watched, change))
        self._watched[path] = watched

    def queue(self, photos: Mapping[Path, VolumeSource | None]) -> None:
        """Write that photos joined the queue, volumes with where they come from: nothing was done on them yet."""
        if self._has_failed or not photos:
            return
        try:
            places = [_volume(source) | {"path": str(path.absolute())} for path, source in photos.items()]
            self._append([*self._opened(), {"queued": places}])
        except OSError as error:
            self._fail(error)

    def forget(self, path: Path) -> None:
        """Write no more steps of a photo; those written stay."""
        watched = self._watched.pop(path, None)
        if watched is not None:
            watched.stop()

    def saved(self, session: Path | None = None) -> None:
        """Begin anew: all that was done so far is in the session file."""
        self._session = session
        self._end_file()
        self._has_failed = False
        for watched in self._watched.values():
            watched.number = -1

    def sync(self) -> None:
        """Wait until all is on the disk: needed only against a power cut, a kill does no harm without."""
        if self._handle is not None:
            try:
                os.fsync(self._handle)
            except OSError as error:
                self._fail(error)

    def close(self, *, keep: bool = False) -> None:
        """Stop. The journal is removed, for the window was closed in order, unless its steps are to be kept."""
        for path in list(self._watched):
            self.forget(path)
        if keep and self._handle is not None:
            os.close(self._handle)
            self._handle = None
            self._lock.release()
        else:
            self._end_file()

    def _end_file(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
            self._photos = 0
            try:
                self.path.unlink()
            except OSError as error:
                # Replaying it once more would do no harm: it leads to what was saved.
                logger.warning("the journal cannot be removed: %s", error)
            self._lock.release()

    def _write_change(self, watched: _Watched, change: Change) -> None:
        if self._has_failed:
            return
        try:
            lines = self._begin(watched, change)
            lines.append(_step_record(watched, change) | _changed_view(watched))
            self._append(lines)
        except OSError as error:
            self._fail(error)

    def _begin(self, watched: _Watched, change: Change) -> list[Json]:
        """Open the file and lay down what the photo was before its first step, where that was not done yet."""
        lines = self._opened()
        if watched.number < 0:
            watched.number, self._photos = self._photos, self._photos + 1
            watched.done, watched.undone, watched.view = [], [], None
            lines.append(_photo_record(watched, change))
        elif watched.classes != ClassList.of(change.former):
            lines.append(_classes_record(watched, change.former))
        watched.classes = ClassList.of(change.later)
        return lines

    def _opened(self) -> list[Json]:
        """Open the file where it is not open, and answer what it begins with."""
        if self._handle is not None:
            return []
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock.acquire()
        self._handle = os.open(self.path, _APPEND, 0o600)
        session = None if self._session is None else str(self._session.absolute())
        return [{"journal": VERSION, "session": session}]

    def _append(self, lines: list[Json]) -> None:
        data = b"".join(_line(line) for line in lines)
        while data and self._handle is not None:
            data = data[os.write(self._handle, data) :]

    def _fail(self, error: OSError) -> None:
        self._has_failed = True
        logger.error("the journal cannot be written", exc_info=error)
        self._on_problem(f"{cannot_write(self.path, error)} Save now: until then a crash would cost your latest work.")


def _line(content: Json) -> bytes:
    text = json.dumps(content, separators=(",", ":")).encode("ascii")
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _photo_record(watched: _Watched, change: Change) -> Json:
    """Describe the photo as it was before the change."""
    step, annotation = change.step, watched.annotation
    labels = annotation.label_map.runs()
    if step.patches:
        former = LabelMap.of_runs(annotation.shape, labels)
        for patch in reversed(step.patches):
            former.reapply(patch) if change.is_undo else former.revert(patch)
        labels = former.runs()
    return _volume(watched.source) | {
        "photo": watched.number,
        "path": str(watched.path.absolute()),
        "hash": watched.content_hash,
        "shape": list(annotation.shape),
        "state": state_json(change.former),
        "layers": [runs_json(layer) for layer in labels],
        "effort": effort_json(annotation.effort.efforts),
    }


def _volume(source: VolumeSource | None) -> Json:
    """Say where a volume comes from; nothing of a photo."""
    return {} if source is None else {"volume": {**source_json(source), "path": str(source.path.absolute())}}


def _step_record(watched: _Watched, change: Change) -> Json:
    """Describe the change so that the replay's undo stack goes the same way as the window's.

    A step that the replay cannot undo or redo, because it was done before the journal began, is written as a new one.
    """
    step, known = change.step, {each.id for each in change.former.objects}
    changed = {step.object_id} | {each.id for each in change.later.objects if each.id not in known}
    effort = {number: each for number, each in watched.annotation.effort.efforts.items() if number in changed}
    line: Json = {"on": watched.number, "effort": effort_json(effort)}
    left, right = (watched.done, watched.undone) if change.is_undo else (watched.undone, watched.done)
    if left and left[-1] == step.serial:
        right.append(left.pop())
        return line | {"undo" if change.is_undo else "redo": step.serial}
    watched.undone.clear()
    # A step that was taken back is no step that could be taken back: no serial is negative.
    watched.done.append(-step.serial if change.is_undo else step.serial)
    return line | {"do": _do_json(change)}


def _changed_view(watched: _Watched) -> Json:
    view = None if watched.view_now is None else view_json(watched.view_now())
    if view is None or view == watched.view:
        return {}
    watched.view = view
    return {"view": view}


def _classes_record(watched: _Watched, state: State) -> Json:
    """Describe the classes that the photo has got from the queue."""
    classes = [class_json(each) for each in state.classes]
    return {"on": watched.number, "classes": classes, "next_class": state.next_class_id}


def _do_json(change: Change) -> Json:
    step, is_undo = change.step, change.is_undo
    patches = tuple(reversed(step.patches)) if is_undo else step.patches
    return {
        "title": f"Undo {step.title}" if is_undo else step.title,
        "object": step.object_id,
        "slice": None if step.key is None else [step.key.axis, step.key.index],
        "state": state_step_json(change.former, change.later),
        "patches": [patch_json(patch, is_undo=is_undo) for patch in patches],
    }

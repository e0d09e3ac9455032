"""The photos and the work of another session come to the one that is open: compared, and then added.

Each photo's objects are one step of its history, so they can be taken back and stand in the journal; the photos that
are queued with them stay in the queue.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from isegformer_app.document import Annotation, ClassList, EditError, LabelClass, LabelObject, State, Status, Viewpoint
from isegformer_app.document.joining import JoinWork
from isegformer_app.document.runs import Runs
from isegformer_app.files.errors import FileProblem
from isegformer_app.files.photos import content_hash
from isegformer_app.files.session import Session
from isegformer_app.files.session import Work as StoredWork
from isegformer_app.files.volumes import VolumeSource

from .album import Album, Work
from .export_writing import counted
from .importing import Watch
from .progress import Progress
from .session_matching import settled


@dataclass(frozen=True, slots=True, eq=False)
class JoiningPhoto:
    """Work of the other session on a photo that has `objects_here` objects in the one that is open."""

    path: Path
    work: StoredWork
    objects: tuple[LabelObject, ...]
    """Those that are not here yet."""
    objects_here: int

    @property
    def is_contested(self) -> bool:
        """Whether both have objects here, and the other has some that are not here."""
        return bool(self.objects and self.objects_here)


@dataclass(frozen=True, slots=True, eq=False)
class Joining:
    """What another session has to add, its photos at the paths that they have in the one that is open.

    `skipped` are sentences on what cannot be added; `repeated` objects are here already.
    """

    session: Session
    photos: tuple[JoiningPhoto, ...]
    repeated: int
    skipped: tuple[str, ...]

    @property
    def contested(self) -> int:
        """Count the photos on which objects would come to others."""
        return sum(each.is_contested for each in self.photos)

    def without_contested(self) -> "Joining":
        """Return it without the objects that would come to others, and with a sentence on each photo of those."""
        kept = tuple(each for each in self.photos if not each.is_contested)
        left_out = (
            _left_out(each.objects, each.path, "you kept what is here.") for each in self.photos if each.is_contested
        )
        return replace(self, photos=kept, skipped=(*self.skipped, *left_out))


@dataclass(slots=True)
class Joined:
    """What was added so far; `notes` are sentences on photos that have objects of both, or could not be added."""

    objects: int = 0
    photos: int = 0
    queued: int = 0
    new_classes: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# Comparing -------------------------------------------------------------------------------------------------------


def compared(ours: Session, theirs: Session, progress: Progress) -> Joining:
    """Find out what a session that was settled has to add. For any thread; raises what `progress` raises."""
    theirs = settled(ours, theirs, progress)
    photos: list[JoiningPhoto] = []
    skipped: list[str] = []
    repeated = 0
    for count, path in enumerate(theirs.works):
        progress(count, len(theirs.works), path.name)
        stored, here = theirs.works[path], ours.works.get(path)
        problem = _mismatch(ours, theirs, path)
        if problem:
            skipped += [_left_out(stored.state.objects, path, problem)] if stored.state.objects else []
            continue
        fresh = stored.state.objects if here is None else tuple(_not_here(stored, here))
        repeated += len(stored.state.objects) - len(fresh)
        state = State() if here is None else here.state
        has_status = state.status is Status.TO_DO and stored.state.status is not Status.TO_DO
        if fresh or has_status:
            photos.append(JoiningPhoto(path, stored, fresh, len(state.objects)))
    return Joining(theirs, tuple(photos), repeated, tuple(skipped))


def _mismatch(ours: Session, theirs: Session, path: Path) -> str:
    """Say why work cannot be put upon the photo that is at its path here; empty where it can."""
    stored, here = theirs.works[path], ours.works.get(path)
    if here is not None and here.shape != stored.shape:
        return "the picture has another size here."
    digest = "" if here is None else here.content_hash
    if here is None and path in ours.paths and path not in ours.sources:
        # What cannot be looked at now is compared when it is opened.
        with suppress(FileProblem):
            digest = content_hash(path)
    is_other = digest and stored.content_hash and digest != stored.content_hash
    return "the picture of this name here is another one." if is_other else ""


def _not_here(stored: StoredWork, here: StoredWork) -> Iterator[LabelObject]:
    """Objects of the one that the other has not: with the same class and pixels, or without pixels the same clicks."""
    known = set(_identities(here).values())
    identities = _identities(stored)
    return (each for each in stored.state.objects if identities[each.id] not in known)


def _identities(work: StoredWork) -> dict[int, object]:
    """What an object is, by its number."""
    pixels = _pixels(work.layers)
    names = {each.id: each.name.casefold() for each in work.state.classes}
    return {
        each.id: (names[each.class_id], pixels.get(each.id) or frozenset(each.prompts.items()))
        for each in work.state.objects
    }


def _pixels(layers: Iterable[Runs]) -> dict[int, bytes]:
    """The runs of each number over all layers."""
    found: dict[int, bytes] = {}
    for layer in layers:
        values, starts, ends = layer.bounds()
        order = np.argsort(values, kind="stable")
        numbers, firsts = np.unique(values[order], return_index=True)
        for number, places in zip(numbers.tolist(), np.split(order, firsts[1:]), strict=True):
            if number:
                found[number] = found.get(number, b"") + starts[places].tobytes() + ends[places].tobytes()
    return found


# Adding ----------------------------------------------------------------------------------------------------------


class Keeping(Protocol):
    """Keeps what is added safe from a crash."""

    def watch_work(self, path: Path, content_hash: str, annotation: Annotation, source: VolumeSource | None) -> None:
        """Every step on a photo from now on."""

    def queue(self, photos: Mapping[Path, VolumeSource | None]) -> None:
        """That photos joined the queue."""


def join(joining: Joining, album: Album, keeping: Keeping, joined: Joined, progress: Progress) -> None:
    """Add what `compared` found, and count it in `joined`. Some photo is on the desk.

    May run away from the window's thread as long as nothing else touches the queue. Raises what `progress` raises;
    what was added before stays.
    """
    session, before = joining.session, len(album.paths)
    former = ClassList((), 1) if album.classes is None else album.classes
    album.add(session.paths)
    album.sources = {**session.sources, **album.sources}
    joined.queued = len(album.paths) - before
    keeping.queue({path: album.sources.get(path) for path in album.paths[before:]})
    others = () if session.classes is None else session.classes.classes
    for count, each in enumerate(joining.photos):
        progress(count, len(joining.photos), each.path.name)
        _add(each, others, album, keeping.watch_work, joined)
        joined.new_classes = _new_names(album, former)
    if former.joined(others)[0] != former and not joined.new_classes and album.current is not None:
        # No photo brought them: they come as a step of the one on the desk.
        _put(album.current, JoinWork((), (), others), album, keeping.watch_work)
        joined.new_classes = _new_names(album, former)


def _add(each: JoiningPhoto, others: tuple[LabelClass, ...], album: Album, watch: Watch, joined: Joined) -> None:
    stored = each.work
    if album.work(each.path) is None:
        blank = Annotation(stored.shape)
        album.adopt(each.path, Work(blank, stored.view or Viewpoint(), stored.content_hash))
    known = {one.id for one in stored.state.classes}
    classes = (*stored.state.classes, *(one for one in others if one.id not in known))
    edit = JoinWork(each.objects, stored.layers, classes, stored.effort, stored.state.status)
    try:
        _put(each.path, edit, album, watch)
    except EditError as error:
        joined.notes.append(_left_out(each.objects, each.path, str(error)))
        return
    joined.objects += len(each.objects)
    joined.photos += 1
    if each.is_contested:
        joined.notes.append(
            f"“{each.path.name}” has the objects of both: {each.objects_here} that were here, and "
            f"{len(each.objects)} more."
        )


def _put(path: Path, edit: JoinWork, album: Album, watch: Watch) -> None:
    """Do it to a photo that is worked on; raises `EditError`."""
    work = album.work(path)
    if work is None:
        return
    watch(path, work.content_hash, work.annotation, album.sources.get(path))
    work.annotation.apply(edit)
    album.share_classes(path)
    if path != album.current:
        work.annotation.label_map.pack()


def _new_names(album: Album, former: ClassList) -> list[str]:
    known = {each.id for each in former.classes}
    return [] if album.classes is None else [each.name for each in album.classes.classes if each.id not in known]


def _left_out(objects: tuple[LabelObject, ...], path: Path, reason: str) -> str:
    return f"{counted(len(objects), 'object')} on “{path.name}” left out: {reason}"

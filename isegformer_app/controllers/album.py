"""The queue of photos: which are there, which is on the desk, and the work on those that were visited."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from isegformer_app.document import Annotation, ClassList, Status, Viewpoint
from isegformer_app.files.path_list import PathList
from isegformer_app.files.volumes import VolumeSource

from .photo import Photo


@dataclass(slots=True)
class Work:
    """What is kept of a photo that is not on the desk: everything but its pixels."""

    annotation: Annotation
    viewpoint: Viewpoint
    content_hash: str


def _nothing() -> None:
    """Nothing is subscribed yet."""


class Album:
    """Photos by path, each once, in the order they were opened; the undo stack of each survives turning the page.

    All of them share one list of classes: what is done to it on one photo is done on all.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.paths = PathList()
        self.index = -1
        self.sources: dict[Path, VolumeSource] = {}
        """Where the volumes of the queue come from; photos have no entry."""
        self.problems: dict[Path, str] = {}
        """Why a photo could not be opened when it was wanted last, in a sentence."""
        self.classes: ClassList | None = None
        """Those of the queue; None as long as no photo was opened."""
        self._unsubscribe: Callable[[], None] = _nothing
        self._statuses, self._part_of_name = frozenset(Status), ""
        self._works: dict[Path, Work] = {}

    @property
    def current(self) -> Path | None:
        """Path of the photo on the desk."""
        return self.paths[self.index] if 0 <= self.index < len(self.paths) else None

    def add(self, paths: Iterable[Path]) -> None:
        """Queue photos that are not queued yet."""
        self.paths.add(paths)

    def restore(
        self,
        paths: Iterable[Path],
        works: Mapping[Path, Work],
        classes: ClassList | None = None,
        sources: Mapping[Path, VolumeSource] | None = None,
    ) -> None:
        """Take over a saved queue; what was there before is forgotten."""
        self._unsubscribe()
        self._unsubscribe = _nothing
        self.paths, self.index, self.problems = PathList(paths), -1, {}
        self._works, self.sources = dict(works), dict(sources or {})
        known = [classes] if classes is not None else [ClassList.of(work.annotation.state) for work in works.values()]
        self.classes = None
        if known:
            self._share(known[0])

    def turn_to(self, path: Path) -> None:
        """Say which photo is on the desk; it is queued if it was not."""
        self.add([path])
        self.index = self.paths.place(path)

    def lay_down(self, photo: Photo) -> None:
        """Take a photo that is laid on the desk into the queue; it begins with the queue's classes."""
        self.turn_to(photo.path)
        self.problems.pop(photo.path, None)
        if photo.image is not None:
            self.sources[photo.path] = photo.image.source
        self.keep(photo, is_leaving=False)
        annotation = photo.annotation
        if self.classes is None:
            self.classes = ClassList.of(annotation.state)
        annotation.adopt(self.classes)
        self._unsubscribe()
        self._unsubscribe = annotation.subscribe(lambda change: self._follow(annotation))

    def keep(self, photo: Photo, *, is_leaving: bool) -> None:
        """Remember the work on a photo; when it leaves the desk its labels are packed."""
        if is_leaving:
            photo.annotation.label_map.pack()
        self._works[photo.path] = Work(photo.annotation, photo.viewpoint, photo.content_hash)

    def adopt(self, path: Path, work: Work) -> None:
        """Take over work on a photo of the queue that was not done on the desk; it begins with the queue's classes."""
        if self.classes is not None:
            work.annotation.adopt(self.classes)
        self._works[path] = work

    def share_classes(self, path: Path) -> None:
        """Give all photos the classes of one that was worked on away from the desk."""
        self._follow(self._works[path].annotation)

    def work(self, path: Path) -> Work | None:
        """The work on a photo that was visited."""
        return self._works.get(path)

    def status(self, path: Path) -> Status:
        """How far a photo is: objects on a photo *to do* make it *in progress*."""
        work = self._works.get(path)
        return Status.TO_DO if work is None else _status_of(work)

    def done(self) -> int:
        """Count the photos that are done."""
        return sum(self.status(path) is Status.DONE for path in self._works)

    def place(self, path: Path) -> int:
        """Place of a photo in the queue, -1 where it is not queued."""
        return self.paths.place(path)

    def show_only(self, statuses: frozenset[Status], part_of_name: str = "") -> None:
        """Pass over the photos of another status or name from now on."""
        self._statuses, self._part_of_name = statuses, part_of_name.strip().casefold()

    def seen(self) -> list[int] | range:
        """Places of the photos that are not passed over, and of the one on the desk."""
        if self._statuses == frozenset(Status) and not self._part_of_name:
            return range(len(self.paths))
        known = self._known_statuses()
        return [
            place
            for place, name in enumerate(self.paths.names())
            if place == self.index or self._is_seen(known.get(place, Status.TO_DO), name)
        ]

    def neighbour(self, step: int, *, only_unfinished: bool = False) -> Path | None:
        """The nearest photo in a direction (1 or -1) that is not passed over, nor done; None at the end."""
        known = self._known_statuses()
        for place in range(self.index + step, len(self.paths) if step > 0 else -1, step):
            status = known.get(place, Status.TO_DO)
            if self._is_seen(status, self.paths.name(place)) and not (only_unfinished and status is Status.DONE):
                return self.paths[place]
        return None

    def photos_with_class(self, class_id: int) -> list[Path]:
        """Photos that have objects of a class."""
        return [
            path
            for path, work in self._works.items()
            if any(each.class_id == class_id for each in work.annotation.objects)
        ]

    def unsaved(self) -> list[Path]:
        """Photos whose work was changed since it was saved."""
        return [path for path, work in self._works.items() if work.annotation.is_dirty]

    def works(self) -> tuple[tuple[Path, Work], ...]:
        """The work on all photos that were visited, in no order."""
        return tuple(self._works.items())

    def mark_saved(self) -> None:
        """Everything that is known of the queue is in a file, or is not wanted."""
        for work in self._works.values():
            work.annotation.mark_saved()

    def _known_statuses(self) -> dict[int, Status]:
        """How far the photos are that were visited, by place: all others are *to do*."""
        return {self.paths.place(path): _status_of(work) for path, work in self._works.items()}

    def _is_seen(self, status: Status, name: str) -> bool:
        """Whether a photo is not passed over."""
        return status in self._statuses and self._part_of_name in name.casefold()

    def _follow(self, annotation: Annotation) -> None:
        wanted = ClassList.of(annotation.state)
        if wanted != self.classes:
            self._share(wanted)

    def _share(self, wanted: ClassList) -> None:
        """Give all photos these classes, and those that objects still have."""
        for work in self._works.values():
            wanted = ClassList.of(wanted.given_to(work.annotation.state))
        self.classes = wanted
        for work in self._works.values():
            work.annotation.adopt(wanted)


def _status_of(work: Work) -> Status:
    state = work.annotation.state
    return Status.IN_PROGRESS if state.status is Status.TO_DO and state.objects else state.status

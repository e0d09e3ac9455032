"""Work in safety: this window's journal, and what windows that died left behind."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from isegformer_app.document import Annotation, ClassList
from isegformer_app.files.errors import Damaged, FileProblem
from isegformer_app.files.journal import Journal
from isegformer_app.files.locking import FileLock
from isegformer_app.files.recovery import RecoveredPhoto, Recovery, left_journals, replay
from isegformer_app.files.volumes import VolumeSource

from .photo import Photo
from .progress import Cancelled, Progress


@dataclass(frozen=True, slots=True, eq=False)
class LeftWork:
    """Unsaved work of windows that died, all on one session (None: never saved), the oldest journal first.

    While it is held no other window offers it.
    """

    session: Path | None
    recoveries: tuple[Recovery, ...]
    claims: tuple[FileLock, ...]

    @property
    def photos(self) -> dict[Path, RecoveredPhoto]:
        """The photos, each as the newest journal has it: a window that restored one and died as well knew more."""
        return {photo.path: photo for each in self.recoveries for photo in each.photos}

    @property
    def queued(self) -> dict[Path, VolumeSource | None]:
        """Photos that joined the queue, and where the volumes among them come from."""
        return {path: source for each in self.recoveries for path, source in each.queued.items()}

    @property
    def classes(self) -> ClassList | None:
        """The classes of the queue, as the newest journal has them."""
        return next((each.classes for each in reversed(self.recoveries) if each.classes is not None), None)

    @property
    def objects(self) -> int:
        """Count the objects on the photos."""
        return sum(len(photo.annotation.objects) for photo in self.photos.values())

    def discard(self) -> None:
        """Remove it: it was saved or is not wanted."""
        for recovery in self.recoveries:
            recovery.discard()
        self.release()

    def release(self) -> None:
        """Leave it to the next start."""
        for claim in self.claims:
            claim.release()


class Safekeeping:
    """Keeps what is done on disk until it is saved, and finds what windows that died had kept."""

    def __init__(self, folder: Path, on_problem: Callable[[str], None]) -> None:
        """Journals lie in `folder`; `on_problem` is told in a sentence what cannot be kept or read, on any thread."""
        self._folder, self._on_problem = folder, on_problem
        self._journal = Journal(folder, on_problem)
        self._watched: set[Path] = set()
        self._adopted: LeftWork | None = None

    def watch(self, photo: Photo) -> None:
        """Write every step on a photo to the journal from now on."""
        self._watched.add(photo.path)
        source, view = (None, None) if photo.image is None else (photo.image.source, lambda: photo.viewpoint)
        self._journal.watch(photo.path, photo.content_hash, photo.annotation, source, view)

    def watch_work(self, path: Path, content_hash: str, annotation: Annotation, source: VolumeSource | None) -> None:
        """Write every step on a photo that is not on the desk to the journal from now on."""
        self._watched.add(path)
        self._journal.watch(path, content_hash, annotation, source)

    def queue(self, photos: Mapping[Path, VolumeSource | None]) -> None:
        """Write to the journal that photos joined the queue."""
        self._journal.queue(photos)

    def has_left_journals(self) -> bool:
        """Whether windows that died may have left something behind."""
        return bool(left_journals(self._folder))

    def left_work(self, progress: Progress) -> list[LeftWork]:
        """What windows that died left behind, the newest last; the caller adopts, discards or releases each.

        May run on any thread. Where `progress` ends it, all is left to the next start.
        """
        found: dict[Path | None, list[tuple[Recovery, FileLock]]] = {}
        journals = left_journals(self._folder)
        for count, journal in enumerate(journals):
            claim = FileLock(journal.with_suffix(".lock"))
            try:
                recovery = self._replay(journal, claim, partial(progress, count, len(journals), journal.name))
            except Cancelled:
                for other in [claim, *(claim for group in found.values() for _, claim in group)]:
                    other.release()
                raise
            if recovery is not None:
                # The newest journal of a session decides when its turn is.
                group = found.pop(recovery.session, [])
                found[recovery.session] = [*group, (recovery, claim)]
        return [
            LeftWork(session, tuple(each for each, _ in group), tuple(claim for _, claim in group))
            for session, group in found.items()
        ]

    def adopt(self, left: LeftWork) -> None:
        """Keep left work until it is saved or given up; the journal goes on where it ended."""
        self._adopted = left
        self._journal.saved(left.session)

    def begin(self, session: Path | None) -> None:
        """Another queue takes the place of the present one, whose work is saved or given up."""
        for path in self._watched:
            self._journal.forget(path)
        self._watched.clear()
        self.saved(session)

    def saved(self, session: Path | None) -> None:
        """All work that was done so far is in the session file, or is not wanted."""
        self._journal.saved(session)
        if self._adopted is not None:
            self._adopted.discard()
            self._adopted = None

    def close(self) -> None:
        """The window was closed in order: nothing is to be restored."""
        self.saved(None)
        self._journal.close()

    def break_off(self) -> None:
        """Leave to the next start what was not saved; after `close` that is nothing."""
        self._journal.close(keep=True)
        if self._adopted is not None:
            self._adopted.release()

    def _replay(self, journal: Path, claim: FileLock, tick: Callable[[], object]) -> Recovery | None:
        """Replay a journal and keep the claim on it; None, without the claim, where there is nothing to restore."""
        try:
            if not claim.acquire():
                return None
            # Another window may just have done away with it.
            recovery = replay(journal, tick) if journal.exists() else None
        except Damaged as problem:
            self._on_problem(str(problem))
            with contextlib.suppress(OSError):
                journal.rename(journal.with_suffix(".damaged"))
            recovery = None
        except FileProblem as problem:
            self._on_problem(str(problem))
            recovery = None
        if recovery is not None and (recovery.steps or recovery.queued):
            return recovery
        if recovery is not None:
            recovery.discard()
        claim.release()
        return None

"""The whole queue with its work, to a session file and back."""

from dataclasses import dataclass
from pathlib import Path

from isegformer_app.document import Annotation, Viewpoint
from isegformer_app.files.session import Session, load_session, relocated, save_session
from isegformer_app.files.session import Work as StoredWork

from .album import Album, Work
from .progress import Progress
from .safekeeping import LeftWork

__all__ = ["Session", "Snapshot", "looked_for", "read_session", "restore"]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """Everything that is known of the queue at one moment; later edits do not change it."""

    session: Session
    positions: tuple[tuple[Annotation, int], ...]

    @classmethod
    def of(cls, album: Album) -> "Snapshot":
        """Take it."""
        works = {
            path: StoredWork.of(work.annotation, work.content_hash, work.viewpoint if path in album.sources else None)
            for path, work in album.works()
        }
        positions = tuple((work.annotation, work.annotation.history.position) for _, work in album.works())
        return cls(Session(album.paths.copy(), album.current, works, album.classes, dict(album.sources)), positions)

    def write(self, target: Path) -> None:
        """Write it to a session file; raises `FileProblem` with the old file unchanged. May run on any thread."""
        save_session(target, self.session)

    def mark_saved(self) -> bool:
        """Remember it as saved; whether nothing was done since it was taken."""
        for annotation, position in self.positions:
            annotation.mark_saved(position)
        return not any(annotation.is_dirty for annotation, _ in self.positions)


def read_session(path: Path, progress: Progress) -> tuple[Session, tuple[Path, ...]]:
    """Read a session, and tell which of its photos are not where they were; raises `FileProblem`. For any thread."""
    session = load_session(path, lambda done, total: progress(done, total, path.name))
    return session, session.missing(lambda done, total: progress(done, total, path.name))


def looked_for(session: Session, missing: Path, found: Path, progress: Progress) -> Session:
    """Look for every missing photo as `missing` was found. For any thread."""
    return relocated(session, missing, found, lambda done, total: progress(done, total, found.parent.name))


def restore(
    album: Album,
    session: Session,
    left: LeftWork | None = None,
) -> Path | None:
    """Take a session's queue over and return the photo to show, None where it holds none.

    What a window left that died takes the place of what the session holds of the same, and is unsaved.
    """
    recovered, queued = ({}, {}) if left is None else (left.photos, left.queued)
    works = {
        path: Work(work.annotation(), work.view or Viewpoint(), work.content_hash)
        for path, work in session.works.items()
    }
    works |= {
        path: Work(each.annotation, each.view or Viewpoint(), each.content_hash) for path, each in recovered.items()
    }
    found = queued | {path: each.source for path, each in recovered.items()}
    sources = {**session.sources, **{path: source for path, source in found.items() if source is not None}}
    classes = None if left is None else left.classes
    others = (path for path in recovered if path not in queued)
    album.restore([*session.paths, *others, *queued], works, classes or session.classes, sources)
    if recovered and session.current not in recovered:
        return list(recovered)[-1]
    return session.current or next(iter(album.paths), None)

"""The whole queue with its work, to a session file and back."""

from collections.abc import Mapping
from pathlib import Path

from isegformer_app.document import ClassList, Viewpoint
from isegformer_app.files.recovery import RecoveredPhoto
from isegformer_app.files.session import Session, load_session, relocated, save_session
from isegformer_app.files.session import Work as StoredWork

from .album import Album, Work

__all__ = ["Session", "load_session", "relocated", "restore", "save"]


def save(album: Album, target: Path) -> None:
    """Write everything that is known of the queue and mark it as saved; raises `FileProblem` and changes nothing."""
    works = {path: StoredWork.of(work.annotation, work.content_hash) for path, work in album.works()}
    save_session(target, Session(tuple(album.paths), album.current, works, album.classes))
    album.mark_saved()


def restore(
    album: Album,
    session: Session,
    recovered: Mapping[Path, RecoveredPhoto] | None = None,
    classes: ClassList | None = None,
) -> Path | None:
    """Take a session's queue over and return the photo to show, None where it holds none.

    What was recovered, photos and `classes`, takes the place of what the session holds of the same, and is unsaved.
    """
    recovered = recovered or {}
    works = {path: Work(work.annotation(), Viewpoint(), work.content_hash) for path, work in session.works.items()}
    works |= {path: Work(each.annotation, Viewpoint(), each.content_hash) for path, each in recovered.items()}
    album.restore([*session.paths, *recovered], works, classes or session.classes)
    if recovered and session.current not in recovered:
        return list(recovered)[-1]
    return session.current or next(iter(session.paths), None)

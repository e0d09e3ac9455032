"""Another session read for the one that is open: which of its photos are which of ours."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from isegformer_app.files.errors import CannotWrite, FileProblem
from isegformer_app.files.locking import FileLock
from isegformer_app.files.photos import content_hash
from isegformer_app.files.session import Session, load_session

from .progress import Progress

_Content = tuple[str, str, str]
"""What tells pictures apart: the hash of the files, and of volumes which one of those in the files it is."""


def read_other(ours: Session, source: Path, progress: Progress) -> tuple[Session, tuple[Path, ...]]:
    """Read another session, and tell which of its photos are neither here nor where they were. For any thread.

    Raises `FileProblem`, and what `progress` raises.
    """
    read = load_session(source, lambda done, total: progress(done, total, source.name))
    session = settled(ours, read, progress)
    known = set(ours.paths)
    missing = session.missing(lambda done, total: progress(done, total, source.name))
    return session, tuple(path for path in missing if path not in known)


def is_open_elsewhere(session: Path) -> bool:
    """Whether another window has the session open, and perhaps work that is not saved."""
    lock = FileLock.for_session(session)
    try:
        is_free = lock.acquire()
    except CannotWrite:
        return False
    lock.release()
    return not is_free


def settled(ours: Session, theirs: Session, progress: Progress) -> Session:
    """Return the other session with the paths of ours for the pictures that both hold. For any thread.

    Without a path in common, pictures are the same whose content is; of pictures that nobody worked on only those of
    the same name and size are compared.
    """
    known = set(ours.paths)
    taken = known & set(theirs.paths)
    named: dict[str, list[Path]] = {}
    for path in ours.paths:
        named.setdefault(path.name.casefold(), []).append(path)
    by_content = _by_content(ours)
    places: dict[Path, Path] = {}
    for count, path in enumerate(theirs.paths):
        progress(count, len(theirs.paths), path.name)
        if path not in known:
            found = _same_picture(ours, theirs, path, named.get(path.name.casefold(), ()), by_content)
            if found is not None and found not in taken:
                taken.add(found)
                places[path] = found
    return _moved(theirs, places)


def _moved(session: Session, places: Mapping[Path, Path]) -> Session:
    """Put photos at other paths; they have the sources of those."""
    return Session(
        tuple(places.get(path, path) for path in session.paths),
        None if session.current is None else places.get(session.current, session.current),
        {places.get(path, path): work for path, work in session.works.items()},
        session.classes,
        {path: source for path, source in session.sources.items() if path not in places},
    )


def _by_content(session: Session) -> dict[_Content, Path | None]:
    """The photos by what is known of their content; None where several have the same."""
    found: dict[_Content, Path | None] = {}
    for path in session.paths:
        content = _content(session, path)
        if content is not None:
            found[content] = None if content in found else path
    return found


def _content(session: Session, path: Path) -> _Content | None:
    """What a session knows of the content of a photo."""
    work, source = session.works.get(path), session.sources.get(path)
    digest = work.content_hash if work is not None else "" if source is None else source.content_hash
    if not digest:
        return None
    return (digest, "", "") if source is None else (digest, source.series, source.part)


def _same_picture(
    ours: Session,
    theirs: Session,
    path: Path,
    named: Iterable[Path],
    by_content: Mapping[_Content, Path | None],
) -> Path | None:
    content = _content(theirs, path)
    found = None if content is None else by_content.get(content)
    if found is not None or path in theirs.sources:
        return found
    for candidate in named:
        if candidate not in ours.sources and _are_same(path, content, candidate, _content(ours, candidate)):
            return candidate
    return None


def _are_same(path: Path, content: _Content | None, candidate: Path, other: _Content | None) -> bool:
    """Whether two photos of one name hold the same; what cannot be read is not the same as anything."""
    try:
        if content is None and path.stat().st_size != candidate.stat().st_size:
            return False
        mine = content_hash(path) if content is None else content[0]
        return mine == (content_hash(candidate) if other is None else other[0])
    except (OSError, FileProblem):
        return False

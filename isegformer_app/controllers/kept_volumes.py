"""The volumes of a saved session, opened without the window: for the headless commands."""

from pathlib import Path

from isegformer_app.document import Viewpoint
from isegformer_app.files.errors import CannotRead
from isegformer_app.files.session import load_session
from isegformer_app.files.volumes.image import unwatched

from .album import Work
from .opening import open_volume, take_up
from .photo import Photo


def open_kept_volume(session: Path, place: int) -> Photo:
    """Open the volume at a place in the queue of a session as the window would, with the work on it.

    Raises `FileProblem`.
    """
    kept = load_session(session)
    path = kept.paths[place] if place < len(kept.paths) else None
    if path is None or path not in kept.sources or path not in kept.works:
        raise CannotRead(f"“{session.name}” has no annotated volume at place {place + 1}; it was saved anew meanwhile.")
    # It was allowed when it was annotated.
    photo = open_volume(path, kept.sources[path], unwatched, lambda _first: None, allow_large=True)
    stored = kept.works[path]
    take_up(photo, Work(stored.annotation(), stored.view or Viewpoint(), stored.content_hash))
    return photo

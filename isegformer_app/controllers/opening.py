"""From a path to a photo on the desk."""

from collections.abc import Iterable
from pathlib import Path

from isegformer_app.document import PHOTO, Annotation, LabelClass, Viewpoint
from isegformer_app.files.errors import CannotRead
from isegformer_app.files.photos import read_photo

from .album import Work
from .photo import Photo


def open_photo(path: Path, classes: Iterable[LabelClass] | None = None, *, allow_large: bool = False) -> Photo:
    """Read a photo and lay an empty annotation with these classes over it; raises what `read_photo` raises.

    May run on any thread.
    """
    read = read_photo(path, allow_large=allow_large)
    annotation = Annotation(read.volume.shape, classes)
    photo = Photo(path, read.volume, annotation, Viewpoint(window=read.window), read.notes, read.content_hash)
    # What the screen and the network need takes a while, too, where the file holds more than 8 bit.
    photo.rgb(PHOTO)
    return photo


def take_up(photo: Photo, work: Work) -> None:
    """Go on with earlier work on the photo; raises `CannotRead` where its size has changed since."""
    if work.annotation.shape != photo.annotation.shape:
        raise CannotRead(
            f"“{photo.path.name}” has another size than when it was annotated; put the old picture back to go on."
        )
    if work.content_hash != photo.content_hash:
        photo.notes += ("The file was changed since it was annotated: check the masks.",)
    if work.viewpoint.window is None:
        # A session does not say how it was looked at.
        work.viewpoint.window = photo.viewpoint.window
    photo.annotation, photo.viewpoint = work.annotation, work.viewpoint

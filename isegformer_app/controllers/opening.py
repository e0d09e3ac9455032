"""From a path to a photo or a volume on the desk."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from isegformer_app.document import PHOTO, Annotation, LabelClass, SliceKey, Viewpoint
from isegformer_app.document.normalisation import Normalisation
from isegformer_app.files.errors import CannotRead
from isegformer_app.files.photos import read_photo
from isegformer_app.files.volumes import (
    FirstSlice,
    ShowFirst,
    VolumeChoice,
    VolumeImage,
    VolumeSource,
    Watch,
    find_again,
    read_volume,
)

from .album import Work
from .photo import Photo

__all__ = ["FirstSlice", "VolumeChoice", "VolumeSource", "open_photo", "open_volume", "take_up", "volume_path"]

_LONGEST_TITLE = 80


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


def volume_path(choice: VolumeChoice) -> Path:
    """Name a volume in the queue: the path of its file, or one below it where that holds several volumes."""
    source = choice.source
    if not source.series and not source.part:
        return source.path
    mark = hashlib.sha256(f"{source.series}|{source.part}".encode()).hexdigest()[:6]
    title = "".join(each if each.isprintable() and each not in "/\\\\:" else "_" for each in choice.title)
    return source.path / f"{title[:_LONGEST_TITLE].strip() or 'volume'} ({mark})"


def open_volume(
    path: Path,
    found: VolumeChoice | VolumeSource,
    watch: Watch,
    show_first: ShowFirst,
    *,
    allow_large: bool = False,
) -> Photo:
    """Read a volume and lay an empty annotation over it; raises what `find_again` and `read_volume` raise.

    May run on any thread; `show_first` is called on it.
    """
    choice = find_again(found, watch) if isinstance(found, VolumeSource) else found
    image = read_volume(choice, watch, show_first, allow_large=allow_large)
    notes = tuple(dict.fromkeys((*choice.notes, *image.notes)))
    photo = Photo(path, image.volume, Annotation(image.volume.shape), _first_view(image), notes)
    photo.image, photo.content_hash = image, image.source.content_hash
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
        # Not every session says how it was looked at.
        work.viewpoint.window = photo.viewpoint.window
    if photo.image is not None:
        _fill_in(work.viewpoint, photo)
    photo.annotation, photo.viewpoint = work.annotation, work.viewpoint


def _first_view(image: VolumeImage) -> Viewpoint:
    shape, axis = image.volume.shape, image.native_axis
    middle = shape[0] // 2, shape[1] // 2, shape[2] // 2
    view = Viewpoint(key=SliceKey(axis, middle[axis]), cursor=middle)
    if not image.volume.is_colour:
        first = image.windows[0]
        view.window, view.normalisation = (first.low, first.high), Normalisation(first.name, first.low, first.high)
    return view


def _fill_in(view: Viewpoint, photo: Photo) -> None:
    """Complete a viewpoint that a session kept with what it leaves open."""
    fresh, shape = photo.viewpoint, photo.volume.shape
    view.normalisation = view.normalisation or fresh.normalisation
    is_untold = view.key == PHOTO and view.cursor == (0, 0, 0)
    if is_untold or not all(0 <= place < length for place, length in zip(view.cursor, shape, strict=True)):
        view.cursor, view.key = fresh.cursor, fresh.key
    time, view.time = view.time, 0
    photo.viewpoint = view
    photo.turn_time(time)

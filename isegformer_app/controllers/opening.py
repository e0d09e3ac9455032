"""From a path to a photo on the desk."""

from collections.abc import Iterable
from pathlib import Path

from isegformer_app.document import Annotation, LabelClass, Viewpoint
from isegformer_app.files.photos import read_photo

from .photo import Photo


def open_photo(path: Path, classes: Iterable[LabelClass] | None = None, *, allow_large: bool = False) -> Photo:
    """Read a photo and lay an empty annotation with these classes over it; raises what `read_photo` raises."""
    read = read_photo(path, allow_large=allow_large)
    annotation = Annotation(read.volume.shape, classes)
    return Photo(path, read.volume, annotation, Viewpoint(window=read.window), read.notes, read.content_hash)

"""Exports of the photo on the desk, and what to tell the annotator afterwards."""

from pathlib import Path

from .photo import Photo
from .segmenting import SegmentingController


def export_indexed_png(photo: Photo, path: Path) -> str:
    """Write the label map and return a report in words; raises `FileProblem`."""
    # Only now: the codecs take time to import and nobody needs them to see the window.
    from isegformer_app.files.exports import write_indexed_png

    done = write_indexed_png(path, photo.annotation)
    return _report(path, done.objects, done.skipped)


def export_coco(photo: Photo, path: Path) -> str:
    """Write the objects as COCO JSON and return a report in words; raises `FileProblem`."""
    from isegformer_app.files.exports import write_coco

    done = write_coco(path, photo.annotation, photo.path)
    return _report(path, done.objects, done.skipped)


def is_ready_to_export(segmenting: SegmentingController) -> bool:
    """Finish what is open, for what is seen is what is exported; False while its mask is still under way."""
    if segmenting.prompt.is_open and (segmenting.preview is None or not segmenting.preview.is_empty):
        return segmenting.finish()
    return not segmenting.is_finishing


def _report(path: Path, objects: int, skipped: tuple[str, ...]) -> str:
    written = f"{objects} object{'' if objects == 1 else 's'} written to “{path.name}” and read back."
    return " ".join([written, *skipped])

"""Writing what was planned, all of it or nothing, away from the window's thread; and the report on it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from isegformer_app.files.atomic import make_folder, together

from .export_plan import OF_VOLUMES, Format, PlannedPhoto
from .exporting import Plan
from .progress import Progress
from .volume_exporting import write_slice_images, write_volume

if TYPE_CHECKING:
    from isegformer_app.files.exports import Export, Picture


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was written and read back, and sentences on what is not in the files, and why."""

    headline: str
    folder: Path
    files: tuple[Path, ...]
    skipped: tuple[str, ...]


def write_plan(plan: Plan, progress: Progress) -> ExportReport:
    """Write a plan; every file is read back before the first is put in place.

    Raises `FileProblem`, and what `progress` raises; nothing was changed then.
    """
    writers: Mapping[Format, Callable[[Plan, Progress], Export]] = {
        Format.COCO: _write_coco,
        Format.PNG: _write_png,
        Format.OBJECTS: _write_objects,
        Format.YOLO: _write_yolo,
        Format.VOC: _write_voc,
        Format.LABELME: _write_labelme,
        Format.EFFORT: _write_effort,
    }
    with together():
        writer = _write_volumes if plan.choice.format in OF_VOLUMES else writers[plan.choice.format]
        done = writer(plan, progress)
        slices = [photo.source for photo in plan.photos if photo.source.key is not None]
        if slices:
            done = done.joined(write_slice_images(slices, progress))
    return ExportReport(
        f"{counted(len(done.paths), 'file')} with {counted(done.objects, 'object')} of {sources_of(plan)} "
        "written and read back.",
        plan.choice.folder,
        done.paths,
        (*plan.notes, *done.skipped, *left_out_words(plan)),
    )


def counted(count: int, noun: str) -> str:
    """Put a number before a noun: "1 object", "2 objects"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sources_of(plan: Plan) -> str:
    """Count what the objects are of: "2 photos", "1 photo and 20 slices"."""
    counts = Counter(photo.source.noun for photo in plan.photos)
    return " and ".join(counted(count, noun) for noun, count in counts.items())


def left_out_words(plan: Plan, names_shown: int = 20) -> tuple[str, ...]:
    """Say what is left out and why, a line a reason."""
    lines = []
    for reason, paths in plan.left_out.items():
        names = ", ".join(path.name for path in paths[:names_shown])
        more = f" and {len(paths) - names_shown:,} more" if len(paths) > names_shown else ""
        lines.append(f"{len(paths):,} left out ({reason}): {names}{more}")
    return tuple(lines)


class _Steps:
    """Counts what was done so far."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._done, self._total, self._progress = 0, total, progress
        self.name = ""

    def __call__(self) -> None:
        self._progress(self._done, self._total, self.name)
        self._done += 1


def _pictures(plan: Plan, begin: Callable[[str], None]) -> "Iterator[tuple[PlannedPhoto, Picture]]":
    """Unpack one photo after the other; `begin` is told its name before."""
    from isegformer_app.files.exports import Picture

    for photo in plan.photos:
        begin(photo.source.path.name)
        yield photo, Picture(photo.source.path, photo.source.work.annotation())


def _each(
    plan: Plan, progress: Progress, write: "Callable[[PlannedPhoto, Picture], Export]", *shared: "Export"
) -> "Export":
    """Write photo by photo, and join what was written."""
    from isegformer_app.files.exports import Export

    steps, done = _Steps(len(plan.photos), progress), Export((), 0)

    def begin(name: str) -> None:
        steps.name = name
        steps()

    for photo, picture in _pictures(plan, begin):
        done = done.joined(write(photo, picture))
    for each in shared:
        done = done.joined(each)
    return done


def _write_volumes(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import Export, write_class_table

    done, classes = Export((), 0), plan.classes
    for photo in plan.photos:
        write = write_volume(plan.choice, photo.source, photo.stem, photo.files, classes)
        done = done.joined(write(progress))
    if plan.choice.format is Format.NIFTI and plan.choice.by_class:
        done = done.joined(write_class_table(plan.files[-1], classes))
    return done


def _write_coco(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_coco_photos

    # Each mask is encoded, and later decoded to be compared.
    steps = _Steps(2 * plan.objects, progress)

    def begin(name: str) -> None:
        steps.name = name

    pictures = (picture for _, picture in _pictures(plan, begin))
    return write_coco_photos(plan.files[-1], pictures, plan.choice.tolerance, steps)


def _write_png(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_class_png, write_class_table, write_indexed_png

    if not plan.choice.by_class:
        return _each(plan, progress, lambda photo, picture: write_indexed_png(photo.files[0], picture.annotation))
    classes = plan.classes
    return _each(
        plan,
        progress,
        lambda photo, picture: write_class_png(photo.files[0], picture.annotation, classes),
        write_class_table(plan.files[-1], classes),
    )


def _write_objects(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import Export, write_object_pngs

    steps, done = _Steps(plan.objects, progress), Export((), 0)

    def begin(name: str) -> None:
        steps.name = name

    for photo, picture in _pictures(plan, begin):
        written = write_object_pngs(plan.choice.folder, picture.annotation, picture.path, photo.stem, steps)
        done = done.joined(written)
    return done


def _write_yolo(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_yolo, write_yolo_classes
    from isegformer_app.files.exports.report import relative_path

    classes, folder = plan.classes, plan.choice.folder
    make_folder(folder / "labels")
    folders = {photo.source.path.parent for photo in plan.photos}
    images = relative_path(folders.pop(), folder) if len(folders) == 1 else "images"
    return _each(
        plan,
        progress,
        lambda photo, picture: write_yolo(photo.files[0], picture.annotation, picture.path, classes),
        write_yolo_classes(plan.files[-1], classes, images),
    )


def _write_voc(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_voc, write_voc_classes

    classes, folder = plan.classes, plan.choice.folder
    return _each(
        plan,
        progress,
        lambda photo, picture: write_voc(folder, picture.annotation, picture.path, photo.stem, classes),
        write_voc_classes(plan.files[-1], classes),
    )


def _write_labelme(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_labelme

    return _each(plan, progress, lambda photo, picture: write_labelme(photo.files[0], picture.annotation, picture.path))


def _write_effort(plan: Plan, progress: Progress) -> "Export":
    from isegformer_app.files.exports import write_effort

    steps = _Steps(len(plan.photos), progress)

    def begin(name: str) -> None:
        steps.name = name
        steps()

    return write_effort(plan.files[-1], (picture for _, picture in _pictures(plan, begin)))

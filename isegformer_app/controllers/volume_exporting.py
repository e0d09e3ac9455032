"""Exports that concern volumes: what can hold them, what their files are called, and how they are written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from isegformer_app.document import LabelClass, ShapeError
from isegformer_app.files.atomic import make_folder
from isegformer_app.files.errors import CannotWrite
from isegformer_app.files.volumes import FileKind, VolumeChoice, VolumeSource, find_again, grid_of, read_volume

from .export_plan import EVEN_ONLY, Choice, Format, Source
from .progress import Progress

if TYPE_CHECKING:
    from isegformer_app.files.exports import Export
    from isegformer_app.files.exports.labelled_volume import LabelledVolume

_ENDINGS = {Format.DICOM_SEG: "-seg.dcm", Format.SEG_NRRD: ".seg.nrrd"}


def why_not(kind: Format, source: Source) -> str:
    """Say why a format of volumes does not hold a photo or volume; empty where it does."""
    if source.volume is None:
        return "photos, which only the formats of pictures hold"
    if kind is Format.DICOM_SEG and source.volume.kind is not FileKind.DICOM:
        return "no DICOM series, to which a DICOM-SEG could belong"
    return ""


def volume_files(choice: Choice, source: Source, stem: str) -> tuple[Path, ...]:
    """The files that a volume is written to."""
    # Only now: the codecs take time to import and nobody needs them to see the window.
    from isegformer_app.files.exports.surfaces import surface_names

    if choice.format in {Format.STL, Format.OBJ}:
        names = surface_names(stem, source.filled, f".{choice.format.value}")
        return tuple(choice.folder / name for name in names)
    if choice.format is Format.NIFTI:
        return (choice.folder / f"{stem}-{'classes' if choice.by_class else 'labels'}.nii.gz",)
    return (choice.folder / f"{stem}{_ENDINGS[choice.format]}",)


def write_volume(
    choice: Choice, source: Source, stem: str, files: tuple[Path, ...], classes: tuple[LabelClass, ...]
) -> "Callable[[Progress], Export]":
    """What writes one volume in a format of volumes; it raises `FileProblem`, and what its `Progress` raises."""

    def write(progress: Progress) -> "Export":
        from isegformer_app.files.exports.dicom_seg import write_dicom_seg
        from isegformer_app.files.exports.nifti_labels import write_nifti_labels
        from isegformer_app.files.exports.seg_nrrd import write_seg_nrrd
        from isegformer_app.files.exports.surfaces import write_surfaces

        def watch() -> None:
            progress(0, 0, source.path.name)

        volume = _labelled(source, progress)
        notes: tuple[str, ...] = ()
        if choice.evenly and choice.format in EVEN_ONLY and not volume.grid.is_even:
            volume = volume.evened()
            notes = (
                f"The slices of “{source.path.name}” lie at uneven distances: the file holds {volume.grid.shape[0]} at "
                "even ones, each with the labels of the slice nearest to it.",
            )
        writers: Mapping[Format, Callable[[], Export]] = {
            Format.NIFTI: lambda: write_nifti_labels(files[0], volume, classes if choice.by_class else None),
            Format.DICOM_SEG: lambda: write_dicom_seg(files[0], volume, strip=choice.strip, watch=watch),
            Format.SEG_NRRD: lambda: write_seg_nrrd(files[0], volume, watch),
            Format.STL: lambda: write_surfaces(choice.folder, volume, stem, ".stl", watch),
            Format.OBJ: lambda: write_surfaces(choice.folder, volume, stem, ".obj", watch),
        }
        written = writers[choice.format]()
        return replace(written, skipped=(*notes, *written.skipped))

    return write


def write_slice_images(slices: Iterable[Source], progress: Progress) -> "Export":
    """Write the pictures of slices, 8-bit through the window and at the time point that the screen shows."""
    from isegformer_app.files.exports import Export
    from isegformer_app.files.exports.indexed_png import save_png

    by_volume: dict[VolumeSource, list[Source]] = {}
    for each in slices:
        if each.volume is not None and each.key is not None:
            by_volume.setdefault(each.volume, []).append(each)
    paths: list[Path] = []
    for source, wanted in by_volume.items():
        # It was allowed when it was opened, and what is mapped takes no memory.
        image = read_volume(_choice(source, progress), progress, allow_large=True)
        view = wanted[0].work.view
        window = (image.windows[0].low, image.windows[0].high) if view is None or view.window is None else view.window
        volume = image.volumes[0 if view is None else min(view.time, len(image.volumes) - 1)]
        make_folder(wanted[0].path.parent)
        for number, each in enumerate(wanted):
            progress(number, len(wanted), each.path.name)
            if each.key is not None:
                grey = None if volume.is_colour else volume.as_grey(each.key, window, image.curve(window))
                save_png(each.path, volume.as_rgb(each.key) if grey is None else grey)
                paths.append(each.path)
    return Export(tuple(paths), 0)


def _choice(source: VolumeSource, progress: Progress) -> VolumeChoice:
    return find_again(source, progress)


def _labelled(source: Source, progress: Progress) -> "LabelledVolume":
    from isegformer_app.files.exports.labelled_volume import LabelledVolume

    if source.volume is None:
        raise CannotWrite(f"“{source.path.name}” is a photo, which this format cannot hold.")
    choice = _choice(source.volume, progress)
    try:
        return LabelledVolume(source.path, grid_of(choice), choice.spacing, source.work.annotation())
    except ShapeError as error:
        raise CannotWrite(str(error)) from error

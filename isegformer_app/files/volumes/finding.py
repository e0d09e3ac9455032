"""Finding volumes: what a file, a folder or a folder tree holds, before any voxel is read."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ..errors import CannotRead, FileProblem, NotAnImage, cannot_read
from . import dicom, itk, nifti
from .dicom_frames import looks_like_dicom, open_dataset
from .image import FileKind, Finding, VolumeChoice, VolumeSource, Watch, unwatched

_ENDINGS = {
    ".nii": FileKind.NIFTI,
    ".nii.gz": FileKind.NIFTI,
    ".hdr": FileKind.NIFTI,
    ".hdr.gz": FileKind.NIFTI,
    ".img": FileKind.NIFTI,
    ".img.gz": FileKind.NIFTI,
    ".nrrd": FileKind.NRRD,
    ".nhdr": FileKind.NRRD,
    ".mha": FileKind.META,
    ".mhd": FileKind.META,
}
_FINDERS = {FileKind.NIFTI: nifti.find, FileKind.NRRD: itk.find, FileKind.META: itk.find}
_DIRECTORY = "DICOMDIR"
_NAMES_SHOWN = 5


def kind_of(path: Path) -> FileKind | None:
    """The kind of volume that a file holds, by its name or its first bytes; None where it holds none.

    Raises `OSError`.
    """
    name = path.name.lower()
    # The longest ending that fits: “.nii.gz”, and not only “.gz”.
    found = next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)
    return found or (FileKind.DICOM if looks_like_dicom(path) else None)


def is_volume_file(path: Path) -> bool:
    """Whether a file is to be looked for volumes in, rather than opened as a photo."""
    try:
        return path.is_file() and kind_of(path) is not None
    except OSError:
        return False


def warm_up() -> None:
    """Load what reads DICOM, which takes a moment, while nobody waits for it yet. May run on any thread."""
    import pydicom  # noqa: F401


def find_volumes(paths: Sequence[Path], watch: Watch = unwatched) -> Finding:
    """Find the volumes in files and folders, and the folders below them. May run on any thread.

    Raises `CannotRead` where one of `paths` is not there, and what `watch` raises.
    """
    choices: list[VolumeChoice] = []
    refused: list[str] = []
    images: list[Path] = []
    named = {path for path in paths if path.is_file()}
    files = list(dict.fromkeys(_files(paths, refused)))
    for place, path in enumerate(files):
        watch(place, 2 * len(files), path.name)
        try:
            kind = kind_of(path)
            if kind is FileKind.DICOM:
                images += [path] if path.name.upper() != _DIRECTORY else []
            elif kind is not None and not _is_second_half(path, files):
                choices.append(_FINDERS[kind](path))
            elif kind is None and path in named:
                refused.append(f"“{path.name}” is no volume that can be read here; save it as NIfTI or DICOM.")
        except FileProblem as problem:
            refused.append(str(problem))
        except OSError as error:
            refused.append(str(cannot_read(path, error)))
    series, problems = dicom.find(images, lambda done, _, name: watch(len(files) + done, 2 * len(files), name))
    return Finding((*choices, *series), (*refused, *problems))


def find_again(source: VolumeSource, watch: Watch = unwatched) -> VolumeChoice:
    """Find the volume that a session names; raises `CannotRead` where it is not there any more, and as `watch`."""
    finding = find_volumes([source.path], watch)
    for choice in finding.choices:
        if (choice.source.series, choice.source.part) == (source.series, source.part):
            return choice
    if finding.refused:
        raise CannotRead(finding.refused[0])
    raise CannotRead(f"The volume that was annotated is not in “{source.path}” any more; put it back to go on.")


def _is_second_half(path: Path, files: list[Path]) -> bool:
    """Whether the header that belongs to a file of voxels is in the list as well."""
    name = path.name.lower()
    stem = name.removesuffix(".gz").removesuffix(".img")
    return name.removesuffix(".gz").endswith(".img") and any(
        each.parent == path.parent and each.name.lower() in {f"{stem}.hdr", f"{stem}.hdr.gz"} for each in files
    )


def _files(paths: Iterable[Path], refused: list[str]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and not each.name.startswith("."))
        elif path.is_file():
            yield from _of_directory(path, refused) if _is_directory(path) else [path]
        else:
            raise CannotRead(
                f"“{path}” is not there (any more); check that the folder exists and its drive is connected."
            )


def _is_directory(path: Path) -> bool:
    return path.name.upper().startswith(_DIRECTORY)


def _of_directory(path: Path, refused: list[str]) -> Iterator[Path]:
    """The files that a DICOMDIR lists, as far as they are there."""
    try:
        records = open_dataset(path, with_pixels=True).get("DirectoryRecordSequence")
        if records is None:
            raise NotAnImage(f"“{path.name}” is no DICOM directory; open its folder instead.")
        names = [record.get("ReferencedFileID") for record in records]
    except FileProblem as problem:
        refused.append(str(problem))
        return
    missing = []
    for name in names:
        if name is None:
            continue
        # What leads out of the folder is not followed.
        parts = [name] if isinstance(name, str) else [str(part) for part in name]
        listed = path.parent.joinpath(*parts)
        if ".." not in parts and listed.is_relative_to(path.parent) and listed.is_file():
            yield listed
        else:
            missing.append("/".join(parts))
    if missing:
        shown = ", ".join(missing[:_NAMES_SHOWN])
        more = f" and {len(missing) - _NAMES_SHOWN} more" if len(missing) > _NAMES_SHOWN else ""
        refused.append(f"“{path.name}” lists files that are not there ({shown}{more}); copy them beside it.")
    if not any(names):
        refused.append(f"“{path.name}” lists no files; open its folder instead.")

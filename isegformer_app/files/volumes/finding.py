"""Finding volumes: what a file, a folder or a folder tree holds, before any voxel is read."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from ..errors import CannotRead, FileProblem, cannot_read
from . import nifti
from .image import FileKind, Finding, VolumeChoice, VolumeSource, Watch, unwatched

_ENDINGS = {
    ".nii": FileKind.NIFTI,
    ".nii.gz": FileKind.NIFTI,
    ".hdr": FileKind.NIFTI,
    ".img": FileKind.NIFTI,
    ".hdr.gz": FileKind.NIFTI,
    ".img.gz": FileKind.NIFTI,
}
_FINDERS = {FileKind.NIFTI: nifti.find}


def kind_of(path: Path) -> FileKind | None:
    """The kind of volume that a file holds by its name, or None."""
    name = path.name.lower()
    return next((kind for ending, kind in _ENDINGS.items() if name.endswith(ending)), None)


def is_volume_file(path: Path) -> bool:
    """Whether a file is to be looked for volumes in, rather than opened as a photo."""
    return kind_of(path) is not None


def find_volumes(paths: Iterable[Path], watch: Watch = unwatched) -> Finding:
    """Find the volumes in files and folders, and the folders below them. May run on any thread.

    Raises `CannotRead` where one of `paths` is not there, and what `watch` raises.
    """
    choices: list[VolumeChoice] = []
    refused: list[str] = []
    files = list(_files(paths))
    for place, path in enumerate(files):
        watch(place, len(files), path.name)
        kind = kind_of(path)
        if kind is None:
            continue
        try:
            choices.append(_FINDERS[kind](path))
        except FileProblem as problem:
            refused.append(str(problem))
        except OSError as error:
            refused.append(str(cannot_read(path, error)))
    return Finding(tuple(choices), tuple(refused))


def find_again(source: VolumeSource, watch: Watch = unwatched) -> VolumeChoice:
    """Find the volume that a session names; raises `CannotRead` where it is not there any more, and as `watch`."""
    finding = find_volumes([source.path], watch)
    for choice in finding.choices:
        if (choice.source.series, choice.source.part) == (source.series, source.part):
            return choice
    if finding.refused:
        raise CannotRead(finding.refused[0])
    raise CannotRead(f"The volume that was annotated is not in “{source.path}” any more; put it back to go on.")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file())
        elif path.is_file():
            yield path
        else:
            raise CannotRead(
                f"“{path}” is not there (any more); check that the folder exists and its drive is connected."
            )

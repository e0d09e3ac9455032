"""Reading a volume that was found."""

from ..errors import CannotRead, cannot_read
from . import dicom, itk, nifti
from .image import FileKind, FirstSlice, ShowFirst, SourceGrid, VolumeChoice, VolumeImage, Watch, unwatched


def _unshown(first: FirstSlice) -> None:
    """Nobody waits for the first slice."""


def grid_of(choice: VolumeChoice) -> SourceGrid:
    """The grid of a volume that was found, on which labels are written back; no voxel is read for it."""
    makers = {FileKind.DICOM: dicom.grid_of, FileKind.NIFTI: nifti.grid_of}
    return makers.get(choice.source.kind, itk.grid_of)(choice)


def read_volume(
    choice: VolumeChoice,
    watch: Watch = unwatched,
    show_first: ShowFirst = _unshown,
    *,
    allow_large: bool = False,
) -> VolumeImage:
    """Read a volume. May run on any thread; `show_first` is called on it as soon as one slice is there.

    Raises `TooLarge` before much memory is taken, unless `allow_large`, other `CannotRead` problems, and what `watch`
    raises.
    """
    readers = {
        FileKind.DICOM: dicom.read,
        FileKind.NIFTI: nifti.read,
        FileKind.NRRD: itk.read,
        FileKind.META: itk.read,
    }
    try:
        return readers[choice.source.kind](choice, watch, show_first, allow_large=allow_large)
    except OSError as error:
        raise cannot_read(choice.source.path, error) from error
    except MemoryError as error:
        raise CannotRead(
            f"“{choice.title}” does not fit into the memory of this computer; close other programs first."
        ) from error

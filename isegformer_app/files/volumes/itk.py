"""Volumes of NRRD and MetaImage files, read by SimpleITK."""

import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Affine, AxisOrder, SliceKey, Volume, spacing_of

from ..errors import Damaged, NotAnImage
from .image import (
    FileKind,
    FirstSlice,
    NamedWindow,
    ShowFirst,
    SourceGrid,
    VolumeChoice,
    VolumeImage,
    VolumeSource,
    Watch,
)
from .memory import ask_for, content_hash
from .nrrd_pieces import read_pieces
from .windows import automatic, distinct

_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_READERS = {FileKind.NRRD: "NrrdImageIO", FileKind.META: "MetaImageIO"}
_LOOK_UP = 0.05
"""Seconds after which it is asked whether a file is still wanted."""

_BYTES = {"8": 1, "16": 2, "32": 4, "64": 8}


def _sitk() -> Any:  # noqa: ANN401 - SimpleITK has no types
    # Only now: it takes time to import and few files need it.
    import SimpleITK

    return SimpleITK


def find(path: Path) -> VolumeChoice:
    """Look at a file without reading its voxels; raises `CannotRead` with the reason, and `OSError`."""
    kind = FileKind.NRRD if path.suffix.lower() in {".nrrd", ".nhdr"} else FileKind.META
    reader = _reader(path, kind)
    size = [int(length) for length in reader.GetSize()]
    if not 2 <= len(size) <= 4:  # noqa: PLR2004 - a picture, a volume, a volume at several times
        raise NotAnImage(f"“{path.name}” has {len(size)} dimensions and is no image; open a volume instead.")
    words = str(_pixel_name(reader))
    channels = int(reader.GetNumberOfComponents())
    if "complex" in words:
        raise NotAnImage(f"“{path.name}” holds complex numbers, which are no image; save their magnitude instead.")
    if channels > 1 and not (channels in {3, 4} and "8-bit unsigned" in words):
        raise NotAnImage(f"“{path.name}” holds {channels} values a voxel, a field of vectors rather than an image.")
    affine, notes = _affine(reader, len(size), path, kind)
    lengths = [*size[:3], *([1] * (3 - len(size[:3])))]
    order = AxisOrder.of(affine)
    spacing = spacing_of(affine)
    item = next((count for bits, count in _BYTES.items() if f"{bits}-bit" in words), 8)
    times = size[3] if len(size) == 4 else 1  # noqa: PLR2004 - time is the fourth
    return VolumeChoice(
        source=VolumeSource(path, kind),
        title=path.name,
        patient="",
        study="",
        series="",
        modality="",
        shape=(lengths[order.axes[0]], lengths[order.axes[1]], lengths[order.axes[2]]),
        spacing=(spacing[order.axes[0]], spacing[order.axes[1]], spacing[order.axes[2]]),
        time_points=times,
        files=1,
        memory=int(np.prod(size, dtype=np.int64)) * channels * item,
        notes=notes,
        plan=affine,
    )


def _reader(path: Path, kind: FileKind) -> Any:  # noqa: ANN401 - SimpleITK has no types
    reader = _sitk().ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(_READERS[kind])
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _problem(path, error) from error
    return reader


def _problem(path: Path, error: RuntimeError) -> Damaged:
    if "orthonormal" in str(error) or "determinant" in str(error):
        return Damaged(
            f"“{path.name}” gives directions that are no place in a patient (not at right angles); save it as NIfTI."
        )
    return Damaged(f"“{path.name}” is damaged, or its file of voxels is not beside it; get a fresh copy of it.")


def _pixel_name(reader: Any) -> str:  # noqa: ANN401 - SimpleITK has no types
    name: str = _sitk().GetPixelIDValueAsString(reader.GetPixelIDValue())
    return name


def _affine(reader: Any, count: int, path: Path, kind: FileKind) -> tuple[Affine, tuple[str, ...]]:  # noqa: ANN401
    """Where voxel (i, j, k) lies, RAS+, and what is to be said of it."""
    direction = np.array(reader.GetDirection()).reshape(count, count)
    used = min(count, 3)
    affine = np.eye(4)
    affine[:used, :used] = direction[:used, :used] * np.array(reader.GetSpacing())[:used]
    affine[:used, 3] = reader.GetOrigin()[:used]
    notes: tuple[str, ...] = ()
    if kind is FileKind.NRRD and "NRRD_space" not in reader.GetMetaDataKeys():
        notes = (f"“{path.name}” does not say which way its axes run; left, posterior, superior are assumed.",)
    return _TO_RAS @ affine, notes


def read(choice: VolumeChoice, watch: Watch, show_first: ShowFirst, *, allow_large: bool) -> VolumeImage:
    """Read what `find` found; raises as `read_volume`."""
    path, affine = choice.source.path, choice.plan
    ask_for(choice.title, choice.shape, choice.memory, allow_large=allow_large)
    values = _stored(path, choice, watch)
    order = AxisOrder.of(affine)
    shape = (values.shape[0], values.shape[1], values.shape[2])
    matrix = affine @ order.index_affine(shape)
    volumes = tuple(
        Volume(order.to_volume(values[:, :, :, time]), choice.spacing, matrix, has_scale=True)
        for time in range(values.shape[3])
    )
    native = int(np.argmax(choice.spacing)) if max(choice.spacing) > min(choice.spacing) else order.axes.index(2)
    key = SliceKey(native, volumes[0].shape[native] // 2)
    pixels = np.array(volumes[0].plane(key))
    guessed = (
        NamedWindow("as stored", 0.0, 255.0)
        if volumes[0].is_colour
        else automatic(values[:, :, :, 0].transpose(2, 1, 0))
    )
    show_first(FirstSlice(key, pixels, guessed, choice.shape, choice.spacing))
    return VolumeImage(
        source=VolumeSource(path, choice.source.kind, content_hash=content_hash([path])),
        title=choice.title,
        modality="",
        unit="",
        volumes=volumes,
        native_axis=native,
        windows=distinct([guessed]) or (guessed,),
        grid=grid_of(choice),
        notes=choice.notes,
    )


def _image(path: Path, reader: str, watch: Watch) -> Any:  # noqa: ANN401 - SimpleITK has no types
    """Read a file on a thread of its own: nothing interrupts SimpleITK, but nobody must wait for what is not wanted."""
    image: Future[Any] = Future()

    def work() -> None:
        try:
            image.set_result(_sitk().ReadImage(str(path), imageIO=reader))
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            image.set_exception(error)

    threading.Thread(target=work, name="SimpleITK", daemon=True).start()
    while True:
        watch(0, 1, path.name)
        try:
            return image.result(timeout=_LOOK_UP)
        except TimeoutError:
            continue
        except RuntimeError as error:
            raise _problem(path, error) from error


def _dtype(reader: Any) -> "np.dtype[Any]":  # noqa: ANN401 - SimpleITK has no types
    """The type of the values, as SimpleITK hands them to numpy."""
    smallest = _sitk().Image([1] * reader.GetDimension(), reader.GetPixelIDValue())
    dtype: np.dtype[Any] = _sitk().GetArrayViewFromImage(smallest).dtype
    return dtype


def grid_of(choice: VolumeChoice) -> SourceGrid:
    """The grid of a file that `find` found."""
    order = AxisOrder.of(choice.plan)
    lengths = [choice.shape[order.axes.index(axis)] for axis in range(3)]
    return SourceGrid((lengths[0], lengths[1], lengths[2]), choice.plan, order)


class _Kept:
    """Lends the values of an image to numpy, and keeps the image for as long as an array uses them.

    The view that SimpleITK hands out does not: it would be left with memory that is used for something else.
    """

    def __init__(self, image: Any) -> None:  # noqa: ANN401 - SimpleITK has no types
        self._image = image
        self.__array_interface__ = _sitk().GetArrayViewFromImage(image).__array_interface__


def _stored(path: Path, choice: VolumeChoice, watch: Watch) -> NDArray[Any]:
    """The values as (i, j, k, time), or (i, j, k, time, 3) of colour; read-only."""
    reader, times = _reader(path, choice.source.kind), choice.time_points
    channels = int(reader.GetNumberOfComponents())
    values: NDArray[Any] | None = None
    if channels == 1 and choice.source.kind is FileKind.NRRD:
        values = read_pieces(path, [int(length) for length in reader.GetSize()], _dtype(reader), watch)
    if values is None:
        values = np.asarray(_Kept(_image(path, _READERS[choice.source.kind], watch)))
    count = values.ndim - (channels > 1)
    if count == 2:  # noqa: PLR2004 - rows and columns
        values = values[None]
    if times == 1 and count <= 3:  # noqa: PLR2004 - no axis of time
        values = values[None]
    turned = values.transpose(3, 2, 1, 0, *range(4, values.ndim))
    return turned[..., :3] if channels > 1 else turned

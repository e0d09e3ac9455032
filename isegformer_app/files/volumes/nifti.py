"""Volumes of NIfTI files: mapped where the file holds the values as they are, else unpacked slice by slice."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import AxisOrder, SliceKey, Volume, spacing_of

from ..errors import Damaged
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
from .nifti_header import NiftiHead, Stream, open_maybe_compressed, read_head
from .windows import automatic, distinct

_ANISOTROPIC = 1.2
_FIRST_BYTES = 48_000_000
"""Of a file that must be unpacked, the slice shown first lies no further behind than this."""


def find(path: Path) -> VolumeChoice:
    """Look at a NIfTI file without reading its voxels; raises `CannotRead` with the reason, and `OSError`."""
    head = read_head(path)
    order = _order(head)
    shape = tuple(head.shape[axis] for axis in order.axes)
    spacing = head.spacing if head.affine is None else spacing_of(head.affine)
    return VolumeChoice(
        source=VolumeSource(path, FileKind.NIFTI),
        title=path.name,
        patient="",
        study="",
        series=bytes(head.header["descrip"]).split(b"\0")[0].decode("latin-1").strip(),
        modality="",
        shape=(shape[0], shape[1], shape[2]),
        spacing=(spacing[order.axes[0]], spacing[order.axes[1]], spacing[order.axes[2]]),
        time_points=head.time_points,
        files=1 if head.path == head.pixels else 2,
        memory=_memory(head),
        notes=head.notes,
        plan=head,
    )


def read(choice: VolumeChoice, watch: Watch, show_first: ShowFirst, *, allow_large: bool) -> VolumeImage:
    """Read what `find` found; raises as `read_volume`."""
    head: NiftiHead = choice.plan
    ask_for(choice.title, choice.shape, choice.memory, allow_large=allow_large)
    order = _order(head)
    native = _native_axis(head, order)
    stored = _mapped(head) if choice.memory == 0 else _empty(head)
    volumes = _volumes(stored, order, head)
    if choice.memory:
        _unpack(head, stored, watch, lambda plane: show_first(_first(volumes[0], order, 2, plane, choice)))
    else:
        watch(0, 1, choice.title)
        show_first(_first(volumes[0], order, native, head.shape[native] // 2, choice))
    stored.setflags(write=False)
    return VolumeImage(
        source=VolumeSource(head.path, FileKind.NIFTI, content_hash=_hash(head)),
        title=choice.title,
        modality="",
        unit="",
        volumes=_volumes(stored, order, head),
        native_axis=order.axes.index(native),
        windows=_windows(head, stored),
        grid=grid_of(choice),
        notes=choice.notes,
    )


def grid_of(choice: VolumeChoice) -> SourceGrid:
    """The grid of a file that `find` found."""
    head: NiftiHead = choice.plan
    return SourceGrid(head.shape, head.affine, _order(head), header=head.header)


def _order(head: NiftiHead) -> AxisOrder:
    # Without a position, as if the axes ran the way that the format prefers: to the right, the front, the head.
    return AxisOrder.of(np.eye(4) if head.affine is None else head.affine)


def _native_axis(head: NiftiHead, order: AxisOrder) -> int:
    """The stored axis along which slices lie furthest apart; of even spacing, the one that the header names."""
    if 1 in head.shape:
        return head.shape.index(1)
    spacing = head.spacing if head.affine is None else spacing_of(head.affine)
    widest = int(np.argmax(spacing))
    if spacing[widest] > _ANISOTROPIC * sorted(spacing)[1]:
        return widest
    named = int(head.header["dim_info"]) >> 4 & 3
    return named - 1 if named else 2


def _result_dtype(head: NiftiHead) -> "np.dtype[Any]":
    """The type of the values after scaling: whole numbers where they stay whole."""
    if (head.slope, head.intercept) == (1.0, 0.0):
        return head.dtype
    if head.dtype.kind in "iu" and head.slope.is_integer() and head.intercept.is_integer():
        bounds = np.iinfo(head.dtype)
        ends = sorted(int(end) * int(head.slope) + int(head.intercept) for end in (bounds.min, bounds.max))
        for dtype in (np.int16, np.int32):
            if np.iinfo(dtype).min <= ends[0] and ends[1] <= np.iinfo(dtype).max:
                return np.dtype(dtype)
    is_exact = head.dtype.itemsize <= 2 or head.dtype == np.float32  # noqa: PLR2004 - bytes whose values a float holds
    return np.dtype(np.float32 if is_exact else np.float64)


def _is_as_stored(head: NiftiHead) -> bool:
    return not head.is_compressed and (head.slope, head.intercept) == (1.0, 0.0)


def _memory(head: NiftiHead) -> int:
    if _is_as_stored(head):
        return 0
    return head.nbytes // head.dtype.itemsize * _result_dtype(head).itemsize


def _lengths(head: NiftiHead) -> tuple[int, ...]:
    """Lengths of the stored axes, fastest first: channels, i, j, k, time."""
    return (head.channels, *head.shape, head.time_points)


def _mapped(head: NiftiHead) -> NDArray[Any]:
    return np.memmap(head.pixels, head.dtype, "r", head.offset, _lengths(head), order="F")


def _empty(head: NiftiHead) -> NDArray[Any]:
    return np.empty(_lengths(head), _result_dtype(head).newbyteorder("="), order="F")


def _volumes(stored: NDArray[Any], order: AxisOrder, head: NiftiHead) -> tuple[Volume, ...]:
    """A volume a time point of (channels, i, j, k, time)."""
    volumes = []
    affine = None if head.affine is None else head.affine @ order.index_affine(head.shape)
    lengths = head.spacing if head.affine is None else spacing_of(head.affine)
    spacing = (lengths[order.axes[0]], lengths[order.axes[1]], lengths[order.axes[2]])
    for time in range(head.time_points):
        voxels = stored[..., time]
        voxels = voxels[0] if head.channels == 1 else np.moveaxis(voxels[:3], 0, -1)
        volumes.append(Volume(order.to_volume(voxels), spacing, affine, has_scale=True))
    return tuple(volumes)


def _unpack(head: NiftiHead, stored: NDArray[Any], watch: Watch, show_plane: Callable[[int], None]) -> None:
    """Fill `stored` slice by slice, and show one as soon as it is there."""
    planes = stored.reshape((*stored.shape[:3], -1), order="F")
    count = planes.shape[3]
    depth = head.shape[2]
    first = min(depth // 2, max(_FIRST_BYTES * depth // max(head.nbytes // head.time_points, 1), 0), depth - 1)
    with open_maybe_compressed(head.pixels) as handle:
        for place, plane in enumerate(_planes(head, handle)):
            watch(place, count, head.path.name)
            if plane.dtype == planes.dtype:
                planes[..., place] = plane
            else:
                planes[..., place] = plane * planes.dtype.type(head.slope) + planes.dtype.type(head.intercept)
            if place == first:
                show_plane(first)


def _planes(head: NiftiHead, handle: Stream) -> Iterator[NDArray[Any]]:
    """Yield what is stored of each slice, (channels, i, j)."""
    count = head.shape[2] * head.time_points
    lengths = (head.channels, head.shape[0], head.shape[1])
    buffer = np.empty(lengths, head.dtype, order="F")
    view: memoryview = buffer.T.data.cast("B")
    try:
        handle.seek(head.offset)
        for place in range(count):
            _fill(handle, view, head, place, count)
            yield buffer
    except (EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise Damaged(f"“{head.pixels.name}” is damaged: it cannot be unpacked; get a fresh copy of it.") from error


def _fill(handle: Stream, view: memoryview, head: NiftiHead, place: int, count: int) -> None:
    done = 0
    while done < len(view):
        read = handle.readinto(view[done:])
        if not read:
            raise Damaged(
                f"“{head.pixels.name}” is cut short: {place:,} of its {count:,} slices are there; get a fresh copy."
            )
        done += read


def _first(volume: Volume, order: AxisOrder, stored_axis: int, plane: int, choice: VolumeChoice) -> FirstSlice:
    axis = order.axes.index(stored_axis)
    index = volume.shape[axis] - 1 - plane if order.flips[axis] else plane
    key = SliceKey(axis, index)
    pixels = np.array(volume.plane(key))
    return FirstSlice(key, pixels, automatic(pixels[None]), choice.shape, choice.spacing)


def _windows(head: NiftiHead, stored: NDArray[Any]) -> tuple[NamedWindow, ...]:
    low, high = float(head.header["cal_min"]), float(head.header["cal_max"])
    own = [NamedWindow("of the file", low, high)] if head.channels == 1 and high > low else []
    guessed = NamedWindow("automatic", 0.0, 255.0) if head.channels > 1 else automatic(stored[0, ..., 0].T)
    return distinct([*own, guessed]) or (guessed,)


def _hash(head: NiftiHead) -> str:
    return content_hash(dict.fromkeys((head.path, head.pixels)))

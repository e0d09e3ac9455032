"""Volumes of DICOM series: sorted by place, read image by image with the middle one first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import AxisOrder, Shape, SliceKey, Volume, spacing_of

from ..errors import CannotRead, FileProblem, cannot_read
from .dicom_frames import Frame, read_frames
from .dicom_stacks import Stack, places_of, stacks_of
from .dicom_values import decoded, dtype_of, is_colour, is_negative, unit_of, widened, windows_of
from .image import (
    FileKind,
    FirstSlice,
    NamedWindow,
    ShowFirst,
    SliceSource,
    SourceGrid,
    VolumeChoice,
    VolumeImage,
    VolumeSource,
    Watch,
)
from .memory import ask_for, content_hash
from .windows import automatic, distinct


@dataclass(slots=True)
class _Series:
    """The images of one series, as they are found."""

    frames: list[Frame]
    copies: int = 0


def find(paths: Sequence[Path], watch: Watch) -> tuple[list[VolumeChoice], list[str]]:
    """Sort the images of DICOM files into volumes; also a sentence on each file that holds none."""
    series: dict[tuple[str, ...], _Series] = {}
    known: set[tuple[Any, ...]] = set()
    refused: list[str] = []
    for place, path in enumerate(paths):
        watch(place, len(paths), path.name)
        try:
            frames = read_frames(path)
        except FileProblem as problem:
            refused.append(str(problem))
            continue
        except OSError as error:
            refused.append(str(cannot_read(path, error)))
            continue
        group = series.setdefault(_series_key(frames[0]), _Series([]))
        for frame in frames:
            identity = _identity(frame)
            if identity is not None and identity in known:
                group.copies += 1
                continue
            known.add(identity or ())
            group.frames.append(frame)
    choices = [choice for key, group in series.items() if group.frames for choice in _choices(key, group)]
    return choices, refused


def _series_key(frame: Frame) -> tuple[str, ...]:
    uid = str(frame.head.get("SeriesInstanceUID") or "")
    if uid:
        return (uid,)
    # Without a number of its own a series is what lies in one folder under one study and series number.
    words = [str(frame.head.get(each) or "") for each in ("StudyInstanceUID", "SeriesNumber", "SeriesDescription")]
    return (*words, str(frame.path.parent))


def _identity(frame: Frame) -> tuple[Any, ...] | None:
    """What two copies of one image have in common; None where the image has no number of its own."""
    instance = str(frame.head.get("SOPInstanceUID") or "")
    place = None if frame.position is None else tuple(np.round(frame.position, 3).tolist())
    return (instance, frame.order, place) if instance else None


def _choices(key: tuple[str, ...], group: _Series) -> list[VolumeChoice]:
    notes = []
    if group.copies:
        notes.append(f"{group.copies} images are there more than once and were taken once.")
    if len(key) > 1:
        notes.append("The series has no number of its own (series UID); the images of one folder were taken together.")
    # Where the whole series lies: a part alone would look like another series when it is looked for again.
    place = _common(sorted({frame.path for frame in group.frames}))
    uid = "" if len(key) > 1 else key[0]
    return [_choice(uid, place, stack, tuple(notes)) for stack in stacks_of(group.frames)]


def _choice(uid: str, place: Path, stack: Stack, notes: tuple[str, ...]) -> VolumeChoice:
    first = stack.frames[0]
    head = first.head
    order, stored = _order(stack), _stored_shape(stack)
    shape = tuple(stored[axis] for axis in order.axes)
    lengths = _spacing(stack)
    files = sorted({frame.path for frame in stack.frames})
    number = str(head.get("SeriesNumber") or "")
    series = " ".join(word for word in (number, str(head.get("SeriesDescription") or "")) if word)
    samples = 3 if is_colour(first) else 1
    memory = int(np.prod(stored)) * samples * dtype_of(stack.frames).itemsize
    title = f"{series or files[0].parent.name or files[0].name}{f' ({stack.part})' if stack.part else ''}"
    own = (
        [] if first.spacing is not None else ["The file does not say how large its pixels are: lengths are in pixels."]
    )
    return VolumeChoice(
        source=VolumeSource(place, FileKind.DICOM, uid or series, stack.part),
        title=title,
        patient=", ".join(each for each in (_name(head.get("PatientName")), str(head.get("PatientID") or "")) if each),
        study=" ".join(each for each in (_day(head.get("StudyDate")), str(head.get("StudyDescription") or "")) if each),
        series=series,
        modality=str(head.get("Modality") or ""),
        shape=(shape[0], shape[1], shape[2]),
        spacing=(lengths[order.axes[0]], lengths[order.axes[1]], lengths[order.axes[2]]),
        time_points=1,
        files=len(files),
        memory=memory,
        notes=(*notes, *stack.notes, *own),
        plan=stack,
    )


def _name(stored: object) -> str:
    """A name as people write it: DICOM puts “^” between its parts."""
    return " ".join(str(stored or "").replace("^", " ").split())


def _day(stored: object) -> str:
    day = str(stored or "").strip()
    return f"{day[:4]}-{day[4:6]}-{day[6:]}" if len(day) == 8 and day.isdecimal() else day  # noqa: PLR2004 - YYYYMMDD


def _common(files: list[Path]) -> Path:
    if len(files) == 1:
        return files[0]
    folder = files[0].parent
    while not all(file.is_relative_to(folder) for file in files):
        folder = folder.parent
    return folder


def _order(stack: Stack) -> AxisOrder:
    return AxisOrder() if stack.affine is None else AxisOrder.of(stack.affine)


def _stored_shape(stack: Stack) -> Shape:
    head = stack.frames[0].head
    return len(stack.frames), int(head.Rows), int(head.Columns)


def _spacing(stack: Stack) -> tuple[float, float, float]:
    """Millimetres along slices, rows and columns."""
    if stack.affine is not None:
        return spacing_of(stack.affine)
    rows, columns = stack.frames[0].spacing or (1.0, 1.0)
    return 1.0, rows, columns


def read(choice: VolumeChoice, watch: Watch, show_first: ShowFirst, *, allow_large: bool) -> VolumeImage:
    """Read what `find` found; raises as `read_volume`."""
    stack: Stack = choice.plan
    ask_for(choice.title, choice.shape, choice.memory, allow_large=allow_large)
    samples = (3,) if is_colour(stack.frames[0]) else ()
    stored = np.empty((*_stored_shape(stack), *samples), dtype_of(stack.frames))
    middle = len(stack.frames) // 2
    windows, notes = windows_of(stack.frames[middle])
    stored = _fill(stack, stored, [middle])
    show_first(_first(stack, _volume(stack, stored), middle, windows, choice))
    done = 0
    for path, group in groupby(_others(stack, middle), key=lambda place: stack.frames[place].path):
        places = list(group)
        watch(done, len(stack.frames), path.name)
        stored = _fill(stack, stored, places, watch)
        done += len(places)
    stored.setflags(write=False)
    order, frame = _order(stack), stack.frames[middle]
    guessed = [] if is_colour(frame) else [automatic(stored, is_negative=is_negative(frame))]
    return VolumeImage(
        source=replace(choice.source, content_hash=content_hash(sorted({each.path for each in stack.frames}))),
        title=choice.title,
        modality=choice.modality,
        unit=unit_of(frame),
        volumes=(_volume(stack, stored),),
        native_axis=order.axes.index(0),
        windows=distinct([*windows, *guessed]) or (NamedWindow("all", 0.0, 1.0),),
        grid=grid_of(choice),
        notes=(*choice.notes, *notes),
    )


def _others(stack: Stack, middle: int) -> list[int]:
    """All slices but the one that is there, those of one file after each other."""
    first_of: dict[Path, int] = {}
    for place, frame in enumerate(stack.frames):
        first_of.setdefault(frame.path, place)
    places = [place for place in range(len(stack.frames)) if place != middle]
    return sorted(places, key=lambda place: (first_of[stack.frames[place].path], stack.frames[place].number))


def _fill(stack: Stack, stored: NDArray[Any], places: list[int], watch: Watch | None = None) -> NDArray[Any]:
    """Write the images at these places, all of one file, into `stored`, or into a copy of it that can hold them."""
    place_of = {id(stack.frames[place]): place for place in places}
    frames = [stack.frames[place] for place in places]
    for number, (frame, values) in enumerate(decoded(frames[0].path, frames)):
        if values.shape != stored.shape[1:]:
            raise CannotRead(
                f"“{frame.path.name}” holds an image of {values.shape}, not of {stored.shape[1:]} as its head says; "
                "get a fresh copy of it."
            )
        stored = widened(stored, values)
        stored[place_of[id(frame)]] = values
        if watch is not None and len(places) > 1:
            watch(number, len(places), frame.path.name)
    return stored


def _volume(stack: Stack, stored: NDArray[Any]) -> Volume:
    order = _order(stack)
    lengths = _spacing(stack)
    affine = None if stack.affine is None else stack.affine @ order.index_affine(_stored_shape(stack))
    spacing = (lengths[order.axes[0]], lengths[order.axes[1]], lengths[order.axes[2]])
    return Volume(order.to_volume(stored), spacing, affine, has_scale=stack.frames[0].spacing is not None)


def _first(stack: Stack, volume: Volume, middle: int, windows: list[NamedWindow], choice: VolumeChoice) -> FirstSlice:
    order = _order(stack)
    axis = order.axes.index(0)
    key = SliceKey(axis, volume.shape[axis] - 1 - middle if order.flips[axis] else middle)
    pixels = np.array(volume.plane(key))
    usable = distinct(windows)
    window = usable[0] if usable else automatic(pixels[None], is_negative=is_negative(stack.frames[middle]))
    return FirstSlice(key, pixels, window, choice.shape, choice.spacing)


def grid_of(choice: VolumeChoice) -> SourceGrid:
    """The grid of a series that `find` found."""
    stack: Stack = choice.plan
    slices = tuple(
        SliceSource(
            frame.path,
            str(frame.head.get("SOPInstanceUID") or ""),
            frame.number + 1,
        )
        for frame in stack.frames
    )
    return SourceGrid(_stored_shape(stack), stack.affine, _order(stack), None, slices, stack.is_even, places_of(stack))

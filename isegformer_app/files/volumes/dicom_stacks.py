"""Sorting the images of a DICOM series into volumes: by place, never by name, and never stacked without a word."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Affine

from ..scan import natural_key
from .dicom_frames import LABELS, Frame, Vector

ON_THE_LINE = 0.02
"""Millimetres by which a slice may lie off its place in an even stack."""
_SAME_PLACE = 0.005
_SAME_DIRECTION = 1e-3
_UPRIGHT_STEP = 0.05
_SHORTEST_RUN = 3
_MULTIPLE = 0.05
_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Images of one size and direction in the order of their places: one volume.

    `part` tells it from the other volumes of its series; `notes` are sentences. `affine` takes (slice, row, column, 1)
    to patient millimetres, RAS+; None where the images have no place. It is exact where `is_even`.
    """

    frames: tuple[Frame, ...]
    part: str = ""
    notes: tuple[str, ...] = ()
    affine: Affine | None = None
    is_even: bool = True


def stacks_of(frames: Iterable[Frame]) -> list[Stack]:
    """Sort the images of one series into volumes."""
    stacks = [Stack(tuple(sorted(frames, key=lambda frame: frame.order)))]
    stacks = _split(stacks, _size, "The series holds images of {} sizes or kinds, which are opened apart.")
    stacks = _split(stacks, _direction_of, "The series holds slices of {} directions, which are opened apart.")
    finished: list[Stack] = []
    for stack in stacks:
        if stack.frames[0].position is None:
            finished += _unplaced(stack)
        else:
            for single in _told_apart(stack):
                finished += _with_runs(_placed(single))
    return finished


def places_of(stack: Stack) -> tuple[float, ...]:
    """Where the slices of an uneven stack lie along its axis, in its mean steps from the first; of an even one none."""
    if stack.is_even or stack.affine is None:
        return ()
    positions = _positions(stack.frames)
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    return tuple(((positions - positions[0]) @ step / (step @ step)).tolist())


def _split(stacks: list[Stack], name_of: Callable[[list[Frame], Frame], str], sentence: str) -> list[Stack]:
    found: list[Stack] = []
    for stack in stacks:
        groups: dict[str, list[Frame]] = {}
        seen: list[Frame] = []
        for frame in stack.frames:
            groups.setdefault(name_of(seen, frame), []).append(frame)
        if len(groups) == 1:
            found.append(stack)
            continue
        note = sentence.format(len(groups))
        found += [
            Stack(tuple(group), _joined(stack.part, name), (*stack.notes, note)) for name, group in groups.items()
        ]
    return found


def _size(seen: list[Frame], frame: Frame) -> str:
    head = frame.head
    size = f"{head.get('Columns')} x {head.get('Rows')}"
    spacing = "" if frame.spacing is None else f", {frame.spacing[1]:.4g} x {frame.spacing[0]:.4g} mm"
    colour = "" if head.get("SamplesPerPixel", 1) == 1 else ", colour"
    return f"{size}{spacing}{colour}"


def _direction_of(seen: list[Frame], frame: Frame) -> str:
    if frame.rows_run is None or frame.columns_run is None:
        return "without a place"
    for number, other in enumerate(seen, start=1):
        if other.rows_run is None or other.columns_run is None:
            continue
        apart = max(np.abs(frame.rows_run - other.rows_run).max(), np.abs(frame.columns_run - other.columns_run).max())
        if apart < _SAME_DIRECTION:
            return f"direction {number}"
    seen.append(frame)
    return f"direction {len(seen)}"


def _unplaced(stack: Stack) -> list[Stack]:
    """Images without a place are volumes of their own; those of one file stay together, in their order."""
    note = "The file does not say where its images lie in the patient: no directions are shown."
    files: dict[str, list[Frame]] = {}
    for frame in stack.frames:
        files.setdefault(str(frame.path), []).append(frame)
    found = []
    for number, group in enumerate(files.values(), start=1):
        part = _joined(stack.part, f"image {number}") if len(files) > 1 else stack.part
        found.append(Stack(tuple(sorted(group, key=lambda frame: frame.number)), part, (*stack.notes, note)))
    return found


def _told_apart(stack: Stack) -> list[Stack]:
    """Split images that lie at the same place by what tells them apart: echo, time point and so on."""
    places = _places(stack.frames)
    counts = np.bincount(places)
    most = int(counts.max())
    if most == 1:
        return [stack]
    for keyword, label in LABELS.items():
        groups: dict[str, list[Frame]] = {}
        for frame in stack.frames:
            groups.setdefault(frame.trait(keyword), []).append(frame)
        if not 1 < len(groups) <= most:
            continue
        left = sum(int(np.bincount(_places(tuple(group))).max()) - 1 for group in groups.values())
        if left < most - 1:
            note = f"The series holds {len(groups)} images at each place that differ by {label}; they are opened apart."
            return [
                each
                for name, group in sorted(groups.items(), key=lambda item: natural_key(item[0]))
                for each in _told_apart(
                    Stack(tuple(group), _joined(stack.part, f"{label} {name}"), (*stack.notes, note))
                )
            ]
    return _by_turn(stack, places, most)


def _by_turn(stack: Stack, places: NDArray[np.int64], most: int) -> list[Stack]:
    """Nothing tells the images apart: the first at each place make one volume, the second another."""
    doubled = int((np.bincount(places) > 1).sum())
    note = (
        f"At {doubled} places lie several slices that nothing in the file tells apart; the first at each place are one "
        "volume, the others another."
    )
    seen: dict[int, int] = {}
    turns: list[list[Frame]] = [[] for _ in range(most)]
    for place, frame in zip(places.tolist(), stack.frames, strict=True):
        turns[seen.get(place, 0)].append(frame)
        seen[place] = seen.get(place, 0) + 1
    return [
        Stack(tuple(group), _joined(stack.part, f"{number} of {most} at each place"), (*stack.notes, note))
        for number, group in enumerate(turns, start=1)
    ]


def _positions(frames: tuple[Frame, ...]) -> Vector:
    return np.array([frame.position for frame in frames], dtype=np.float64)


def _places(frames: tuple[Frame, ...]) -> NDArray[np.int64]:
    """Number the places; images at one place have the same number."""
    positions = _positions(frames)
    order = np.lexsort(np.round(positions / _SAME_PLACE).T)
    numbers = np.zeros(len(frames), dtype=np.int64)
    for before, after in pairwise(order.tolist()):
        is_new = float(np.abs(positions[after] - positions[before]).max()) > 2 * _SAME_PLACE
        numbers[after] = numbers[before] + is_new
    return numbers


def _placed(stack: Stack) -> Stack:
    """Put the slices in the order of their places and find the affine, with a word on what is odd."""
    first = stack.frames[0]
    normal = first.normal
    if normal is None or first.rows_run is None or first.columns_run is None or first.spacing is None:
        return stack
    distances = _positions(stack.frames) @ normal
    frames = tuple(stack.frames[place] for place in np.argsort(distances, kind="stable"))
    positions = _positions(frames)
    step = _step(frames, positions, normal)
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = first.columns_run * first.spacing[0]
    affine[:3, 2] = first.rows_run * first.spacing[1]
    affine[:3, 3] = positions[0]
    off = np.abs(positions - positions[0] - np.arange(len(frames))[:, None] * step).max()
    is_even = bool(off <= ON_THE_LINE)
    notes = [*stack.notes, *_tilt(step, normal), *([] if is_even else _unevenness(positions @ normal))]
    return replace(stack, frames=frames, notes=tuple(notes), affine=_TO_RAS @ affine, is_even=is_even)


def _step(frames: tuple[Frame, ...], positions: Vector, normal: Vector) -> Vector:
    if len(frames) > 1:
        step: Vector = (positions[-1] - positions[0]) / (len(frames) - 1)
        return step
    thickness = frames[0].value("SpacingBetweenSlices") or frames[0].value("SliceThickness")
    return normal * (float(thickness) if thickness and float(thickness) > 0 else 1.0)


def _tilt(step: Vector, normal: Vector) -> list[str]:
    cosine = min(1.0, float(abs(step @ normal) / np.linalg.norm(step)))
    angle = float(np.degrees(np.arccos(cosine)))
    if angle <= _UPRIGHT_STEP:
        return []
    return [
        f"The slices are shifted against each other by {angle:.1f} degrees (gantry tilt): their places are kept "
        "exactly, and some other programs refuse such volumes."
    ]


def _unevenness(distances: NDArray[np.float64]) -> list[str]:
    gaps = np.diff(distances)
    usual = float(np.median(gaps))
    multiples = gaps / usual
    is_missing = np.abs(multiples - np.round(multiples)).max() < _MULTIPLE and np.round(multiples).min() >= 1
    rest = "its slices are drawn at even distances, which is not exact; the evenly spaced parts are opened apart, too."
    if is_missing:
        lost = int(np.round(multiples).sum()) - len(gaps)
        after = int(np.argmax(multiples)) + 1
        return [f"{lost} {'slice is' if lost == 1 else 'slices are'} missing, the first after slice {after}: {rest}"]
    return [f"The distance from slice to slice varies from {gaps.min():.2f} to {gaps.max():.2f} mm: {rest}"]


def _with_runs(stack: Stack) -> list[Stack]:
    """A stack of uneven distances, and before it the runs of slices at even distances."""
    if stack.is_even:
        return [stack]
    positions = _positions(stack.frames)
    runs: list[Stack] = []
    start = 0
    while start < len(positions):
        end = start + 1
        while end < len(positions) and _is_even(positions[start : end + 1]):
            end += 1
        if end - start >= _SHORTEST_RUN:
            part = _joined(stack.part, f"slices {start + 1} to {end}")
            note = f"These are slices {start + 1} to {end} of {len(positions)}, which lie at even distances."
            runs.append(_placed(Stack(stack.frames[start:end], part, (note,))))
            start = end
        else:
            start += 1
    return [*runs, stack]


def _is_even(positions: Vector) -> bool:
    step = (positions[-1] - positions[0]) / (len(positions) - 1)
    off = np.abs(positions - positions[0] - np.arange(len(positions))[:, None] * step).max()
    return bool(off <= ON_THE_LINE)


def _joined(part: str, more: str) -> str:
    return f"{part}, {more}" if part else more

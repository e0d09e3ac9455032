"""What the readers of volumes find and hand over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from isegformer_app.document import Affine, AxisOrder, Curve, Shape, SliceKey, Volume

Watch = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what is in hand; may raise to stop the reading."""


def unwatched(done: int, total: int, name: str) -> None:
    """Nobody wants to stop it."""


class FileKind(Enum):
    """The kinds of files that hold volumes; the value is how they are called."""

    DICOM = "DICOM"
    NIFTI = "NIfTI"
    NRRD = "NRRD"
    META = "MetaImage"


@dataclass(frozen=True, slots=True)
class VolumeSource:
    """Where a volume comes from: plain values that a session keeps, and by which `find_again` finds it.

    `path` is the file, or the folder in which all files of a DICOM series lie. `series` and `part` tell the volumes
    of one path apart; both are empty where there is but one. `content_hash` is empty until the volume was read.
    """

    path: Path
    kind: FileKind
    series: str = ""
    part: str = ""
    content_hash: str = ""


@dataclass(frozen=True, slots=True)
class SliceSource:
    """The image that a slice of a DICOM series came from; `frame` counts from 1, and is 1 in a file of one image."""

    path: Path
    sop_instance: str
    frame: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class SourceGrid:
    """The grid of the file, on which labels are written back.

    `shape` counts the voxels along the axes of the file: (i, j, k), of a DICOM series (slice, row, column). `affine`
    takes (i, j, k, 1) to patient millimetres, RAS+; None where the file does not say. `order` turns arrays of that
    shape into the order of the volume and back.
    """

    shape: Shape
    affine: Affine | None
    order: AxisOrder
    header: Any = None
    """Of a NIfTI file, the header as nibabel read it, whose codes and units the labels take over."""
    slices: tuple[SliceSource, ...] = ()
    """Of a DICOM series, the images along the first axis."""
    is_even: bool = True
    """False where the slices do not lie at even distances: then the affine holds for the first and last alone."""
    places: tuple[float, ...] = ()
    """Of slices at uneven distances, where each lies as the affine counts: the first at 0, the last at n - 1."""

    @property
    def slice_axis(self) -> int:
        """The axis of the volume that slices at uneven distances lie along."""
        return self.order.axes.index(0)

    def places_in_volume(self) -> NDArray[np.float64]:
        """Where each slice along `slice_axis` lies, counted as the volume counts them: 0, 1, 2 of even ones."""
        count = self.shape[0]
        places = np.array(self.places or range(count), np.float64)
        return count - 1 - places[::-1] if self.order.flips[self.slice_axis] else places

    def thicknesses(self) -> NDArray[np.float64]:
        """How thick each slice along `slice_axis` is, half-way to its neighbours, in mean distances: 1 of even ones."""
        gaps = np.diff(self.places_in_volume())
        if not gaps.size:
            return np.ones(self.shape[0])
        return (np.concatenate((gaps[:1], gaps)) + np.concatenate((gaps, gaps[-1:]))) / 2


@dataclass(frozen=True, slots=True)
class NamedWindow:
    """Values shown as black (`low`) and white (`high`), and how they are called; `low` > `high` shows a negative.

    `curve` holds the greys of evenly spaced values from `low` to `high`, where those do not rise in a straight line.
    """

    name: str
    low: float
    high: float
    curve: Curve | None = field(default=None, compare=False, repr=False)

    def negative(self) -> "NamedWindow":
        """Return the window in which dark and bright change places."""
        return NamedWindow(self.name, self.high, self.low, None if self.curve is None else 255 - self.curve[::-1])


@dataclass(frozen=True, slots=True)
class VolumeChoice:
    """One volume that was found: what a chooser shows of it, known before its pixels are read.

    `shape` and `spacing` (mm) are in the order of the volume. `memory` is how many bytes reading takes, 0 where the
    file is mapped. `notes` are sentences on oddities, each to be shown before the volume is worked on.
    """

    source: VolumeSource
    title: str
    patient: str
    study: str
    series: str
    modality: str
    shape: Shape
    spacing: tuple[float, float, float]
    time_points: int
    files: int
    memory: int
    notes: tuple[str, ...]
    plan: Any = field(repr=False, compare=False)
    """What the reader of this kind needs to know; of no interest to others."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The volumes that were found, and a sentence on each file or series that cannot be opened."""

    choices: tuple[VolumeChoice, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FirstSlice:
    """A slice that can be shown before the whole volume is there: raw values, (rows, cols) or (rows, cols, 3)."""

    key: SliceKey
    pixels: NDArray[Any]
    window: NamedWindow
    shape: Shape
    spacing: tuple[float, float, float]


ShowFirst = Callable[[FirstSlice], None]
"""Called once, on the thread that reads."""


@dataclass(frozen=True, slots=True, eq=False)
class VolumeImage:
    """A volume as read. Its arrays are read-only and may be mapped from the file.

    `volumes` holds one `Volume` a time point, all on one grid. `native_axis` is the axis along which the slices were
    acquired: their planes are the sharp ones. `windows` begins with the one to show. `unit` is that of the values,
    `HU` for instance, or empty.
    """

    source: VolumeSource
    title: str
    modality: str
    unit: str
    volumes: tuple[Volume, ...]
    native_axis: int
    windows: tuple[NamedWindow, ...]
    grid: SourceGrid
    notes: tuple[str, ...]

    @property
    def volume(self) -> Volume:
        """The first time point, most often the only one."""
        return self.volumes[0]

    def curve(self, window: tuple[float, float] | None) -> Curve | None:
        """The curve of the window of the file that has these ends; None for a straight line."""
        return next((each.curve for each in self.windows if (each.low, each.high) == window), None)

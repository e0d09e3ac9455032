"""What an annotator may want exported, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from isegformer_app.document import LabelObject, SliceKey
from isegformer_app.files.session import Work as StoredWork
from isegformer_app.files.volumes import VolumeSource


class Format(Enum):
    """The kinds of export; the value is what the settings remember."""

    COCO = "coco"
    PNG = "png"
    OBJECTS = "objects"
    YOLO = "yolo"
    VOC = "voc"
    LABELME = "labelme"
    EFFORT = "effort"
    NIFTI = "nifti"
    DICOM_SEG = "dicom-seg"
    SEG_NRRD = "seg-nrrd"
    STL = "stl"
    OBJ = "obj"


ONE_FILE: Mapping[Format, str] = {Format.COCO: "coco.json", Format.EFFORT: "effort.csv"}
"""Formats that put all photos into one file, and what it is called."""

OF_VOLUMES = frozenset({Format.NIFTI, Format.DICOM_SEG, Format.SEG_NRRD, Format.STL, Format.OBJ})
"""Formats that hold volumes whole, and no photos."""

EVEN_ONLY = OF_VOLUMES - {Format.DICOM_SEG}
"""Formats that hold slices at even distances only."""

BY_CLASS = frozenset({Format.PNG, Format.NIFTI})
"""Formats of one number a pixel or voxel, that of its object or that of its class."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the annotator wants; `name` counts for formats of one file, the other options for theirs.

    With `strip` a DICOM-SEG says nothing of the patient. With `evenly` slices at uneven distances are resampled to even
    ones for the formats that hold no others.
    """

    format: Format
    folder: Path
    name: str = ""
    only_current: bool = False
    by_class: bool = False
    tolerance: float | None = None
    strip: bool = False
    evenly: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The work on one photo or volume as it is now; later edits do not change it.

    `filled` are the objects that have pixels. `volume` says where a volume is read from, None for a photo. A slice of
    a volume that is exported as a picture has the `path` that it is written to, and names its slice by `key`.
    """

    path: Path
    work: StoredWork
    filled: tuple[LabelObject, ...]
    volume: VolumeSource | None = None
    key: SliceKey | None = None

    @property
    def noun(self) -> str:
        """What it is called where several are counted."""
        return "slice" if self.key is not None else "photo" if self.volume is None else "volume"

    @classmethod
    def of(cls, path: Path, work: StoredWork, volume: VolumeSource | None = None) -> "Source":
        """Take what was kept of a photo or volume."""
        ids = {int(each) for layer in work.layers for each in np.unique(layer.values)}
        return cls(path, work, tuple(each for each in work.state.objects if each.id in ids), volume)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedPhoto:
    """One photo of an export: the name of its files without their endings, and the files."""

    source: Source
    stem: str
    files: tuple[Path, ...]


def stem_of(path: Path) -> str:
    """The name of a photo or volume without the ending of its format."""
    name = path.name
    for ending in (".nii.gz", ".hdr.gz", ".img.gz", ".seg.nrrd"):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return path.stem if path.suffix[1:].isalnum() and not path.suffix[1:].isdigit() else name

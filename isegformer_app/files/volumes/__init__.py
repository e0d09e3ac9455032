"""Volumes: what DICOM, NIfTI, NRRD and MetaImage files hold, found, read and placed in the patient."""

from .finding import find_again, find_volumes, is_volume_file, warm_up
from .image import (
    FileKind,
    Finding,
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
from .reading import grid_of, read_volume
from .thumbnail import read_thumbnail_of

__all__ = [
    "FileKind",
    "Finding",
    "FirstSlice",
    "NamedWindow",
    "ShowFirst",
    "SliceSource",
    "SourceGrid",
    "VolumeChoice",
    "VolumeImage",
    "VolumeSource",
    "Watch",
    "find_again",
    "find_volumes",
    "grid_of",
    "is_volume_file",
    "read_thumbnail_of",
    "read_volume",
    "warm_up",
]

"""What is being annotated: plain Python and numpy, no Qt, no files, no network."""

from .annotation import Annotation, Change, Edit
from .class_list import ClassList
from .click import Click
from .effort import Effort
from .errors import DocumentError, EditError, ShapeError
from .geometry import PHOTO, Box, Shape, SliceKey, slice_shape
from .label_map import LabelMap
from .masks import MaskCrop
from .objects import Colour, LabelClass, LabelObject, Prompt, State, Status, palette_colour
from .overlap import OverlapRule
from .viewpoint import Tool, Viewpoint
from .volume import Volume

__all__ = [
    "PHOTO",
    "Annotation",
    "Box",
    "Change",
    "ClassList",
    "Click",
    "Colour",
    "DocumentError",
    "Edit",
    "EditError",
    "Effort",
    "LabelClass",
    "LabelMap",
    "LabelObject",
    "MaskCrop",
    "OverlapRule",
    "Prompt",
    "Shape",
    "ShapeError",
    "SliceKey",
    "State",
    "Status",
    "Tool",
    "Viewpoint",
    "Volume",
    "palette_colour",
    "slice_shape",
]

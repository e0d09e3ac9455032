"""What is being annotated: plain Python and numpy, no Qt, no files, no network."""

from .annotation import Annotation, Change, Edit
from .axis_order import Affine, AxisOrder
from .class_list import ClassList
from .click import Click
from .effort import Effort
from .errors import DocumentError, EditError, ShapeError
from .geometry import PHOTO, Box, Shape, SliceKey, slice_shape
from .label_map import LabelMap
from .masks import MaskCrop
from .normalisation import Normalisation
from .objects import Colour, LabelClass, LabelObject, Origin, Prompt, State, Status, palette_colour
from .overlap import OverlapRule
from .ruler import Ruler
from .viewpoint import Tool, Viewpoint
from .volume import PLANE_NAMES, Curve, Volume, spacing_of

__all__ = [
    "PHOTO",
    "PLANE_NAMES",
    "Affine",
    "Annotation",
    "AxisOrder",
    "Box",
    "Change",
    "ClassList",
    "Click",
    "Colour",
    "Curve",
    "DocumentError",
    "Edit",
    "EditError",
    "Effort",
    "LabelClass",
    "LabelMap",
    "LabelObject",
    "MaskCrop",
    "Normalisation",
    "Origin",
    "OverlapRule",
    "Prompt",
    "Ruler",
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
    "spacing_of",
]

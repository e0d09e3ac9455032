"""How the annotator looks at the document: neither undoable nor unsaved work."""

from dataclasses import dataclass
from enum import Enum

from .geometry import PHOTO, SliceKey


class Tool(Enum):
    """What the left button does on the canvas."""

    CLICK = "points"
    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"
    LASSO = "lasso"


@dataclass(slots=True)
class Viewpoint:
    """The slice shown, the grey window (low, high), the object and class worked on, the tool in hand."""

    key: SliceKey = PHOTO
    window: tuple[float, float] | None = None
    active_object: int | None = None
    active_class: int = 1
    tool: Tool = Tool.CLICK

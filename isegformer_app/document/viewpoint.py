"""How the annotator looks at the document: neither undoable nor unsaved work."""

from dataclasses import dataclass, field
from enum import Enum

from .geometry import PHOTO, Shape, SliceKey
from .normalisation import Normalisation
from .ruler import Ruler


class Tool(Enum):
    """What the left button does on the canvas."""

    CLICK = "points"
    BRUSH = "brush"
    ERASER = "eraser"
    POLYGON = "polygon"
    LASSO = "lasso"
    RULER = "ruler"


@dataclass(slots=True)
class Viewpoint:
    """The slice worked on, the grey window (low, high), the object and class worked on, the tool in hand, the rulers.

    Of a volume also: the voxel where its three planes meet, whether all three are shown, its colours on the screen,
    its time point, and what the network sees of it.
    """

    key: SliceKey = PHOTO
    window: tuple[float, float] | None = None
    active_object: int | None = None
    active_class: int = 1
    tool: Tool = Tool.CLICK
    rulers: dict[SliceKey, tuple[Ruler, ...]] = field(default_factory=dict)
    cursor: Shape = (0, 0, 0)
    are_three_shown: bool = False
    colours: str = "grey"
    time: int = 0
    normalisation: Normalisation | None = None

    def plane_key(self, axis: int) -> SliceKey:
        """The slice along an axis that meets the cursor."""
        return SliceKey(axis, self.cursor[axis])

    def move_to(self, key: SliceKey) -> None:
        """Look at a slice."""
        self.key = key
        first, second, third = (key.index if axis == key.axis else place for axis, place in enumerate(self.cursor))
        self.cursor = first, second, third

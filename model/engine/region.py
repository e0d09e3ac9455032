"""Which part of the image the network looks at: the region of interest, and the rules by which it moves."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from ..clicks import Click


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of image pixels: rows row0..row1-1, columns col0..col1-1."""

    row0: int
    col0: int
    row1: int
    col1: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.row1 - self.row0

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.col1 - self.col0

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    def contains(self, click: Click) -> bool:
        """Tell whether the clicked pixel lies in the box."""
        return self.row0 <= click.row < self.row1 and self.col0 <= click.col < self.col1

    def overlap(self, other: "Box") -> float:
        """Product of the intersections over unions along the two axes (the published measure), in [0, 1]."""
        return _overlap_1d(self.row0, self.row1, other.row0, other.row1) * _overlap_1d(
            self.col0, self.col1, other.col0, other.col1
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """What a region rule needs to know of a mask: its bounding box (None: empty) and its area in image pixels."""

    box: Box | None
    area: float


EMPTY = Extent(None, 0.0)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a region rule may look at before a click is answered."""

    size: tuple[int, int]
    """Height and width of the image."""
    view_side: int
    """Longer side of the view in pixels."""
    clicks: tuple[Click, ...]
    """The clicks so far, the one to be answered last."""
    mask: Extent
    """The answer to the clicks before, or the mask that the object started from."""
    present: Box | None
    """The region of the click before; None while the whole image was looked at without a choice."""
    started_from_mask: bool
    """True where the object had a mask before its first click."""


@dataclass(frozen=True, kw_only=True)
class RegionPolicy(ABC):
    """A rule that chooses the region of interest before each click."""

    side: int | None = None
    """Longer side of the view in pixels; None: the network's own."""
    square: bool = False
    """True: the view is a square of `side` whatever the shape of the region; False: the aspect is kept."""

    @abstractmethod
    def choose(self, situation: Situation) -> Box | None:
        """Give the region for the click to be answered; None: the whole image, not yet settled on."""

    def view_side(self, network_side: int, size: tuple[int, int], *, zoomed: bool) -> int:
        """Longer side of the view in pixels, for a network that works best at `network_side`."""
        del size, zoomed
        return network_side if self.side is None else self.side


@dataclass(frozen=True, kw_only=True)
class WholeImage(RegionPolicy):
    """Always look at the whole image."""

    def choose(self, situation: Situation) -> Box | None:
        """Give the whole image."""
        del situation
        return None


@dataclass(frozen=True, kw_only=True)
class ZoomIn(RegionPolicy):
    """The published Zoom-In of f-BRS, RITM and iSegFormer (section 4 of their evaluation).

    The box of the last mask and of the positive clicks, expanded; it stays where it is until it overlaps the box it
    should be by less than `keep_overlap`, or a positive click falls outside of it.
    """

    side: int | None = 400
    """Longer side of the zoomed view (600 for DAVIS)."""
    skip_clicks: int = 1
    """The first clicks that see the whole image as it is; -1: even the first click's view is that of a region, which
    is then the whole image."""
    expansion: float = 1.4
    """How much larger than the object the region is, along each axis."""
    min_side: int = 200
    """Smallest height and width of a region in image pixels."""
    keep_overlap: float = 0.5
    """A region is kept while its overlap with the region it should be is at least this."""
    whole_limit: int | None = 800
    """Before a zoom the image is seen at its own size, its longer side at most this (RITM's demo; its evaluation has
    no limit); None: at `side` pixels."""

    @classmethod
    def fixed(cls, side: int) -> "ZoomIn":
        """Look at squares of `side` pixels from the first click on (the published fixed-size kind, SimpleClick's)."""
        return cls(side=side, square=True, skip_clicks=-1, whole_limit=None)

    def view_side(self, network_side: int, size: tuple[int, int], *, zoomed: bool) -> int:
        """Longer side of the view: `side` when zoomed, the image's own (up to `whole_limit`) before."""
        side = network_side if self.side is None else self.side
        if zoomed or self.whole_limit is None:
            return side
        return min(max(size), self.whole_limit)

    def choose(self, situation: Situation) -> Box | None:
        """Give the expanded box of the mask and the positive clicks, or the present region while that serves."""
        if len(situation.clicks) <= self.skip_clicks:
            return None
        if situation.mask.box is None:
            if self.skip_clicks >= 0:
                return None
            wanted = whole(situation.size)
        else:
            wanted = expand(
                enclose(situation.mask.box, situation.clicks), self.expansion, self.min_side, situation.size
            )
        if _still_serves(situation, wanted, self.keep_overlap):
            return situation.present
        return wanted


@dataclass(frozen=True, kw_only=True)
class AdaptiveRegion(RegionPolicy):
    """Zoom by the object's share of the image: near for a small object, wide or not at all for one that fills it."""

    large_share: float = 0.2
    """A mask over this share of the image's area counts as large."""
    large_expansion: float = 2.0
    """How much larger than a large object its region is, along each axis."""
    large_from_click: int = 3
    """First click (counted from 1) that may zoom on a large object."""
    small_expansion: float = 1.7
    """How much larger than a small object its region is, along each axis."""
    small_from_click: int = 2
    """First click that may zoom on a small object, or search for one; a mask at the start counts as a click."""
    search_window: float = 0.35
    """Where the mask is empty: side of the window round the last positive click, as a share of the image's."""
    max_magnification: float = 4.0
    """An image pixel becomes at most about this many view pixels: bounds the region from below."""
    whole_share: float = 0.8
    """A region over this share of the image's area becomes the whole image."""
    keep_overlap: float = 0.5
    """A region is kept while its overlap with the region it should be is at least this."""
    move_when_touched: bool = True
    """Move the region where the mask runs into a border of it that is not the image's: the object goes on there."""

    def choose(self, situation: Situation) -> Box | None:
        """Give the region for the object's share, or the present region while that serves."""
        wanted = self._wanted(situation)
        if wanted is None or wanted.area > self.whole_share * math.prod(situation.size):
            return None
        touched = self.move_when_touched and _touches_inner_border(situation)
        if not touched and _still_serves(situation, wanted, self.keep_overlap):
            return situation.present
        return wanted

    def _wanted(self, situation: Situation) -> Box | None:
        count = len(situation.clicks) + situation.started_from_mask
        min_side = math.ceil(situation.view_side / self.max_magnification)
        box = situation.mask.box
        if box is None:
            positive = [click for click in situation.clicks if click.is_positive]
            if count < self.small_from_click or not positive:
                return None
            return self._search(positive, min_side, situation.size)
        large = situation.mask.area > self.large_share * math.prod(situation.size)
        if count < (self.large_from_click if large else self.small_from_click):
            return None
        expansion = self.large_expansion if large else self.small_expansion
        return expand(enclose(box, situation.clicks), expansion, min_side, situation.size)

    def _search(self, positive: Sequence[Click], min_side: int, size: tuple[int, int]) -> Box:
        last = positive[-1]
        height, width = (max(min_side, round(self.search_window * length)) for length in size)
        row0, row1 = _place(last.row + 0.5, height, size[0])
        col0, col1 = _place(last.col + 0.5, width, size[1])
        return enclose(Box(row0, col0, row1, col1), positive)


def whole(size: tuple[int, int]) -> Box:
    """Give the box of all pixels of an image of `size` (height, width)."""
    return Box(0, 0, *size)


def enclose(box: Box, clicks: Sequence[Click]) -> Box:
    """Grow `box` until it holds every positive click."""
    rows = [click.row for click in clicks if click.is_positive]
    cols = [click.col for click in clicks if click.is_positive]
    return Box(
        min([box.row0, *rows]),
        min([box.col0, *cols]),
        max([box.row1, *(row + 1 for row in rows)]),
        max([box.col1, *(col + 1 for col in cols)]),
    )


def expand(box: Box, factor: float, min_side: int, size: tuple[int, int]) -> Box:
    """Scale `box` about its centre, each side at least `min_side`, and cut it at the image of `size`."""
    height = max(min_side, round(box.height * factor))
    width = max(min_side, round(box.width * factor))
    row0 = math.floor((box.row0 + box.row1 - height) / 2)
    col0 = math.floor((box.col0 + box.col1 - width) / 2)
    # A factor of 1 or a rounding never cuts the box itself.
    return Box(
        max(0, min(row0, box.row0)),
        max(0, min(col0, box.col0)),
        min(size[0], max(row0 + height, box.row1)),
        min(size[1], max(col0 + width, box.col1)),
    )


def _still_serves(situation: Situation, wanted: Box, keep_overlap: float) -> bool:
    present = situation.present
    if present is None or present.overlap(wanted) < keep_overlap:
        return False
    return all(present.contains(click) for click in situation.clicks if click.is_positive)


def _touches_inner_border(situation: Situation) -> bool:
    region, mask = situation.present, situation.mask.box
    if region is None or mask is None:
        return False
    height, width = situation.size
    return (
        mask.row0 <= region.row0 > 0
        or mask.col0 <= region.col0 > 0
        or mask.row1 >= region.row1 < height
        or mask.col1 >= region.col1 < width
    )


def _place(centre: float, length: int, limit: int) -> tuple[int, int]:
    """Lay `length` pixels round `centre`, moved inside 0..limit; all of it where it is longer."""
    length = min(length, limit)
    start = min(max(0, math.floor(centre - length / 2 + 0.5)), limit - length)
    return start, start + length


def _overlap_1d(start: int, stop: int, other_start: int, other_stop: int) -> float:
    shared = min(stop, other_stop) - max(start, other_start)
    return max(0, shared) / (max(stop, other_stop) - min(start, other_start))

"""The engine: an image once, clicks many times. numpy in, numpy out."""

from .carrying import Carrier, CarryRule, KnownSlice
from .honour import THRESHOLD, HonourRule
from .region import AdaptiveRegion, Box, Extent, RegionPolicy, Situation, WholeImage, ZoomIn
from .runner import Cancelled, Timings
from .segmenter import Segmenter

__all__ = [
    "THRESHOLD",
    "AdaptiveRegion",
    "Box",
    "Cancelled",
    "Carrier",
    "CarryRule",
    "Extent",
    "HonourRule",
    "KnownSlice",
    "RegionPolicy",
    "Segmenter",
    "Situation",
    "Timings",
    "WholeImage",
    "ZoomIn",
]

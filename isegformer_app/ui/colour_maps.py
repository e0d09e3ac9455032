"""Colours that the grey values of a volume are shown in."""

from collections.abc import Sequence
from functools import cache

COLOUR_MAPS = {
    "grey": "Grey",
    "inverted": "Inverted grey",
    "hot": "Hot metal",
    "inferno": "Inferno",
    "viridis": "Viridis",
    "rainbow": "Rainbow",
}
"""Name, as a session keeps it, and words."""

_OF_PYQTGRAPH = {"hot": "CET-L3", "inferno": "inferno", "viridis": "viridis", "rainbow": "CET-R4"}


@cache
def colour_map(name: str) -> Sequence[int] | None:
    """256 colours (ARGB) from black to white; None for grey and for names that are not known."""
    if name == "inverted":
        return [0xFF000000 | level << 16 | level << 8 | level for level in range(255, -1, -1)]
    if name not in _OF_PYQTGRAPH:
        return None
    from pyqtgraph import colormap

    table = colormap.get(_OF_PYQTGRAPH[name]).getLookupTable(nPts=256, mode="byte")
    return [0xFF000000 | int(red) << 16 | int(green) << 8 | int(blue) for red, green, blue, *_ in table]

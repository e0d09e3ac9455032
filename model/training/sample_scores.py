"""How often each image of SBD is drawn: RITM publishes how well a model finds the objects of each, and draws others.

The published pickle is read as plain data and never run.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints.pickle_data import Answer, PickleError, Record, read_pickle
from ..data.annotated import Found
from ..errors import DatasetError

_NUMBERS = {"f8": "d", "f4": "f", "i8": "q", "i4": "i", "u8": "Q", "u4": "I"}
"""numpy's names of types, and those of `struct`."""


def chances_of(path: Path, gamma: float, found: Found) -> NDArray[np.float64]:
    """Give the chance (images,) of each image of `found` to be drawn: (1 - score) to the power of `gamma`.

    A file names images by their lines, from 0 on, in the list of the published split; those that it does not name are
    never drawn. Raises `DatasetError`.
    """
    if not found.listed:
        raise DatasetError("Sample scores count the lines of a published list, as SBD's train.txt, and here is none.")
    places = {image.stem: place for place, image in enumerate(found.images)}
    chances = np.zeros(len(found.images))
    for line, score in _read(path):
        if not 0 <= line < len(found.listed):
            raise DatasetError(
                f"{str(path)!r} scores the image of line {line}, counted from 0, but the list has {len(found.listed)} "
                "lines: it is of another split or set."
            )
        if not 0 <= score <= 1:
            raise DatasetError(f"{str(path)!r} scores line {line} with {score:g}; scores are from 0 to 1.")
        # What of the list is not there to be read is not drawn either.
        if found.listed[line] in places:
            chances[places[found.listed[line]]] += (1 - score) ** gamma
    if not chances.sum() > 0:
        raise DatasetError(f"By {str(path)!r} no image of the data would ever be drawn.")
    chances /= chances.sum()
    return chances


def _read(path: Path) -> list[tuple[int, float]]:
    """Line and score of each entry, which holds something else between them."""
    try:
        with path.open("rb") as file:
            content: Any = read_pickle(file, _CALLS)
        return [(int(entry[0]), float(entry[2])) for entry in content]
    except OSError as error:
        raise DatasetError(f"Cannot read {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error
    except (PickleError, TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        raise DatasetError(f"{str(path)!r} is damaged, or no file of sample scores as RITM publishes it.") from error


def _scalar(arguments: tuple[Any, ...]) -> float:
    """Read a number of numpy's from its type and its bytes."""
    dtype, content = arguments
    if not isinstance(dtype, Record) or not isinstance(dtype.arguments, tuple) or not isinstance(dtype.state, tuple):
        raise PickleError("it holds a number of an unknown type")
    order, kind = dtype.state[1], _NUMBERS[dtype.arguments[0]]
    value: float = struct.unpack(f"{'>' if order == '>' else '<'}{kind}", content)[0]
    return value


def _encoded(arguments: tuple[Any, ...]) -> bytes:
    """Old protocols write bytes as text."""
    return str(arguments[0]).encode("latin-1")


_CALLS: Mapping[str, Answer] = {
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "_codecs.encode": _encoded,
}

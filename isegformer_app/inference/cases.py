"""One object of a finished evaluation, read through the model: which photo, and which clicks to make again."""

from dataclasses import dataclass
from pathlib import Path

from .requests import EngineError

_PICTURES = "cases"


@dataclass(frozen=True, slots=True)
class Case:
    """What to open and to click; `model` is the name or the file that was measured, empty for the default."""

    name: str
    photo: Path
    clicks: tuple[tuple[int, int, bool], ...]
    """Row, column, and whether it is positive."""
    model: str
    measured: str
    """The name of what was measured, where the window cannot answer with it; else empty."""


def read_case(run: Path, name: str) -> Case:
    """Find the object `SET/STEM/OBJECT` in the folder of an evaluation; raises `EngineError`, a sentence.

    A slice of a volume is written as a picture into the folder, as the evaluation saw it.
    """
    from model.data.writing import encode_picture, write_bytes
    from model.errors import ModelError
    from model.evaluation.cases import find_case
    from model.evaluation.rivals import RIVALS

    try:
        found = find_case(run, name)
        photo = found.image
        if found.pixels is not None:
            photo = run / _PICTURES / f"{found.name.replace('/', '-')}.png"
            photo.parent.mkdir(exist_ok=True)
            write_bytes(photo, encode_picture(found.pixels))
    except ModelError as error:
        raise EngineError(str(error)) from error
    except OSError as error:
        raise EngineError(f"The slice cannot be written into {str(run)!r}: {error.strerror}.") from error
    clicks = tuple((click.row, click.col, click.is_positive) for click in found.clicks)
    is_rival = found.model in RIVALS
    return Case(found.name, photo, clicks, "" if is_rival else found.model, found.model if is_rival else "")

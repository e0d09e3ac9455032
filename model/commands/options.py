"""Options that several commands share, and what their words mean."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..clicks import Click
from ..errors import ClickError

if TYPE_CHECKING:
    from ..engine import Segmenter

THRESHOLD = 0.49
"""The published threshold; the same as `model.engine.THRESHOLD`, here without the engine's imports."""

MOST_THREADS = 1024
"""More than any machine's; where a system refuses to start so many, OpenMP ends the process without a word."""

_LONGEST_SEED = 18


class AddClick(argparse.Action):
    """Appends to `clicks` in the order of the command line, across `--positive` and `--negative`."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Append the point `values` with the sign of the option."""
        col, row = values if isinstance(values, tuple) else (0, 0)
        clicks = [*getattr(namespace, self.dest), Click(row, col, is_positive=option_string == "--positive")]
        setattr(namespace, self.dest, clicks)


def point(text: str) -> tuple[int, int]:
    """Read `X,Y` in whole pixels."""
    try:
        x, y = (int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y in whole pixels, such as 220,150") from None
    return x, y


def unit_threshold(text: str) -> float:
    """Read a number between 0 and 1, neither included."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return value


def whole_number(text: str) -> int:
    """Read a whole number from 1 on."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 on")
    return int(text)


def seed_number(text: str) -> int:
    """Read a whole number from 0 on."""
    if not (text.isascii() and text.isdigit()) or len(text) > _LONGEST_SEED:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a whole number from 0 on")
    return int(text)


def thread_number(text: str) -> int:
    """Read a number of threads that a machine could give."""
    count = whole_number(text)
    if count > MOST_THREADS:
        raise argparse.ArgumentTypeError(f"{count} threads are too many; give {MOST_THREADS} at most")
    return count


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the network and where it runs."""
    parser.add_argument("--model", metavar="NAME|FILE", help="a bundled model or a file (default: the bundled one)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (default: auto)")
    parser.add_argument("--threads", type=thread_number, metavar="N", help="CPU threads (default: as PyTorch chooses)")
    parser.add_argument("--flip", action="store_true", help="average each answer with the mirrored image's")
    parser.add_argument(
        "--threshold",
        type=unit_threshold,
        default=THRESHOLD,
        metavar="T",
        help="a pixel is object from this probability on (default: %(default)s)",
    )


def load_segmenter(arguments: argparse.Namespace) -> "Segmenter":
    """Load the network that the options choose; torch is imported here, after all that can be refused without it."""
    from ..engine import Segmenter

    return Segmenter.load(arguments.model, arguments.device, threads=arguments.threads, flip=arguments.flip)


def check_clicks(clicks: Sequence[Click], shape: tuple[int, ...]) -> None:
    """Raise `ClickError` where a click lies outside of an image of `shape` (height, width, ...)."""
    height, width = shape[:2]
    for click in clicks:
        if not (0 <= click.row < height and 0 <= click.col < width):
            raise ClickError(
                f"The click {click.col},{click.row} lies outside of the image of {width} x {height} pixels."
            )

"""The headless commands: which there are, and how each of them ends.

A command leaves with 0 when everything it was asked for is written, and with 2 after one sentence on the standard
error that says what is wrong. Commands are imported by name when they are asked for: none waits for another's torch.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn, Protocol, cast

from .errors import ModelError, SettingsError, printable

COMMANDS = {
    "segment": "Click points on images and write their masks.",
    "propagate": "Carry objects from labelled slices of a volume to the others.",
    "evaluate": "Measure the number of clicks that a model needs on a dataset.",
    "compare": "Compare finished evaluations, object by object.",
    "checkpoint": "Look at files of weights, import other projects' models, export and keep models.",
    "train": "Tune a model on your own images, or train one.",
}
"""Command -> what it is for; the module of its name in `model.commands` does it."""

_LONG = "train"
_SLEEPING_THREADS = ("OMP_WAIT_POLICY", "PASSIVE")
"""Read when torch is loaded: threads that wait for each other sleep, and leave the cores to the window and to others.

Spinning, a step of SegFormer-B0 on two threads took ten times as long on two cores that other work shared.
"""

_NO_MEMORY = "isegformer: There is not enough memory for this; take a smaller image or model."

FAILED = 2
INTERRUPTED = 130


class Command(Protocol):
    """What a module of `model.commands` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code; raise `ModelError` where the input is bad."""


class Parser(argparse.ArgumentParser):
    """Raises `SettingsError` on bad arguments instead of printing the usage and leaving."""

    def error(self, message: str) -> NoReturn:
        """Turn a message of argparse into a sentence."""
        raise SettingsError(f"{message[:1].upper()}{message[1:].rstrip('.')}; see `{self.prog} --help`.")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv`, command first (default: that of the process), and return the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else ""
    try:
        if name not in COMMANDS:
            raise SettingsError(f"There is no command {name!r}; choose one of: {', '.join(COMMANDS)}.")
        if name == _LONG:
            os.environ.setdefault(*_SLEEPING_THREADS)
        command = cast("Command", import_module(f".commands.{name}", __package__))
        parser = Parser(prog=f"isegformer {name}", description=COMMANDS[name], allow_abbrev=False)
        command.add_arguments(parser)
        return command.run(parser.parse_args(words[1:]))
    except ModelError as error:
        print(f"isegformer: {printable(str(error))}", file=sys.stderr)
    except OSError as error:
        # Foreseen failures of files are `ModelError`; this is the disk that fails in the middle.
        place = f" ({error.filename})" if error.filename else ""
        print(f"isegformer: The system refused: {(error.strerror or str(error)).lower()}{place}.", file=sys.stderr)
    except MemoryError:
        print(_NO_MEMORY, file=sys.stderr)
    except RuntimeError as error:
        # torch has no other word for it on a processor.
        if "can't allocate memory" not in str(error):
            raise
        print(_NO_MEMORY, file=sys.stderr)
    except KeyboardInterrupt:
        print("isegformer: Stopped; what was written is whole and stays.", file=sys.stderr)
        return INTERRUPTED
    return FAILED

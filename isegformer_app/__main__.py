"""Entry point of the `isegformer` command: a headless command goes to the model, everything else to the window.

Imports are lazy: `isegformer --help` and the window must not wait for torch.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.data.session_volumes import ReadPlane

HEADLESS_COMMANDS = ("segment", "propagate", "evaluate", "compare", "checkpoint", "train")
"""First arguments that never open a window; `model.cli` parses what follows them."""

OPEN_CASE = "open-case"

HELP = """\
usage: isegformer [PATH ...]              open photos, volumes or folders in the window
       isegformer open-case RUN CASE      make the clicks of an evaluation's SET/STEM/OBJECT again in the window
       isegformer COMMAND [OPTION ...]    work without a window

commands:
  segment     click points on images and write their masks
  propagate   carry objects from labelled slices of a volume to the others
  evaluate    measure the number of clicks a model needs on a dataset
  compare     compare finished evaluations, object by object
  checkpoint  look at files of weights, import, export and download models
  train       tune a model on your own images, or train one
              (each command has its own help: isegformer COMMAND --help)

options:
  -h, --help  show this text and leave
  --version   show the version and leave
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: that of the process) and return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else ""
    if first in {"-h", "--help"}:
        print(HELP, end="")
        return 0
    if first == "--version":
        print(f"isegformer {_version()}")
        return 0
    if first in HEADLESS_COMMANDS:
        from model.cli import main as run_command

        _lend_volume_reader()
        return run_command(arguments)
    if first == OPEN_CASE:
        from .app import open_case

        _lend_volume_reader()
        return open_case(arguments[1:])
    from .app import main as open_window

    return open_window(arguments)


def _lend_volume_reader() -> None:
    """Let the model read the volumes of sessions as the window does."""
    from model.data.session_volumes import open_volumes_with

    open_volumes_with(open_kept_slices)


def open_kept_slices(session: Path, place: int) -> "ReadPlane":
    """Open a volume of a session as `model.data.session_volumes.OpenVolume` says."""
    from model.errors import DatasetError

    from .controllers.kept_volumes import open_kept_volume
    from .document import SliceKey
    from .files.errors import FileProblem

    try:
        photo = open_kept_volume(session, place)
    except FileProblem as problem:
        raise DatasetError(str(problem)) from problem
    return lambda axis, index: photo.rgb(SliceKey(axis, index))


def _version() -> str:
    """Version of the installed distribution, or a word that says there is none."""
    try:
        return version("isegformer")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())

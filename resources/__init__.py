"""Files that travel with the program: bundled models and sample pictures."""

import sys
from pathlib import Path


class ResourceError(FileNotFoundError):
    """A file that should travel with the program is not there; `str(error)` is one sentence for the user."""


def resource_path(name: str) -> Path:
    """Path of the resource `name`, such as `samples/cat.png`: in the repository, the wheel and a frozen build alike.

    Raises `ResourceError` where the name leaves this folder or no such file or folder is there.
    """
    folder = _folder()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ResourceError(f"The resource name {name!r} leads outside of {folder}; give a name inside it.")
    if not path.exists():
        raise ResourceError(f"The program's file {name!r} is missing from {folder}; install the program again.")
    return path


def _folder() -> Path:
    """Folder of the resources: a frozen build unpacks it beside the program, otherwise it is this package."""
    unpacked = getattr(sys, "_MEIPASS", None)
    return Path(unpacked) / "resources" if unpacked else Path(__file__).parent

"""System libraries that the Python wheels expect to find on Linux: which are missing, and how to get them."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

COMMAND_LINE = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
}
"""Shared library -> Debian package, for work without a window: OpenCV loads these."""

OFFSCREEN = {
    **COMMAND_LINE,
    "libEGL.so.1": "libegl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
}
"""What Qt needs on top of that to draw without a display, as the tests do."""

WINDOW = {
    **OFFSCREEN,
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt needs on top of that to open a window on X11."""


class MissingLibrariesError(Exception):
    """Libraries are missing and could not be installed; the message names the command that installs them."""


def missing_packages(wanted: dict[str, str], load: Callable[[str], object] = ctypes.CDLL) -> list[str]:
    """Packages of those libraries in `wanted` (library -> package) that cannot be loaded, sorted."""
    missing = set()
    for library, package in wanted.items():
        try:
            load(library)
        except OSError:
            missing.add(package)
    return sorted(missing)


def install_command(packages: Iterable[str]) -> list[str]:
    """Command that installs `packages` on Debian, Ubuntu and their kin."""
    return ["apt-get", "install", "-y", "--no-install-recommends", *packages]


def ensure_libraries(wanted: dict[str, str]) -> None:
    """See that every library in `wanted` can be loaded; install with apt-get where this process may.

    Raises `MissingLibrariesError` where libraries are still missing. Does nothing on Windows and macOS, where the
    wheels bring all they need.
    """
    if not sys.platform.startswith("linux"):
        return
    packages = missing_packages(wanted)
    if not packages:
        return
    command = install_command(packages)
    if shutil.which("apt-get") is None:
        raise MissingLibrariesError(
            "System libraries are missing; install what your system calls these Debian packages: " + ", ".join(packages)
        )
    if os.geteuid() != 0:
        raise MissingLibrariesError("System libraries are missing; install them with: sudo " + " ".join(command))
    print("Installing missing system libraries: " + ", ".join(packages), flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update"], env=environment, check=False)
    subprocess.run(command, env=environment, check=False)
    still_missing = missing_packages(wanted)
    if still_missing:
        raise MissingLibrariesError(
            "apt-get could not install all system libraries; run this and read what it says: "
            + " ".join(install_command(still_missing))
        )

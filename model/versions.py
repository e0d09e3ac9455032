"""What results depend on beside the code and the data: written down with every evaluation and every training."""

import platform
from importlib.metadata import PackageNotFoundError, version

_PACKAGES = ("isegformer", "torch", "torchvision", "numpy", "opencv-python", "timm", "scipy")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide the numbers, where they are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found

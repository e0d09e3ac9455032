"""What the engine accepts, and the sentence for everything else."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..clicks import Click
from ..errors import ClickError, ImageError

_CHANNELS = 3


def checked_image(image: object) -> NDArray[np.uint8]:
    """Give back an image (H, W, 3) uint8; raises `ImageError` for anything else."""
    if not isinstance(image, np.ndarray):
        raise ImageError(f"The image is a {type(image).__name__}: give a numpy array (height, width, 3) of uint8, RGB.")
    if image.ndim == _CHANNELS and image.shape[2] == _CHANNELS and image.dtype == np.uint8 and image.size > 0:
        return image
    if image.size == 0:
        advice = "it has no pixels"
    elif image.dtype != np.uint8:
        advice = "scale its values to 0..255 and convert them with astype(numpy.uint8)"
    elif image.ndim == 2:
        advice = "make three equal channels of a grey image with numpy.stack([image] * 3, axis=-1)"
    else:
        advice = "keep its red, green and blue channels only, as the last axis"
    raise ImageError(
        f"The image is {image.dtype} of shape {image.shape}, but must be uint8 of shape (height, width, 3): {advice}."
    )


def checked_clicks(clicks: Iterable[Click], size: tuple[int, int]) -> tuple[Click, ...]:
    """Give the clicks as plain Python values; raises `ClickError` where one does not lie on a pixel of the image."""
    height, width = size
    if not isinstance(clicks, Iterable):
        raise ClickError(f"The clicks are a {type(clicks).__name__}: give a list of model.clicks.Click objects.")
    checked = []
    for number, click in enumerate(clicks, start=1):
        if not isinstance(click, Click):
            raise ClickError(f"Click {number} is a {type(click).__name__}: give model.clicks.Click objects.")
        if not (_is_integer(click.row) and _is_integer(click.col)):
            raise ClickError(
                f"Click {number} at row {click.row!r}, column {click.col!r} is not on a pixel: use whole numbers."
            )
        if not isinstance(click.is_positive, (bool, np.bool_)):
            raise ClickError(f"Click {number} has the sign {click.is_positive!r}: is_positive must be True or False.")
        if not (0 <= click.row < height and 0 <= click.col < width):
            raise ClickError(
                f"Click {number} at row {click.row}, column {click.col} lies outside of the image "
                f"of {height} rows and {width} columns."
            )
        checked.append(Click(int(click.row), int(click.col), bool(click.is_positive)))
    return tuple(checked)


def checked_previous(previous: object, size: tuple[int, int]) -> NDArray[Any] | None:
    """Give back a previous mask (H, W), bool or float in [0, 1]; None where it is None or zero everywhere.

    Raises `ImageError` where its type, shape or values are others.
    """
    if previous is None:
        return None
    if not isinstance(previous, np.ndarray):
        raise ImageError(f"The previous mask is a {type(previous).__name__}: give a numpy array (height, width).")
    if previous.shape != size:
        raise ImageError(f"The previous mask has the shape {previous.shape}, but the image is {size[0]} x {size[1]}.")
    if previous.dtype == np.bool_:
        return previous if previous.any() else None
    if not np.issubdtype(previous.dtype, np.floating):
        raise ImageError(
            f"The previous mask is {previous.dtype}, but must be bool or float in [0, 1]: compare it with a threshold."
        )
    lowest, highest = previous.min(), previous.max()
    if not (lowest >= 0 and highest <= 1):
        raise ImageError(
            f"The previous mask holds values from {lowest} to {highest}, but probabilities must lie in [0, 1]."
        )
    return previous if highest > 0 else None


def _is_integer(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)

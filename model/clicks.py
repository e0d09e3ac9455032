"""The click: the one prompt that every room of the model package speaks of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Click:
    """One point of the user on the image.

    `row` and `col` are pixel coordinates of the image given to the engine: 0 <= row < height, 0 <= col < width.
    `is_positive` is True where the pixel belongs to the object, False where it does not.
    """

    row: int
    col: int
    is_positive: bool

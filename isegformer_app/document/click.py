"""The click, as the document keeps it."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Click:
    """One point of the annotator on a slice.

    `row` and `col` are whole pixels of the slice; `is_positive` is True on the object, False beside it.
    """

    row: int
    col: int
    is_positive: bool

    def flipped(self) -> "Click":
        """Return the same point with the other sign."""
        return replace(self, is_positive=not self.is_positive)

    def moved(self, row: int, col: int) -> "Click":
        """Return the same sign at another point."""
        return replace(self, row=row, col=col)

"""What the network sees of a grey volume: fixed and named, so that masks do not depend on how it is displayed."""

from dataclasses import dataclass

DISPLAY = "display window"
"""Name of the normalisation that follows the window on the screen."""


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Values that the network gets as black (`low`) and as white (`high`), and how they were chosen."""

    name: str
    low: float
    high: float

    @property
    def window(self) -> tuple[float, float]:
        """Both values."""
        return self.low, self.high

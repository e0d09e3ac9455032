"""Stochastic depth, as every transformer of this package has it."""

from torch import Tensor, nn

from ..errors import SettingsError


class DropPath(nn.Module):
    """Stochastic depth: in training, drop a residual branch of a sample with `probability` and scale the others."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability < 1:
            raise SettingsError(f"The drop path probability must be at least 0 and under 1, not {probability}.")
        self.probability = probability

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> the same shape."""
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        return x * x.new_empty(shape).bernoulli_(keep).div_(keep)

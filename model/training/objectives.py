"""What a step of training minimises: the weighted losses of the answer, and of a second answer where there is one."""

from torch import Tensor, nn
from torch.nn import functional

from ..networks import ClickNetwork
from .click_settings import ClickSettings
from .losses import binary_cross_entropy, boundary_loss, dice_loss, normalized_focal_loss


def answer_loss(logits: Tensor, target: Tensor, ignored: Tensor, settings: ClickSettings) -> Tensor:
    """Sum up the losses that have a weight; logits and target (B, 1, H, W) float, ignored bool."""
    total = logits.new_zeros(())
    if settings.focal_weight:
        total = total + settings.focal_weight * normalized_focal_loss(logits, target, ignore=ignored)
    if settings.cross_entropy_weight:
        total = total + settings.cross_entropy_weight * binary_cross_entropy(logits, target, ignored)
    if settings.dice_weight:
        total = total + settings.dice_weight * dice_loss(logits, target, ignored)
    if settings.boundary_weight:
        total = total + settings.boundary_weight * boundary_loss(logits, target, ignored)
    return total


class AuxiliaryHead:
    """Hears a network's second answer, where it has one: what its module `auxiliary` gives."""

    def __init__(self, network: ClickNetwork) -> None:
        self._heard: Tensor | None = None
        if network.auxiliary:
            network.get_submodule(network.auxiliary).register_forward_hook(self._hear)

    def _hear(self, module: nn.Module, inputs: object, output: Tensor) -> None:
        self._heard = output

    def loss(self, target: Tensor, ignored: Tensor) -> Tensor | None:
        """Give the binary cross entropy of its last answer; None where there was none."""
        if self._heard is None:
            return None
        size = (target.shape[2], target.shape[3])
        logits = functional.interpolate(self._heard.float(), size=size, mode="bilinear", align_corners=True)
        self._heard = None
        return binary_cross_entropy(logits, target, ignored)

"""Losses of click networks."""

import torch
from torch import Tensor
from torch.nn import functional


def normalized_focal_loss(
    logits: Tensor, target: Tensor, *, alpha: float = 0.5, gamma: float = 2.0, ignore: Tensor | None = None
) -> Tensor:
    """Return the normalised focal loss (RITM's `NormalizedFocalLossSigmoid`, as iSegFormer trains with): a scalar.

    `logits` and `target` are (B, 1, H, W), the target in {0, 1}; pixels where `ignore` is true count nowhere.
    With p_t = 1 - |y - sigmoid(logits)| and beta = (1 - p_t)^gamma, a sample's loss is
    -sum(alpha_t * beta * log p_t) / sum(beta), alpha_t = alpha on the object and 1 - alpha off it, and
    sum(beta) is held constant in the gradient. The paper's Eq. 1 normalises otherwise; this is the code's form.
    """
    logits = logits.float()
    valid = torch.ones_like(target) if ignore is None else (~ignore).to(target.dtype)
    likeness = torch.where(valid > 0, 1 - (target - torch.sigmoid(logits)).abs(), 1.0)
    beta = (1 - likeness) ** gamma
    with torch.no_grad():
        scale = valid.sum(dim=(1, 2, 3)) / (beta.sum(dim=(1, 2, 3)) + 1e-12)
    weight = torch.where(target > 0.5, alpha, 1 - alpha)
    loss = -weight * beta * torch.log((likeness + 1e-12).clamp(max=1.0)) * valid
    per_sample = scale * loss.sum(dim=(1, 2, 3)) / valid.sum(dim=(1, 2, 3)).clamp(min=1)
    return per_sample.mean()


def binary_cross_entropy(logits: Tensor, target: Tensor, ignore: Tensor | None = None) -> Tensor:
    """Mean over samples of the mean binary cross entropy of the pixels that count; shapes as above."""
    valid = _valid(target, ignore)
    loss = functional.binary_cross_entropy_with_logits(logits.float(), target, reduction="none") * valid
    return (loss.sum(dim=(1, 2, 3)) / valid.sum(dim=(1, 2, 3)).clamp(min=1)).mean()


def dice_loss(logits: Tensor, target: Tensor, ignore: Tensor | None = None) -> Tensor:
    """One minus the soft Dice coefficient, with 1 added above and below; mean over samples."""
    valid = _valid(target, ignore)
    probability, inside = torch.sigmoid(logits.float()) * valid, target * valid
    shared = (probability * inside).sum(dim=(1, 2, 3))
    both = probability.sum(dim=(1, 2, 3)) + inside.sum(dim=(1, 2, 3))
    return (1 - (2 * shared + 1) / (both + 1)).mean()


def boundary_loss(logits: Tensor, target: Tensor, ignore: Tensor | None = None, *, reach: int = 3) -> Tensor:
    """Mean over samples of the binary cross entropy within `reach` pixels of the target's border."""
    side = 2 * reach + 1
    grown = functional.max_pool2d(target, side, stride=1, padding=reach)
    shrunk = 1 - functional.max_pool2d(1 - target, side, stride=1, padding=reach)
    band = (grown - shrunk) * _valid(target, ignore)
    loss = functional.binary_cross_entropy_with_logits(logits.float(), target, reduction="none") * band
    return (loss.sum(dim=(1, 2, 3)) / band.sum(dim=(1, 2, 3)).clamp(min=1)).mean()


def _valid(target: Tensor, ignore: Tensor | None) -> Tensor:
    return torch.ones_like(target) if ignore is None else (~ignore).to(target.dtype)

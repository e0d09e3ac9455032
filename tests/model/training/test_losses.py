"""The normalised focal loss against a case computed by hand."""

import math

import pytest
import torch

from model.training.losses import binary_cross_entropy, boundary_loss, dice_loss, normalized_focal_loss


def test_two_pixels_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 2.0]]]])
    target = torch.tensor([[[[1.0, 0.0]]]])
    likeness = (0.5, 1 - 1 / (1 + math.exp(-2.0)))
    beta = [(1 - p) ** 2 for p in likeness]
    expected = sum(-0.5 * b * math.log(p) for b, p in zip(beta, likeness, strict=True)) / sum(beta)
    assert float(normalized_focal_loss(logits, target)) == pytest.approx(expected, rel=1e-5)


def test_ignored_pixels_count_nowhere() -> None:
    logits, target = torch.randn(1, 1, 4, 6), (torch.rand(1, 1, 4, 6) > 0.5).float()
    ignore = torch.zeros(1, 1, 4, 6, dtype=torch.bool)
    ignore[..., 4:] = True
    spoiled = logits.clone()
    spoiled[..., 4:] = 50.0
    whole = normalized_focal_loss(spoiled, target, ignore=ignore)
    assert float(whole) == pytest.approx(float(normalized_focal_loss(logits[..., :4], target[..., :4])), rel=1e-5)


def test_the_normaliser_has_no_gradient() -> None:
    logits = torch.tensor([[[[0.3, -0.7]]]], requires_grad=True)
    target = torch.tensor([[[[1.0, 0.0]]]])
    torch.autograd.backward(normalized_focal_loss(logits, target))
    free = logits.detach().clone().requires_grad_()
    likeness = 1 - (target - torch.sigmoid(free)).abs()
    beta = (1 - likeness) ** 2
    fixed = beta.detach().sum()
    torch.autograd.backward((-0.5 * beta * torch.log(likeness)).sum() / fixed)
    assert logits.grad is not None
    assert free.grad is not None
    assert torch.allclose(logits.grad, free.grad, atol=1e-6)


def test_cross_entropy_and_dice_by_hand() -> None:
    logits = torch.tensor([[[[0.0, 2.0, 9.0]]]])
    target = torch.tensor([[[[1.0, 0.0, 0.0]]]])
    ignore = torch.tensor([[[[False, False, True]]]])
    wrong = 1 / (1 + math.exp(-2.0))
    assert float(binary_cross_entropy(logits, target, ignore)) == pytest.approx(
        (-math.log(0.5) - math.log(1 - wrong)) / 2, rel=1e-5
    )
    assert float(dice_loss(logits, target, ignore)) == pytest.approx(
        1 - (2 * 0.5 + 1) / (0.5 + wrong + 1 + 1), rel=1e-5
    )


def test_the_boundary_loss_looks_at_the_border_only() -> None:
    target = torch.zeros(1, 1, 20, 20)
    target[..., 10:] = 1
    logits = torch.where(target > 0, 20.0, -20.0)
    assert float(boundary_loss(logits, target)) == pytest.approx(0, abs=1e-6)
    far, near = logits.clone(), logits.clone()
    far[..., :5] = 20.0
    near[..., 8] = 20.0
    assert float(boundary_loss(far, target)) == pytest.approx(0, abs=1e-6)
    assert float(boundary_loss(near, target)) == pytest.approx(20 / 6, rel=1e-4)

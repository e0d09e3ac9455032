"""The normalised focal loss against a case computed by hand."""

import math

import pytest
import torch

from model.training.losses import normalized_focal_loss


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

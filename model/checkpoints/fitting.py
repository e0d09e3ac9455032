"""Bringing foreign weights into a network's names and shapes, with everything told that does not fit."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import CheckpointError
from ..networks.mit import widen_stem
from .foreign import ForeignWeights
from .naming import named
from .plans import Plan

_RGB = 3
_POSITIONS = "pos_embed"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights that fit, by the network's names, and what was left over on either side."""

    tensors: Mapping[str, Tensor]
    missing: tuple[str, ...]
    """Names of the network that the file has nothing for."""
    unused: tuple[str, ...]
    """Names of the file that the network has no place for."""
    changes: tuple[str, ...]
    """What was done to weights beyond renaming, in words."""


def fit(weights: ForeignWeights, plan: Plan, wanted: Mapping[str, Tensor], *, adapt: bool) -> Fitted:
    """Make the weights `wanted` (by name, of the right shape) after `plan`.

    The place of a class token that is not wanted is left out. With `adapt`, a stem of three channels is widened and a
    table of positions is resized; without it they do not fit. Raises `CheckpointError` where a shape does not fit, or
    a number is not finite.
    """
    chosen = {name: sources for name, sources in plan.items() if name in wanted}
    read = weights.load([source for sources in chosen.values() for source in sources])
    tensors: dict[str, Tensor] = {}
    changes: list[str] = []
    misfits: list[str] = []
    for name, sources in chosen.items():
        parts = [read.pop(source) for source in sources]
        tensor = _joined(weights, sources, parts)
        target = wanted[name]
        if name.endswith(_POSITIONS) and tensor.dim() == target.dim() == 3 and tensor.shape[1] != target.shape[1]:
            tensor = _placed(name, tensor, target, changes, may_resize=adapt)
        elif adapt:
            tensor = _widened(name, tensor, target, changes)
        if tensor.dim() == 2 and target.shape[2:] == (1, 1):
            tensor = tensor[:, :, None, None]  # a linear layer is a 1x1 convolution
        if tensor.shape != target.shape or tensor.is_floating_point() != target.is_floating_point():
            misfits.append(f"{name} is {tuple(tensor.shape)}, but must be {tuple(target.shape)}")
        else:
            tensors[name] = tensor.to(target.dtype)
    if misfits:
        raise CheckpointError(f"The weights of {weights.path} do not fit: {named(misfits, '; ')}.")
    _check_finite(weights, tensors)
    used = {source for sources in chosen.values() for source in sources}
    return Fitted(
        tensors,
        tuple(name for name in wanted if name not in chosen),
        tuple(name for name in weights.entries if name not in used),
        tuple(changes),
    )


def _joined(weights: ForeignWeights, sources: Sequence[str], parts: list[Tensor]) -> Tensor:
    if len(parts) == 1:
        return parts[0]
    try:
        return torch.cat(parts)
    except RuntimeError as error:
        raise CheckpointError(f"The weights {', '.join(sources)} of {weights.path} do not fit together.") from error


def _widened(name: str, tensor: Tensor, target: Tensor, changes: list[str]) -> Tensor:
    if tensor.dim() == 4 and tensor.shape[1] == _RGB < target.shape[1] and tensor.shape[2:] == target.shape[2:]:
        changes.append(f"the stem {name} was widened from 3 to {target.shape[1]} channels by repeating its RGB filters")
        return widen_stem(tensor, target.shape[1])
    return tensor


def _placed(name: str, tensor: Tensor, target: Tensor, changes: list[str], *, may_resize: bool) -> Tensor:
    """Bring a table of positions (1, N, C), N a square or one more, to another N; or leave it as it does not fit."""
    (old, old_class), (new, new_class) = (_side(table.shape[1]) for table in (tensor, target))
    if not old or not new or old_class < new_class or tensor.shape[2] != target.shape[2]:
        return tensor
    class_token, places = tensor[:, : 1 if new_class else 0], tensor[:, 1 if old_class else 0 :]
    if old_class and not new_class:
        changes.append(f"the class token's place was left out of {name}")
    if old == new:
        return places
    if not may_resize:
        return tensor
    grid = places.float().reshape(1, old, old, -1).permute(0, 3, 1, 2)
    resized = functional.interpolate(grid, size=(new, new), mode="bicubic", align_corners=False)
    changes.append(f"the table of positions {name} was resized from {old} x {old} to {new} x {new}")
    return torch.cat((class_token.float(), resized.flatten(2).transpose(1, 2)), dim=1)


def _side(count: int) -> tuple[int, bool]:
    """Side of a square of `count` positions, and whether a class token stands before it; 0 where it is no square."""
    for has_class in (False, True):
        side = math.isqrt(count - has_class)
        if side**2 == count - has_class:
            return side, has_class
    return 0, False


def _check_finite(weights: ForeignWeights, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"The weights of {weights.path} are damaged: {name} is not finite.")

"""Batches of targets drawn from kept views: balanced over sets, cropped, flipped, colours changed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DatasetError
from .kept_views import KeptViews
from .settings import TrainingSettings
from .views import VOID

Patch = tuple[int, int, int, int]
_Mask = NDArray[np.bool_]
_Sample = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], _Mask, _Mask, _Mask]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tokens (B, 1 + hw, 384) twice, colours (B, 3, 8h, 8w) in [0, 1], one boolean target (8h, 8w) a sample."""

    trunk: Tensor
    last: Tensor
    half: Tensor
    targets: list[NDArray[np.bool_]]
    others: list[NDArray[np.bool_]]
    """What else is labelled in the view: material for wrong starting masks."""
    ignored: list[NDArray[np.bool_]]
    """Pixels that count nowhere."""


class TargetSource:
    """Draws batches for ever. A set weighs as the square root of its number of views."""

    def __init__(self, kept: Sequence[KeptViews], settings: TrainingSettings, rng: np.random.Generator) -> None:
        self._settings = settings
        self._rng = rng
        sizes = Counter(str(entry["set"]) for views in kept for entry in views.index if entry["targets"])
        if not sizes:
            raise DatasetError("The kept views hold no target that could be clicked.")
        self._places = [(views, index) for views in kept for index in range(len(views.index))]
        entries = [views.index[index] for views, index in self._places]
        weights = np.array([sizes[str(entry["set"])] ** -0.5 if entry["targets"] else 0.0 for entry in entries])
        self._weights = weights / weights.sum()
        self._rows = np.array([views.rows for views, _ in self._places])
        self._cols = np.array([views.cols for views, _ in self._places])

    def draw(self) -> Batch:
        """Draw one batch: a view sets the token grid, the rest are views that hold a window of that grid."""
        settings, rng = self._settings, self._rng
        side = int(rng.choice(settings.crop_tokens, p=settings.crop_shares))
        first = int(rng.choice(len(self._weights), p=self._weights))
        rows, cols = min(int(self._rows[first]), side), min(int(self._cols[first]), side)
        weights = self._weights * (self._rows >= rows) * (self._cols >= cols)
        chosen = rng.choice(len(weights), settings.batch_size, p=weights / weights.sum())
        samples = [self._sample(*self._places[int(place)], rows, cols) for place in chosen]
        return Batch(
            trunk=torch.from_numpy(np.stack([sample[0] for sample in samples])),
            last=torch.from_numpy(np.stack([sample[1] for sample in samples])),
            half=torch.from_numpy(np.stack([sample[2] for sample in samples])).permute(0, 3, 1, 2),
            targets=[sample[3] for sample in samples],
            others=[sample[4] for sample in samples],
            ignored=[sample[5] for sample in samples],
        )

    def _sample(self, views: KeptViews, index: int, rows: int, cols: int) -> _Sample:
        labels = np.asarray(views.arrays["labels"][index])
        target = self._target(labels, views.index[index])
        patch = self._patch(target, views, rows, cols)
        flip = bool(self._rng.random() < self._settings.flip_share)
        fine = tuple(8 * edge for edge in patch)
        window = np.s_[fine[0] : fine[1], fine[2] : fine[3]]
        colours = change_colours(np.asarray(views.arrays["half"][index])[window], self._rng)
        target, labels = target[window], labels[window]
        if flip:
            colours, target, labels = colours[:, ::-1], target[:, ::-1], labels[:, ::-1]
        trunk, last = (
            _cut_tokens(np.asarray(views.arrays[name][index]), views, patch, flip=flip) for name in ("trunk", "last")
        )
        ignored = labels == VOID
        other = (labels > 0) & ~target & ~ignored
        target = np.ascontiguousarray(target)
        return trunk, last, np.ascontiguousarray(colours), target, np.ascontiguousarray(other), ignored

    def _target(self, labels: NDArray[np.uint16], entry: dict[str, object]) -> NDArray[np.bool_]:
        settings, rng = self._settings, self._rng
        values = np.asarray(entry["targets"])
        if entry["set"] in settings.whole_sets and rng.random() < settings.whole_share:
            return np.asarray((labels > 0) & (labels < VOID))
        picked = [rng.choice(values)]
        if len(values) > 1 and rng.random() < settings.merge_share:
            picked.append(rng.choice(values))
        return np.isin(labels, picked)

    def _patch(self, target: NDArray[np.bool_], views: KeptViews, rows: int, cols: int) -> Patch:
        """Choose the token window (top, bottom, left, right) of the given size that holds a pixel of the target."""
        points = np.argwhere(target)
        row, col = points[self._rng.integers(len(points))] // 8
        top = int(np.clip(row - self._rng.integers(rows), 0, views.rows - rows))
        left = int(np.clip(col - self._rng.integers(cols), 0, views.cols - cols))
        return top, top + rows, left, left + cols


def _cut_tokens(tokens: NDArray[np.generic], views: KeptViews, patch: Patch, *, flip: bool) -> NDArray[np.float32]:
    grid = tokens[1:].reshape(views.rows, views.cols, -1)[patch[0] : patch[1], patch[2] : patch[3]]
    if flip:
        grid = grid[:, ::-1]
    return np.concatenate((tokens[:1], grid.reshape(-1, tokens.shape[1]))).astype(np.float32)


def change_colours(colours: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
    """Change brightness, contrast and balance of a view, grey it at times: (H, W, 3) uint8 -> float32 in [0, 1]."""
    x = colours.astype(np.float32) / 255
    if rng.random() < 0.1:
        x = np.repeat(x.mean(axis=2, keepdims=True), 3, axis=2)
    if rng.random() < 0.75:
        gain = rng.uniform(0.8, 1.25) * rng.uniform(0.94, 1.06, 3)
        x = (x - 0.5) * gain + 0.5 + rng.uniform(-0.15, 0.15)
    return np.clip(x, 0, 1).astype(np.float32)


def wrong_mask(target: NDArray[np.bool_], other: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Spoil a target as masks from elsewhere are: grown, shrunk, cut, shifted, or leaking into a neighbour."""
    mask = target.astype(np.uint8)
    reach = 1 + int(0.15 * np.sqrt(target.sum()) * rng.random())
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    choice = rng.integers(4)
    if choice == 0:
        mask = np.asarray(cv2.dilate(mask, kernel), np.uint8)
    elif choice == 1:
        mask = np.asarray(cv2.erode(mask, kernel), np.uint8)
    elif choice == 2 and other.any():
        mask = mask | other.astype(np.uint8)
    else:
        rows, cols = np.nonzero(target)
        angle = rng.uniform(0, 2 * np.pi)
        side = (rows - rows.mean()) * np.cos(angle) + (cols - cols.mean()) * np.sin(angle)
        cut = side > np.quantile(side, rng.uniform(0.3, 0.8))
        mask[rows[cut], cols[cut]] = 0
    return mask.astype(np.float32)

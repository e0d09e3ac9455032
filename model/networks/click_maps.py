"""Clicks as disk maps (RITM's `DistMaps` with `use_disks=True`, `norm_radius=5`)."""

import math

import torch
from torch import Tensor

DISK_RADIUS = 5.0
"""Radius of a click's disk in network-input pixels (iSegFormer, section 2.1)."""


def disk_maps(points: Tensor, size: tuple[int, int], radius: float = DISK_RADIUS) -> Tensor:
    """Draw clicks as disks: (B, 2, H, W) float, 1 inside a disk, channel 0 positive and channel 1 negative.

    `points` is (B, N, 3) with rows (row, col, sign): sign 1 for a positive click, -1 for a negative one, 0 for
    padding. Coordinates are pixels of the view and are not rounded; a click may lie outside of it. A pixel lies in
    a disk where (r - row)^2 + (c - col)^2 <= radius^2.
    """
    height, width = size
    # Coordinates of the hundreds need more than half precision.
    exact = points.to(torch.promote_types(points.dtype, torch.float32))
    row, col, sign = exact.unbind(dim=2)
    # Only the box round a click is looked at; a map a click would take N times the memory and the time.
    rows = _box(row, height, radius)
    cols = _box(col, width, radius)
    row_distance = (rows - row[:, :, None]) ** 2
    col_distance = (cols - col[:, :, None]) ** 2
    inside = row_distance[:, :, :, None] + col_distance[:, :, None, :] <= radius**2
    inside &= (sign != 0)[:, :, None, None]
    inside &= ((rows >= 0) & (rows < height))[:, :, :, None] & ((cols >= 0) & (cols < width))[:, :, None, :]
    channel = (sign < 0).long()[:, :, None, None]
    index = (channel * height + rows[:, :, :, None]) * width + cols[:, :, None, :]
    # What is not inside goes to one spare cell at the end, so that no step waits for the device to count pixels.
    spare = 2 * height * width
    index = torch.where(inside, index, spare)
    maps = torch.zeros((points.shape[0], spare + 1), dtype=exact.dtype, device=points.device)
    maps.scatter_(1, index.flatten(1), 1.0)
    return maps[:, :spare].reshape(-1, 2, height, width).to(points.dtype)


def _box(centre: Tensor, side: int, radius: float) -> Tensor:
    """Whole coordinates that a disk round `centre` (B, N) can reach, and a few more: (B, N, K) long."""
    reach = math.ceil(radius)
    # Kept near the view, so that no coordinate is too large for an integer; such a box holds no pixel of a disk.
    first = centre.nan_to_num().clamp(-2 - 2 * reach, side + 2 + 2 * reach).floor().long() - reach
    return first[:, :, None] + torch.arange(2 * reach + 2, device=centre.device)

"""Clicks as disk maps (RITM's `DistMaps` with `use_disks=True`, `norm_radius=5`)."""

import math

import torch
from torch import Tensor
from torch.nn import functional

DISK_RADIUS = 5.0
"""Radius of a click's disk in network-input pixels (iSegFormer, section 2.1)."""

_COVERED = 0.5
"""A centre has at least this share of its disk drawn: not all, because clicks lie between pixels too."""


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


def disk_centres(maps: Tensor, radius: float = DISK_RADIUS) -> Tensor:
    """Find the pixels at the centres of the disks of `disk_maps`: (B, 2, H, W) -> the same shape, boolean.

    Between two disks that overlap by most of their area there may be centres more. A disk whose own centre lies
    outside of the view is not found.
    """
    kernel = _disk(radius, maps)
    reach = kernel.shape[2] // 2
    drawn = maps.flatten(0, 1)[:, None]
    count = functional.conv2d(drawn, kernel, padding=reach)
    in_view = functional.conv2d(torch.ones_like(drawn[:1]), kernel, padding=reach)
    # Largest where a disk has just the pixels that are drawn, neither fewer (count) nor more (count of in_view).
    fit = count**2 / in_view
    best = functional.max_pool2d(fit, 3, stride=1, padding=1)
    centres = (drawn > 0) & (count >= _COVERED * in_view) & (fit >= best)
    return centres.reshape(maps.shape)


def redrawn(centres: Tensor, box: tuple[float, float, float, float], size: tuple[int, int], radius: float) -> Tensor:
    """Draw disks of another radius at `centres` (B, 2, H, W), boolean, in the part `box` resized to `size` (h, w).

    `box` is (first row, first column, last row, last column), the last ones excluded. (B, 2, h, w) float. Pixels
    scale without regard to where in a pixel a click lies, as in FocalClick.
    """
    sample, sign, row, col = centres.nonzero(as_tuple=True)
    reach = math.ceil(radius)
    height, width = (side + 2 * reach for side in size)
    row = ((row - box[0]) * (size[0] / (box[2] - box[0]))).round().long() + reach
    col = ((col - box[1]) * (size[1] / (box[3] - box[1]))).round().long() + reach
    near = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    points = torch.zeros((*centres.shape[:2], height, width), device=centres.device)
    points[sample[near], sign[near], row[near], col[near]] = 1
    drawn = functional.conv2d(points.flatten(0, 1)[:, None], _disk(radius, points)) > 0.5
    return drawn.to(points.dtype).reshape(*centres.shape[:2], *size)


def _disk(radius: float, like: Tensor) -> Tensor:
    """One disk round the middle pixel: (1, 1, 2 * ceil(radius) + 1, the same)."""
    reach = math.ceil(radius)
    offset = torch.arange(-reach, reach + 1, device=like.device)
    return (offset[:, None] ** 2 + offset[None, :] ** 2 <= radius**2).to(like)[None, None]

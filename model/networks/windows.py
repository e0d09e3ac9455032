"""Attention within square windows of a map: how the map is cut, and the bias by which a token knows the way."""

import torch
from torch import Tensor


def lacking(length: int, side: int) -> int:
    """Tokens that `length` lacks to whole windows of `side`.

    Written so that an exporter of dynamic sizes sees at once that `length` and this are a multiple of `side`.
    """
    return (length + side - 1) // side * side - length


def split_windows(x: Tensor, side: int) -> Tensor:
    """Cut a map (B, H, W, C), H and W multiples of `side`, row by row: (B * H/side * W/side, side * side, C)."""
    batch, height, width, channels = x.shape
    cut = x.reshape(batch, height // side, side, width // side, side, channels)
    return cut.transpose(2, 3).reshape(-1, side * side, channels)


def join_windows(windows: Tensor, side: int, size: tuple[int, int]) -> Tensor:
    """Put the windows of `split_windows` back into maps (B, H, W, C) of `size` (H, W)."""
    rows, cols = size[0] // side, size[1] // side
    cut = windows.reshape(-1, rows, cols, side, side, windows.shape[2])
    return cut.transpose(2, 3).reshape(-1, *size, windows.shape[2])


def split_heads(tokens: Tensor, heads: int) -> Tensor:
    """(B, N, C) -> (B, heads, N, C / heads)."""
    return tokens.reshape(*tokens.shape[:2], heads, -1).transpose(1, 2)


def offset_count(side: int) -> int:
    """Number of ways from a token of a window to another."""
    return (2 * side - 1) ** 2


def offset_index(side: int) -> Tensor:
    """Number of the way from each token to each other: (side * side, side * side), in 0..offset_count - 1."""
    place = torch.arange(side)
    rows, cols = (grid.flatten() for grid in torch.meshgrid(place, place, indexing="ij"))
    down, right = rows[:, None] - rows[None, :], cols[:, None] - cols[None, :]
    return (down + side - 1) * (2 * side - 1) + right + side - 1


def offset_bias(table: Tensor, index: Tensor) -> Tensor:
    """Look up what attention adds for each way: table (offset_count, heads) -> (heads, side * side, side * side)."""
    return table[index].permute(2, 0, 1)

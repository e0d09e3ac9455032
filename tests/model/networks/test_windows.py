"""Windows are cut and joined without loss, and the bias of a way depends on the way alone."""

import torch

from model.networks.windows import join_windows, offset_bias, offset_count, offset_index, split_heads, split_windows


def test_a_window_is_a_square_of_the_map() -> None:
    grid = torch.randn(2, 6, 9, 4)
    windows = split_windows(grid, 3)
    assert windows.shape == (2 * 2 * 3, 9, 4)
    assert torch.equal(windows[1 * 6 + 1 * 3 + 2], grid[1, 3:6, 6:9].reshape(9, 4))
    assert torch.equal(join_windows(windows, 3, (6, 9)), grid)


def test_the_bias_is_looked_up_by_rows_and_columns_between_two_tokens() -> None:
    side, heads = 4, 2
    table = torch.randn(offset_count(side), heads)
    bias = offset_bias(table, offset_index(side))
    assert bias.shape == (heads, 16, 16)
    for query in range(16):
        for key in range(16):
            down, right = query // 4 - key // 4, query % 4 - key % 4
            assert torch.equal(bias[:, query, key], table[(down + 3) * 7 + right + 3])


def test_heads_are_consecutive_channels() -> None:
    tokens = torch.randn(2, 5, 6)
    assert torch.equal(split_heads(tokens, 3)[1, 2], tokens[1, :, 4:6])

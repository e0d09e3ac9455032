"""What training changes for the whole process is put back after each test."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> Iterator[None]:
    """A trainer flushes subnormal numbers to zero; hypothesis refuses to draw numbers in such a process."""
    yield
    torch.set_flush_denormal(False)

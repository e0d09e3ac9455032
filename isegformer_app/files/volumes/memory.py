"""How much memory a volume may take without asking, and hashes of files that may be larger than memory."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from isegformer_app.document import Shape

from ..errors import TooLarge

LARGE_MEMORY = 4_000_000_000
"""Bytes above which a volume is read only when asked again, however much memory is free."""

_CHUNK = 1 << 20
_HASHED_WHOLE = 64 * _CHUNK
"""Files above this are known by their size and so many bytes, spread over the file."""


def ask_for(name: str, shape: Shape, memory: int, *, allow_large: bool) -> None:
    """Raise `TooLarge` where reading takes more than `LARGE_MEMORY` or half of what is free, unless allowed."""
    free = free_memory()
    limit = LARGE_MEMORY if free is None else min(LARGE_MEMORY, free // 2)
    if memory > limit and not allow_large:
        depth, height, width = shape
        raise TooLarge(name, f"{width:,} x {height:,} x {depth:,} voxels large", memory)


def free_memory() -> int | None:
    """Bytes of memory that nobody uses, or None where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def content_hash(paths: Iterable[Path]) -> str:
    """SHA-256, in hexadecimal, of files in this order; of a very large file its size and parts stand for it.

    Raises `OSError`.
    """
    digest = hashlib.sha256()
    for path in paths:
        size = os.path.getsize(path)
        digest.update(size.to_bytes(8, "little"))
        with path.open("rb") as handle:
            _digest(handle, size, digest)
    return digest.hexdigest()


def _digest(handle: BinaryIO, size: int, digest: "hashlib._Hash") -> None:
    if size <= _HASHED_WHOLE:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
        return
    parts = _HASHED_WHOLE // _CHUNK
    for part in range(parts):
        handle.seek((size - _CHUNK) * part // (parts - 1))
        digest.update(handle.read(_CHUNK))

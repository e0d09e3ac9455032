"""Writing that never leaves half a file: beside the target first, checked there, and put in place at the end."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from .errors import ReadBackDiffers, cannot_write

READ_BACK_DIFFERS = "“{}” was not saved, because it reads back differently; check the drive or choose another folder."


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Hand out a path beside `target` to write to; it takes the target's place if the block ends without an error.

    The block should also read back what it wrote, so that only a checked file ever replaces the old one.
    Raises `CannotWrite`; the target is then as it was.
    """
    # A link stays a link: what it points to is replaced.
    final = Path(os.path.realpath(target))
    # The name is short whatever the target's is: a long name plus a suffix may be too long.
    draft = final.parent / f".isegformer-{secrets.token_hex(6)}{final.suffix[:16]}"
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        yield draft
        _keep_mode(final, draft)
        _to_disk(draft)
        draft.replace(final)
        _to_disk(final.parent)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def write_bytes(target: Path, data: bytes) -> None:
    """Write `data`, atomically and read back byte by byte; raise `CannotWrite` with the target untouched."""
    with replacing(target) as draft:
        draft.write_bytes(data)
        if draft.read_bytes() != data:
            raise ReadBackDiffers(READ_BACK_DIFFERS.format(target))


def _keep_mode(final: Path, draft: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        draft.chmod(final.stat().st_mode & 0o777)


def _to_disk(path: Path) -> None:
    """Wait until `path` is on the disk; folders cannot be asked on every system, and then need not be."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

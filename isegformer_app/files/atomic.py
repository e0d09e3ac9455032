"""Writing that never leaves half a file: beside the target first, checked there, and put in place at the end."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ReadBackDiffers, cannot_write

READ_BACK_DIFFERS = "“{}” was not saved, because it reads back differently; check the drive or choose another folder."


@dataclass(slots=True)
class _Group:
    """Files that are written and checked, but not in place yet, and folders that were made for them."""

    drafts: list[tuple[Path, Path]] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


_group: ContextVar[_Group | None] = ContextVar("_group", default=None)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Put the files that are written inside the block in place at its end: all of them, or none after an error.

    Only what this thread writes counts. Raises `CannotWrite`.
    """
    group = _Group()
    token = _group.set(group)
    try:
        yield
        while group.drafts:
            draft, final = group.drafts[0]
            _put_in_place(draft, final)
            del group.drafts[0]
        group.folders.clear()
    finally:
        _group.reset(token)
        for draft, _ in group.drafts:
            _forget(draft)
        for folder in reversed(group.folders):
            with contextlib.suppress(OSError):
                folder.rmdir()


def make_folder(path: Path) -> None:
    """Make a folder where there is none, beside what is there already; raise `CannotWrite`."""
    if path.is_dir():
        return
    try:
        path.mkdir()
    except OSError as error:
        raise cannot_write(path, error) from error
    group = _group.get()
    if group is not None:
        group.folders.append(path)


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
    except OSError as error:
        _forget(draft)
        raise cannot_write(target, error) from error
    except BaseException:
        _forget(draft)
        raise
    group = _group.get()
    if group is None:
        _put_in_place(draft, final)
    else:
        group.drafts.append((draft, final))


def write_bytes(target: Path, data: bytes) -> None:
    """Write `data`, atomically and read back byte by byte; raise `CannotWrite` with the target untouched."""
    with replacing(target) as draft:
        draft.write_bytes(data)
        if draft.read_bytes() != data:
            raise ReadBackDiffers(READ_BACK_DIFFERS.format(target))


def _put_in_place(draft: Path, final: Path) -> None:
    try:
        draft.replace(final)
        _to_disk(final.parent)
    except OSError as error:
        _forget(draft)
        raise cannot_write(final, error) from error


def _forget(draft: Path) -> None:
    with contextlib.suppress(OSError):
        draft.unlink(missing_ok=True)


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

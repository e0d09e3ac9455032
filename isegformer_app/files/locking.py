"""Locks on files that the system takes back when their owner dies, however it dies."""

import contextlib
import errno
import os
import sys
from pathlib import Path

from .errors import cannot_write

_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}


class FileLock:
    """A claim on `path`; the file itself is made beside it where needed and never read."""

    def __init__(self, path: Path) -> None:
        """Remember what to claim."""
        self.path = path
        self._handle: int | None = None

    @classmethod
    def for_session(cls, session: Path) -> "FileLock":
        """Claim a session file: whoever does not get it opens the session read-only."""
        final = Path(os.path.realpath(session))
        return cls(final.with_name(f".{final.name[:200]}.lock"))

    @property
    def is_held(self) -> bool:
        """Whether the claim is ours."""
        return self._handle is not None

    def acquire(self) -> bool:
        """Claim it; False where another window holds it. Raises `CannotWrite` where no lock file can be made."""
        if self._handle is not None:
            return True
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if not _lock(handle) or not self._is_named(handle):
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give it up and remove the lock file; a second call does nothing."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        if sys.platform == "win32":
            os.close(handle)
            with contextlib.suppress(OSError):
                self.path.unlink()
        else:
            # Removed before it is given up: whoever waits for it sees that the file has lost its name.
            with contextlib.suppress(OSError):
                self.path.unlink()
            os.close(handle)

    def _is_named(self, handle: int) -> bool:
        """Whether the file that was locked is still the one at `path`: its former owner may just have removed it."""
        try:
            return os.path.samestat(os.fstat(handle), self.path.stat())
        except OSError:
            return False


def _lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A network drive that knows no locks is no reason to open everything read-only.
        return error.errno not in _TAKEN
    return True

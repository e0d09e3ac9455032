"""The errors of reading and writing. Each message is one sentence: what is wrong, where, and what to do.

FileProblem
+-- CannotRead
|   +-- NotAnImage       no reader knows the bytes
|   +-- Damaged          the file is cut short or its contents contradict themselves
|   +-- TooLarge         more memory than may be taken without asking
|   +-- UnknownVersion   written by a newer version of the program
+-- CannotWrite
    +-- ReadBackDiffers  what was written is not what was meant
"""

import errno
from pathlib import Path


class FileProblem(Exception):  # noqa: N818 - the name of the tree is what the user meets: a problem with a file
    """Any expected failure of reading or writing; `str(problem)` is one sentence for the user."""


class CannotRead(FileProblem):
    """A file or folder is missing, forbidden or unreadable."""


class NotAnImage(CannotRead):
    """No reader knows the bytes."""


class Damaged(CannotRead):
    """The file is cut short or its contents contradict themselves."""


class TooLarge(CannotRead):
    """Opening would take more memory than may be taken without asking; open again with `allow_large=True`."""

    def __init__(self, name: str, size: str, memory: int) -> None:
        """Say how large the picture is: its size in words, its memory in bytes."""
        super().__init__(
            f"“{name}” is {size} and needs {memory / 1e9:.1f} GB of memory; "
            "open it only if this computer has that much to spare."
        )
        self.memory = memory


class UnknownVersion(CannotRead):
    """The file was written by a newer version of the program."""


class CannotWrite(FileProblem):
    """A file could not be written; what was there before is unchanged."""


class ReadBackDiffers(CannotWrite):
    """What was written is not what was meant, so it was not put in place."""


_REASONS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EDQUOT: "your disk quota is used up; free some space or choose another folder",
    errno.EACCES: "you have no permission; choose another folder or change its permissions",
    errno.EPERM: "you have no permission; choose another folder or change its permissions",
    errno.EROFS: "the folder is read-only; choose another folder",
    errno.ENOENT: "it is not there (any more); check that the folder exists and its drive is connected",
    errno.ENOTDIR: "a part of its path is not a folder; check the path",
    errno.EISDIR: "it is a folder; choose a file",
    errno.ENAMETOOLONG: "its name is too long; choose a shorter one",
    errno.EIO: "the drive reports an error; check the drive",
}


def reason(error: OSError) -> str:
    """Put what the system reports into words, with what to do."""
    known = _REASONS.get(error.errno or 0)
    return known or f"the system reports “{error.strerror or error}”; check the drive and try again"


def cannot_read(path: Path, error: OSError) -> CannotRead:
    """Make the problem to raise when the system refuses to read `path`."""
    return CannotRead(f"“{path}” cannot be read: {reason(error)}.")


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    """Make the problem to raise when the system refuses to write `path`."""
    return CannotWrite(f"“{path}” cannot be written: {reason(error)}. What was there before is unchanged.")

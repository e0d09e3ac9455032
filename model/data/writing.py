"""Writing that never leaves half a file: beside the target first, and put in place at the end."""

import contextlib
import os
import secrets
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import OutputError


def make_folder(path: Path) -> None:
    """Make a folder, and those it lies in, where they are not there yet; raise `OutputError`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"Cannot make the folder {str(path)!r}: {(error.strerror or str(error)).lower()}.") from error


def check_writable(target: Path) -> None:
    """Raise `OutputError` where `target` could not be written: before the slow work, not after it."""
    final = Path(os.path.realpath(target))
    if final.is_dir():
        raise OutputError(f"Cannot write {str(target)!r}: it is a folder, give the name of a file.")
    if not final.parent.is_dir():
        raise OutputError(f"Cannot write {str(target)!r}: there is no folder {str(target.parent)!r}.")
    with _draft_of(target):
        pass


def write_bytes(target: Path, data: bytes) -> None:
    """Write `data` to `target` as a whole or not at all; raise `OutputError` with the old file untouched."""
    write_together({target: data})


def write_together(files: Mapping[Path, bytes]) -> None:
    """Write several files: all drafts first, then all put in place; raise `OutputError` where one is refused.

    Only a failure between two renames, such as a folder that vanishes, can leave some of them in place.
    """
    with contextlib.ExitStack() as stack:
        drafts = [(target, stack.enter_context(_draft_of(target)), data) for target, data in files.items()]
        for target, draft, data in drafts:
            try:
                with draft.open("wb") as handle:
                    handle.write(data)
                    handle.flush()
                    os.fsync(handle.fileno())
            except OSError as error:
                raise refused(target, error) from error
        for target, draft, _ in drafts:
            try:
                draft.replace(os.path.realpath(target))
            except OSError as error:
                raise refused(target, error) from error


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8, as `write_bytes` does."""
    write_bytes(target, text.encode())


def encode_picture(array: NDArray[np.uint8], suffix: str = ".png") -> bytes:
    """Encode (H, W) or (H, W, 3) uint8 in the format of `suffix`."""
    buffer = BytesIO()
    Image.fromarray(array).save(buffer, format=Image.registered_extensions()[suffix.lower()])
    return buffer.getvalue()


@contextlib.contextmanager
def _draft_of(target: Path) -> Iterator[Path]:
    """An empty file beside the target, gone at the end if it was not put in place."""
    final = Path(os.path.realpath(target))
    draft = final.parent / f".isegformer-{secrets.token_hex(6)}"
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as error:
        raise refused(target, error) from error
    try:
        yield draft
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def refused(target: Path, error: OSError) -> OutputError:
    """Say that a file cannot be written, and why."""
    return OutputError(f"Cannot write {str(target)!r}: {(error.strerror or str(error)).lower()}.")

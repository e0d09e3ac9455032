"""Files from other people's servers, which are slow, break off, and are not always what they say."""

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import DownloadError, OutputError
from .header import LARGEST_FILE

TIMEOUT = 15.0
"""Seconds without a byte after which a server counts as stalled; a cancelled download ends within this time."""

_ROUNDING = 0.05
"""Share by which a size may differ from the one that is stated."""

_ATTEMPTS = 4
"""In a row that bring nothing new; as long as bytes come, it goes on."""

_CHUNK = 65_536
_LOCAL = ("localhost", "127.0.0.1", "::1")
_PARTIAL, _OK, _RANGE_IS_WRONG = 206, 200, 416

Progress = Callable[[int, int | None], None]
"""Called with the bytes that are there, and with all of them where that is known."""


class Cancelled(Exception):  # noqa: N818 - no error: the user changed their mind
    """The download was called off; what has come stays, to go on from."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be fetched, and what is known of it."""

    url: str
    target: Path
    sha256: str | None = None
    about: int | None = None
    """How many bytes it has as its authors round them; a file of another size is not theirs."""
    largest: int = LARGEST_FILE
    timeout: float = TIMEOUT


class _Broken(Exception):  # noqa: N818 - never seen outside
    """The connection failed in a way that another attempt may mend."""


def download(wanted: Wanted, progress: Progress, is_cancelled: Callable[[], bool] = lambda: False) -> str:
    """Fetch a file to `wanted.target`, and return its SHA-256.

    What had come of it before is gone on from, if the server still has the same file. The target is there only when
    it is whole and, where a checksum is known, right. Raises `DownloadError`, `OutputError` and `Cancelled`.
    """
    _check_address(wanted.url)
    part = _part(wanted.target)
    failures, before = 0, -1
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                _attempt(wanted, part, progress, is_cancelled)
                break
            except _Broken as trouble:
                there = part.stat().st_size if part.exists() else 0
                failures = 1 if there > before else failures + 1
                before = max(there, before)
                if failures >= _ATTEMPTS:
                    raise DownloadError(
                        f"The download of {wanted.url} broke off ({trouble}); what has come stays: try again to go on."
                    ) from trouble
                if is_cancelled():
                    raise Cancelled from trouble
                progress(there, None)
        digest = _digest(part)
        _check_whole(wanted, part, digest)
        part.replace(wanted.target)
        _marks(part).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The file {wanted.target} could not be written: {error.strerror or error}.") from error
    return digest


def bytes_there(target: Path) -> int:
    """How much of a file has come that is not there wholly."""
    try:
        return _part(target).stat().st_size
    except OSError:
        return 0


def _check_whole(wanted: Wanted, part: Path, digest: str) -> None:
    """Throw away what came where it is not what was wanted. Raises `DownloadError`."""
    if wanted.sha256 is not None and digest != wanted.sha256:
        _forget(part)
        raise DownloadError(
            f"The file from {wanted.url} is not the one that its authors published (its SHA-256 is {digest}, not "
            f"{wanted.sha256}), so it was thrown away; try again, and distrust the address if it stays so."
        )
    _check_size(wanted, part, part.stat().st_size)


def _check_size(wanted: Wanted, part: Path, size: int) -> None:
    if wanted.about is not None and abs(size - wanted.about) > _ROUNDING * wanted.about:
        _forget(part)
        raise DownloadError(
            f"The file at {wanted.url} has {size / 1e6:.1f} MB where its authors state {wanted.about / 1e6:.1f} MB: it "
            "is another one, and was not kept; look for theirs on their page."
        )


def _attempt(wanted: Wanted, part: Path, progress: Progress, is_cancelled: Callable[[], bool]) -> None:
    """Open one connection and take what it gives."""
    there, mark = _so_far(part, wanted.url)
    headers = {"User-Agent": "isegformer", "Accept-Encoding": "identity"}
    if there:
        headers |= {"Range": f"bytes={there}-", "If-Range": mark}
    try:
        with _OPENER.open(urllib.request.Request(wanted.url, headers=headers), timeout=wanted.timeout) as response:
            there, total = _begin(wanted, part, response, there)
            with part.open("ab" if there else "wb") as file:
                progress(there, total)
                while chunk := response.read(_CHUNK):
                    there += len(chunk)
                    if there > (wanted.largest if total is None else total):
                        _forget(part)
                        raise DownloadError(f"The server sends more of {wanted.url} than it announced; stopped.")
                    file.write(chunk)
                    progress(there, total)
                    if is_cancelled():
                        raise Cancelled
    except urllib.error.HTTPError as error:
        _refused(wanted, part, error)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise _Broken(str(reason) or type(error).__name__) from error
    if total is not None and there < total:
        raise _Broken(f"{there} of {total} bytes came")


def _begin(wanted: Wanted, part: Path, response: http.client.HTTPResponse, there: int) -> tuple[int, int | None]:
    """Judge what the server offers: where it goes on from, and how much there is altogether (None: not told)."""
    if response.headers.get_content_type() == "text/html":
        raise DownloadError(f"The address {wanted.url} answers with a web page, not with a file of weights.")
    length = response.headers.get("Content-Length", "")
    told = int(length) if length.isascii() and length.isdigit() else None
    if response.status == _PARTIAL and there:
        begin, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        if begin.partition("-")[0] != str(there):
            _forget(part)
            raise _Broken("the server went on from another place")
        total = int(whole) if whole.isdigit() else None if told is None else there + told
    elif response.status == _OK:
        there, total = 0, told
    else:
        raise DownloadError(f"The server of {wanted.url} gives the answer {response.status}, which is not understood.")
    if total is not None and total > wanted.largest:
        raise DownloadError(f"The file {wanted.url} is too large: {total} bytes, at most {wanted.largest} are fetched.")
    if total is not None:
        _check_size(wanted, part, total)
    mark = response.headers.get("ETag") or response.headers.get("Last-Modified") or ""
    _marks(part).write_text(json.dumps({"url": wanted.url, "mark": mark}), encoding="utf-8")
    return there, total


def _refused(wanted: Wanted, part: Path, error: urllib.error.HTTPError) -> None:
    with error:
        if error.code == _RANGE_IS_WRONG:
            _forget(part)
            raise _Broken("the server has another file by now") from error
        if error.code >= 500:
            raise _Broken(f"the server answers {error.code}") from error
        raise DownloadError(
            f"The server refuses {wanted.url} ({error.code} {error.reason}): the file may have moved; look for it on "
            "its authors' page, and import it from a file."
        ) from error


def _so_far(part: Path, url: str) -> tuple[int, str]:
    """How many bytes have come before, and the server's mark of that file; 0 where they cannot be gone on from."""
    try:
        marks = json.loads(_marks(part).read_text(encoding="utf-8"))
        if marks["url"] == url and marks["mark"] and not marks["mark"].startswith("W/"):
            return part.stat().st_size, str(marks["mark"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # No marks, or not ours: the file is fetched from its beginning.
        pass
    return 0, ""


def _part(target: Path) -> Path:
    return target.with_name(f".{target.name}.part")


def _marks(part: Path) -> Path:
    return part.with_suffix(".json")


def _forget(part: Path) -> None:
    for path in (part, _marks(part)):
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOCAL):
        raise DownloadError(f"The address {url} is not https, so what it gives could be changed on its way.")


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a server to another address only where that is as safe."""

    def redirect_request(self, *args: Any) -> urllib.request.Request | None:  # noqa: ANN401 - as urllib calls it
        """See urllib, whose last argument is the new address; raises `DownloadError`."""
        _check_address(str(args[-1]))
        return super().redirect_request(*args)


_OPENER = urllib.request.build_opener(_SafeRedirects)

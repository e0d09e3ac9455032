"""Downloads from a server that cuts, stalls and lies: a whole and right file, or a sentence and no file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import DownloadError, OutputError
from model.store.download import Cancelled, Wanted, bytes_there, download

from .liar import Manner, serving

CONTENT = bytes(range(256)) * 2000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def manner() -> Manner:
    return Manner(CONTENT)


@pytest.fixture
def url(manner: Manner) -> Iterator[str]:
    with serving(manner) as address:
        yield address


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "weights.pth"


def nothing(_done: int, _total: int | None) -> None:
    pass


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir()) if target.parent.exists() else []


def fetch(url: str, target: Path, **known: object) -> str:
    return download(Wanted(url, target, timeout=1.0, **known), nothing)  # type: ignore[arg-type]


def test_a_file_comes_whole_with_progress(url: str, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    digest = download(Wanted(url, target, DIGEST), lambda done, total: seen.append((done, total)))
    assert digest == DIGEST
    assert target.read_bytes() == CONTENT
    assert left(target) == ["weights.pth"]
    assert seen[0] == (0, len(CONTENT))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_server_that_cuts_is_asked_for_the_rest(manner: Manner, url: str, target: Path) -> None:
    manner.cuts = [100_000, 50_000, 1]
    assert fetch(url, target, sha256=DIGEST) == DIGEST
    assert manner.asked == ["", "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert target.read_bytes() == CONTENT


def test_a_server_that_stalls_is_left_and_asked_again(manner: Manner, url: str, target: Path) -> None:
    manner.stalls = [70_000]
    assert fetch(url, target) == DIGEST
    assert len(manner.asked) == 2
    assert manner.asked[1].startswith("bytes=")


def test_a_server_that_gives_nothing_new_is_given_up(manner: Manner, url: str, target: Path) -> None:
    manner.cuts = [1000] + [0] * 20
    with pytest.raises(DownloadError, match=r"broke off \(1000 of 512000 bytes came\); what has come stays"):
        fetch(url, target)
    assert len(manner.asked) < 10
    assert not target.exists()
    manner.cuts = []
    manner.asked.clear()
    assert fetch(url, target) == DIGEST
    assert manner.asked == ["bytes=1000-"]


def test_cancelling_keeps_what_came_and_goes_on_later(manner: Manner, url: str, target: Path) -> None:
    came: list[int] = []
    with pytest.raises(Cancelled):
        download(Wanted(url, target), lambda done, _: came.append(done), lambda: came[-1] > 100_000)
    assert not target.exists()
    assert came[-1] < len(CONTENT)
    assert fetch(url, target) == DIGEST
    assert manner.asked == ["", f"bytes={came[-1]}-"]
    assert left(target) == ["weights.pth"]


def test_another_file_at_the_address_is_fetched_from_its_beginning(manner: Manner, url: str, target: Path) -> None:
    manner.cuts = [1000] + [0] * 5
    with pytest.raises(DownloadError):
        fetch(url, target)
    manner.content, manner.tag, manner.cuts = CONTENT[::-1], '"two"', []
    assert fetch(url, target) == hashlib.sha256(CONTENT[::-1]).hexdigest()


@pytest.mark.parametrize("lie", ["no ranges", "another place", "416"])
def test_servers_that_do_not_go_on_rightly(lie: str, manner: Manner, url: str, target: Path) -> None:
    manner.cuts = [1000]
    manner.knows_ranges = lie != "no ranges"
    manner.wrong_range = lie == "another place"
    if lie == "416":
        manner.cuts = [1000] + [0] * 5
        with pytest.raises(DownloadError):
            fetch(url, target)
        manner.cuts, manner.statuses = [], [416]
    assert fetch(url, target) == DIGEST
    assert target.read_bytes() == CONTENT


def test_a_wrong_file_is_thrown_away(url: str, target: Path) -> None:
    with pytest.raises(DownloadError, match="is not the one that its authors published"):
        fetch(url, target, sha256="0" * 64)
    assert left(target) == []


def test_a_length_that_is_too_small_or_too_large(manner: Manner, url: str, target: Path) -> None:
    manner.length = 1000
    with pytest.raises(DownloadError, match="is not the one"):
        fetch(url, target, sha256=DIGEST)
    manner.length = len(CONTENT) + 7
    # The answer for the rest tells the true length.
    assert fetch(url, target) == DIGEST
    manner.length = None
    with pytest.raises(DownloadError, match="is too large: 512000 bytes, at most 1000"):
        fetch(url, target, largest=1000)


@pytest.mark.parametrize("has_length", [True, False])
def test_a_file_of_another_size_than_stated_is_not_theirs(
    has_length: bool, manner: Manner, url: str, target: Path
) -> None:
    manner.has_length = has_length
    with pytest.raises(DownloadError, match=r"has 0\.5 MB where its authors state 5\.0 MB: it is another one"):
        fetch(url, target, about=5_000_000)
    assert left(target) == []
    assert fetch(url, target, about=500_000) == DIGEST


def test_cancelling_between_two_attempts_ends_it(manner: Manner, url: str, target: Path) -> None:
    """A server that is asked again and again must not keep the one who waits."""
    manner.cuts = [1000] + [0] * 20
    seen: list[tuple[int, int | None]] = []
    with pytest.raises(Cancelled):
        download(Wanted(url, target), lambda *told: seen.append(told), lambda: len(manner.asked) == 2)
    assert len(manner.asked) == 2
    assert (1000, None) in seen
    assert bytes_there(target) == 1000


def test_a_file_without_end_is_stopped(manner: Manner, url: str, target: Path) -> None:
    manner.has_length = False
    with pytest.raises(DownloadError, match="sends more of"):
        fetch(url, target, largest=100_000)
    assert left(target) == []
    assert fetch(url, target) == DIGEST


def test_web_pages_refusals_and_troubles_are_said(manner: Manner, url: str, target: Path) -> None:
    manner.kind = "text/html"
    with pytest.raises(DownloadError, match="answers with a web page"):
        fetch(url, target)
    manner.kind, manner.statuses = "application/octet-stream", [404]
    with pytest.raises(DownloadError, match=r"The server refuses .* \(404 Not Found\): the file may have moved"):
        fetch(url, target)
    manner.statuses = [503, 503]
    assert fetch(url, target) == DIGEST
    manner.statuses = [503] * 9
    with pytest.raises(DownloadError, match="the server answers 503"):
        fetch(url, target.with_name("other.pth"))


def test_nobody_is_there(tmp_path: Path) -> None:
    with serving(Manner()) as url:
        pass
    with pytest.raises(DownloadError, match="broke off"):
        fetch(url, tmp_path / "x.pth")


def test_only_safe_addresses_are_followed(manner: Manner, url: str, target: Path) -> None:
    for address in ("http://example.com/a.pth", "file:///etc/passwd", "ftp://example.com/a.pth"):
        with pytest.raises(DownloadError, match="is not https"):
            fetch(address, target)
        manner.redirect = address
        with pytest.raises(DownloadError, match=r"is not https|is not allowed"):
            fetch(url, target)
    assert left(target) == []


def test_a_folder_that_cannot_be_written_is_said(url: str, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(OutputError, match="could not be written"):
        fetch(url, tmp_path / "models" / "weights.pth")

"""Listing folders, small and very large."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isegformer_app.files import scan
from isegformer_app.files.errors import CannotRead
from isegformer_app.files.scan import FolderScan, natural_key


def names(found: FolderScan) -> list[str]:
    return [Path(path).relative_to(found.folder).as_posix() for batch in found.batches() for path in batch]


def touch(folder: Path, *paths: str) -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).touch()


def test_images_come_in_the_order_a_person_expects(tmp_path: Path) -> None:
    touch(tmp_path, "slice10.PNG", "slice2.png", "Slice1.jpg", "notes.txt", ".hidden.png", "sub/a.tif", "ß.webp")
    assert names(FolderScan(tmp_path)) == ["Slice1.jpg", "slice2.png", "slice10.PNG", "ß.webp"]


def test_subfolders_follow_when_asked_for(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "s10/a.png", "s2/z.png", "s2/deep/a.png", ".git/a.png")
    assert names(FolderScan(tmp_path, recursive=True)) == ["b.png", "s2/z.png", "s2/deep/a.png", "s10/a.png"]


def test_linked_folders_are_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    os.symlink(tmp_path, tmp_path / "round", target_is_directory=True)
    assert names(FolderScan(tmp_path, recursive=True)) == ["a.png"]


def test_a_hundred_thousand_files_come_in_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [f"{number}.jpg" for number in range(100_000)]
    monkeypatch.setattr(scan, "_list", lambda folder: (wanted[::-1], []))
    batches = list(FolderScan(tmp_path).batches())
    assert max(len(batch) for batch in batches) == scan.BATCH
    assert [Path(path).name for batch in batches for path in batch] == wanted


def test_a_scan_can_be_called_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"{number}.png" for number in range(20)))
    monkeypatch.setattr(scan, "BATCH", 5)
    asked = iter([False, False, False])
    assert len(list(FolderScan(tmp_path).batches(lambda: next(asked, True)))) == 2


def test_a_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CannotRead, match="not there"):
        list(FolderScan(tmp_path / "gone").batches())
    touch(tmp_path, "file.png")
    with pytest.raises(CannotRead, match="not a folder"):
        list(FolderScan(tmp_path / "file.png").batches())


def test_an_unreadable_subfolder_is_skipped_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.png", "locked/b.png", "open/c.png")
    real = os.scandir

    def guarded(folder: Path) -> Any:
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", guarded)
    found = FolderScan(tmp_path, recursive=True)
    assert names(found) == ["a.png", "open/c.png"]
    assert found.skipped == [tmp_path / "locked"]


@given(st.lists(st.text(max_size=12), max_size=8))
def test_any_names_can_be_sorted(wanted: list[str]) -> None:
    assert sorted(sorted(wanted, key=natural_key), key=natural_key) == sorted(wanted, key=natural_key)


def test_thousands_of_digits_are_no_trouble() -> None:
    assert sorted(["9" * 5000, "1"], key=natural_key) == ["1", "9" * 5000]


def test_names_come_as_a_person_counts() -> None:
    wanted = ["a", "a01", "a1", "a1b", "a2", "a10", "a10b2", "a10b10", "ab", "b"]
    assert sorted(reversed(wanted), key=natural_key) == wanted

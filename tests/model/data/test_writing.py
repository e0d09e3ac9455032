"""Files appear whole or not at all."""

import os
from pathlib import Path

import numpy as np
import pytest

from model.data.images import read_labels
from model.data.writing import check_writable, encode_picture, write_bytes, write_text, write_together
from model.errors import OutputError


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_bytes(target, b"one")
    write_text(target, "zwei: ü")
    assert target.read_text(encoding="utf-8") == "zwei: ü"
    assert names(tmp_path) == {"a.txt"}


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "file.txt")
    write_text(tmp_path / "link.txt", "through")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "file.txt").read_text() == "through"


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "old.txt").write_text("old")
    check_writable(tmp_path / "new.txt")
    check_writable(tmp_path / "old.txt")
    assert names(tmp_path) == {"old.txt"}
    assert (tmp_path / "old.txt").read_text() == "old"


@pytest.mark.parametrize("name", ["none/a.txt", "folder", "file.txt/a.txt"])
def test_what_cannot_be_written_is_told_before(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").touch()
    with pytest.raises(OutputError):
        check_writable(tmp_path / name)
    with pytest.raises(OutputError):
        write_bytes(tmp_path / name, b"x")
    assert names(tmp_path) == {"folder", "file.txt"}


@pytest.mark.parametrize("failing", [1, 2])
def test_several_files_are_written_together_or_none(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("old")
    calls = iter(range(1, 9))

    def fsync(descriptor: int) -> None:
        if next(calls) == failing:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OutputError, match="no space left"):
        write_together({tmp_path / "a": b"new", tmp_path / "b": b"new"})
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_text() == "old"


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (3, 5, 3)])
def test_a_picture_comes_back_as_it_was(shape: tuple[int, ...], tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    write_bytes(tmp_path / "a.png", encode_picture(pixels))
    found = read_labels(tmp_path / "a.png")
    whole = pixels.astype(np.int32)
    expected = whole if len(shape) == 2 else whole[..., 0] * 65536 + whole[..., 1] * 256 + whole[..., 2]
    assert np.array_equal(found, expected)

"""Files that travel with the program are found, and only those."""

import sys
from pathlib import Path

import pytest

from resources import ResourceError, resource_path


def test_sample_is_found() -> None:
    assert resource_path("samples/cat.png").read_bytes().startswith(b"\x89PNG")


def test_missing_name_is_said() -> None:
    with pytest.raises(ResourceError, match=r"'samples/dog.png' is missing from"):
        resource_path("samples/dog.png")


@pytest.mark.parametrize("name", ["../pyproject.toml", "samples/../../README.md", "/etc/hostname"])
def test_name_outside_is_refused(name: str) -> None:
    with pytest.raises(ResourceError, match="leads outside"):
        resource_path(name)


def test_frozen_build_is_searched_where_it_unpacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "model.txt").write_text("here")
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resource_path("model.txt").read_text() == "here"

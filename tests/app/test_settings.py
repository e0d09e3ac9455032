"""A settings file that was damaged, or written by another version, costs what it says and nothing else."""

import json
import math
from pathlib import Path

import pytest

from isegformer_app.settings import Settings


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1" + "0" * 400, '"dark"', "null", "true"])
def test_numbers_that_are_none_keep_their_defaults(tmp_path: Path, value: str) -> None:
    names = ("opacity", "threshold", "brush_radius")
    fields = ", ".join(f'"{name}": {value}' for name in names)
    (tmp_path / "settings.json").write_text(f'{{{fields}, "keys": "ritm"}}')
    settings, default = Settings.load(tmp_path), Settings()
    assert [getattr(settings, name) for name in names] == [getattr(default, name) for name in names]
    assert settings.keys == "ritm"


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "null", '["opacity"]', "\x00"])
def test_what_is_no_settings_file_starts_afresh(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert Settings.load(tmp_path) == Settings()


@pytest.mark.parametrize("text", ['{"own_keys": {"open": "Ctrl+9"},', "\x00"])
def test_a_file_that_cannot_be_read_is_kept_beside_the_next_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.json").write_text(text)
    Settings.load(tmp_path).save(tmp_path)
    assert (tmp_path / "settings.damaged.json").read_text() == text
    assert Settings.load(tmp_path) == Settings()


def test_another_version_loses_only_what_is_unknown(tmp_path: Path) -> None:
    told = {"version": 99, "opacity": 1, "keys": "vim", "recent": ["/a.png", 3], "threads": 10**9}
    (tmp_path / "settings.json").write_text(json.dumps(told))
    settings = Settings.load(tmp_path)
    assert math.isclose(settings.opacity, 1.0)
    assert (settings.keys, settings.recent, settings.threads) == ("default", ["/a.png"], 256)
    settings.save(tmp_path)
    assert Settings.load(tmp_path) == settings

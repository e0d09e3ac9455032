"""What settings may be, and what is said of others and of a state that is damaged."""

from dataclasses import asdict
from pathlib import Path

import pytest

from model.cli import main
from model.errors import SettingsError
from model.training.bounds import BOUNDS, check_settings
from model.training.click_settings import CLICK_PRESETS
from model.training.run_folder import RunFolder
from model.training.settings import PRESETS


def test_every_number_has_bounds_and_every_preset_keeps_to_them() -> None:
    for preset in (*PRESETS.values(), *CLICK_PRESETS.values()):
        check_settings(preset)
        for name, value in asdict(preset).items():
            first = value[0] if isinstance(value, tuple) and value else value
            assert isinstance(first, str | bool | tuple) or name in BOUNDS, name


@pytest.mark.parametrize(
    ("preset", "option", "value", "says"),
    [
        ("finetune", "minutes", "nan", "0 or more"),
        ("finetune", "hold-out", "2", "from 0 to 1"),
        ("finetune", "seed", "-1", "from 0"),
        ("finetune", "threads", "-3", "from 0"),
        ("finetune", "crop-tokens", "16,20", "a share for each"),
        ("from-scratch", "batch-size", "0", "1 or more"),
        ("from-scratch", "epoch-samples", "0", "1 or more"),
        ("from-scratch", "crop", "32", "two numbers"),
        ("from-scratch", "crop", "0,0", "1 or more"),
        ("from-scratch", "crop", "8,8", "min_area"),
        ("from-scratch", "scales", "2,1", "smaller"),
        ("from-scratch", "scales", "nan,1", "0.01"),
        ("from-scratch", "click-gamma", "-1", "from 0 to 1"),
        ("from-scratch", "most-clicks", "0", "1 or more"),
        ("from-scratch", "next-clicks", "-1", "0 or more"),
        ("from-scratch", "accumulate", "0", "1 or more"),
        ("from-scratch", "ema-decay", "2", "from 0 to 1"),
        ("from-scratch", "learning-rate", "nan", "1e-12"),
    ],
)
def test_settings_out_of_their_bounds_are_refused_before_anything_is_made(
    preset: str, option: str, value: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    words = ["train", "--preset", preset, "--data", str(tmp_path), "--output", str(folder), f"--{option}={value}"]
    assert main(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says in line
    assert not folder.exists()


@pytest.mark.parametrize("content", [b"", b"junk", b"PK\x03\x04" + bytes(40), b"\x80\x02}."])
def test_a_damaged_state_is_said_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(SettingsError, match="missing or damaged") as caught:
        folder.load_state()
    assert "\n" not in str(caught.value)

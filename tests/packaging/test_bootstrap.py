"""From a fresh clone to a running program, with pip and venv replaced by a recorder."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement

import bootstrap
import system_libraries
from bootstrap import BootstrapError, Environment, has_display, run_steps


class Recorder:
    """Stands in for `subprocess.run`: keeps the commands and fails those that hold a word of `failing`."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.failing: list[str] = []

    def run(self, command: Sequence[str | Path], **_options: object) -> subprocess.CompletedProcess[bytes]:
        line = " ".join(map(str, command))
        self.commands.append(line)
        failed = any(word in line for word in self.failing)
        if "-m venv" in line and not failed:
            python = Path(Environment(Path(command[-1]).parent).program("python"))
            python.parent.mkdir(parents=True)
            python.touch()
        return subprocess.CompletedProcess(list(map(str, command)), 1 if failed else 0)

    def installs(self) -> list[str]:
        return [command for command in self.commands if "pip install" in command]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder()
    monkeypatch.setattr(subprocess, "run", made.run)
    return made


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "packaging").mkdir()
    (tmp_path / "packaging" / "constraints.txt").write_text("torch==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def test_first_run_makes_and_fills_the_environment(checkout: Path, recorder: Recorder) -> None:
    Environment(checkout).ensure()
    assert any("-m venv" in command for command in recorder.commands)
    (install,) = recorder.installs()
    assert f"--editable {checkout}[test,dev]" in install
    assert f"--constraint {checkout / 'packaging' / 'constraints.txt'}" in install


def test_second_run_installs_nothing(checkout: Path, recorder: Recorder) -> None:
    Environment(checkout).ensure()
    recorder.commands.clear()
    Environment(checkout).ensure()
    assert recorder.installs() == []


@pytest.mark.parametrize("name", ["pyproject.toml", "packaging/constraints.txt"])
def test_a_change_of_what_is_asked_installs_again(checkout: Path, recorder: Recorder, name: str) -> None:
    Environment(checkout).ensure()
    (checkout / name).write_text("changed")
    recorder.commands.clear()
    Environment(checkout).ensure()
    assert len(recorder.installs()) == 1
    assert not any("-m venv" in command for command in recorder.commands)


def test_versions_refused_by_the_machine_fall_back_to_the_ranges(checkout: Path, recorder: Recorder) -> None:
    recorder.failing = ["--constraint"]
    Environment(checkout).ensure()
    with_constraints, without = recorder.installs()
    assert "--constraint" in with_constraints
    assert "--constraint" not in without


def test_failed_installation_is_tried_again_next_time(checkout: Path, recorder: Recorder) -> None:
    recorder.failing = ["pip install"]
    with pytest.raises(BootstrapError, match="pip could not install"):
        Environment(checkout).ensure()
    assert not Environment(checkout).is_ready()


def test_a_damaged_stamp_installs_again(checkout: Path, recorder: Recorder) -> None:
    Environment(checkout).ensure()
    Environment(checkout).stamp.write_bytes(b"\xff\xfe\0")
    recorder.commands.clear()
    Environment(checkout).ensure()
    assert len(recorder.installs()) == 1
    assert Environment(checkout).is_ready()


def test_missing_venv_package_is_named(checkout: Path, recorder: Recorder) -> None:
    recorder.failing = ["-m venv"]
    with pytest.raises(BootstrapError, match=r"apt-get install python3\.\d+-venv"):
        Environment(checkout).ensure()


def test_display_is_known_by_its_variables() -> None:
    assert has_display({}, "win32")
    assert has_display({}, "darwin")
    assert has_display({"DISPLAY": ":0"}, "linux")
    assert has_display({"WAYLAND_DISPLAY": "wayland-0"}, "linux")
    assert not has_display({"DISPLAY": ""}, "linux")


def test_every_step_runs_and_the_failed_ones_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    steps = [
        [sys.executable, "-c", "raise SystemExit(3)"],
        [sys.executable, "-c", "print('second')"],
    ]
    assert run_steps(steps, tmp_path) == 1
    out = capfd.readouterr().out
    assert "second" in out
    assert "Failed: " in out
    assert "SystemExit(3)" in out.rsplit("Failed: ", 1)[1]
    assert run_steps(steps[1:], tmp_path) == 0


def test_app_opens_the_window_where_there_is_a_display(
    checkout: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "ensure_libraries", lambda _wanted: None)
    monkeypatch.setattr(bootstrap, "has_display", lambda: True)
    assert bootstrap.app(Environment(checkout), []) == 0
    assert recorder.commands == [f"{Environment(checkout).program('isegformer')} {bootstrap.SAMPLE}"]


def test_app_without_display_segments_the_sample_and_says_so(
    checkout: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "ensure_libraries", lambda _wanted: None)
    monkeypatch.setattr(bootstrap, "has_display", lambda: False)
    (checkout / "out").mkdir()
    for name in ("mask.png", "overlay.png", "coco.json"):
        (checkout / "out" / name).write_text("written")
    assert bootstrap.app(Environment(checkout), []) == 0
    (command,) = recorder.commands
    assert f"segment {bootstrap.SAMPLE} --positive {bootstrap.SAMPLE_CLICK}" in command
    out = capsys.readouterr().out
    assert "no display" in out
    assert f"Wrote {checkout / 'out' / 'coco.json'} (7 bytes)" in out


def test_trouble_is_one_sentence_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_environment: Environment) -> None:
        raise BootstrapError("no room on the disk")

    monkeypatch.setattr(Environment, "ensure", refuse)
    assert bootstrap.main(["check"]) == 2
    assert capsys.readouterr().err == "no room on the disk\n"


@pytest.mark.parametrize("module", [bootstrap, system_libraries])
def test_an_old_python_comes_as_far_as_the_sentence(module: ModuleType) -> None:
    """Python 3.7 reads both modules; merging dictionaries by `|` is of 3.9."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"), feature_version=(3, 7))
    at_once = [node.value for node in tree.body if isinstance(node, ast.Assign)]
    assert at_once
    assert not [value.lineno for value in at_once if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr)]


def test_every_direct_dependency_is_pinned_within_its_range() -> None:
    root = Path(bootstrap.__file__).parent.parent
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    asked = {requirement.name: requirement for group in groups for requirement in map(Requirement, group)}
    lines = (root / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    assert pinned.keys() == asked.keys()
    assert [name for name, version in pinned.items() if version not in asked[name].specifier] == []

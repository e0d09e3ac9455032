"""The `isegformer` command sends each command line to the right door."""

import sys
from types import ModuleType

import pytest

from isegformer_app import __main__ as entry


class Door(ModuleType):
    """A stand-in for a module with `main`, which keeps what it was given and answers 7."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.received: list[str] | None = None

    def main(self, arguments: list[str]) -> int:
        self.received = arguments
        return 7

    def open_case(self, arguments: list[str]) -> int:
        self.received = ["a case", *arguments]
        return 7


@pytest.fixture
def doors(monkeypatch: pytest.MonkeyPatch) -> dict[str, Door]:
    made = {name: Door(name) for name in ("model.cli", "isegformer_app.app")}
    for name, door in made.items():
        monkeypatch.setitem(sys.modules, name, door)
    return made


@pytest.mark.parametrize("command", entry.HEADLESS_COMMANDS)
def test_command_goes_to_the_model(command: str, doors: dict[str, Door]) -> None:
    assert entry.main([command, "--json"]) == 7
    assert doors["model.cli"].received == [command, "--json"]
    assert doors["isegformer_app.app"].received is None


@pytest.mark.parametrize("arguments", [[], ["photo.jpg"], ["./segment"], ["a", "train"]])
def test_everything_else_goes_to_the_window(arguments: list[str], doors: dict[str, Door]) -> None:
    assert entry.main(arguments) == 7
    assert doors["isegformer_app.app"].received == arguments
    assert doors["model.cli"].received is None


def test_a_case_goes_to_the_window(doors: dict[str, Door]) -> None:
    assert entry.main(["open-case", "run", "set/stem/1"]) == 7
    assert doors["isegformer_app.app"].received == ["a case", "run", "set/stem/1"]


def test_arguments_of_the_process_are_the_default(doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["isegformer", "photo.jpg"])
    entry.main()
    assert doors["isegformer_app.app"].received == ["photo.jpg"]


def test_help_and_version_open_nothing(doors: dict[str, Door], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["--help"]) == 0
    assert "isegformer [PATH ...]" in capsys.readouterr().out
    assert entry.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("isegformer ")
    assert all(door.received is None for door in doors.values())

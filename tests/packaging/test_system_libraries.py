"""Missing system libraries are found, installed where that is allowed, and named where it is not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

import system_libraries
from system_libraries import OFFSCREEN, MissingLibrariesError, ensure_libraries, missing_packages

WANTED = {"libone.so.1": "one1", "libtwo.so.2": "two2", "libtoo.so.2": "two2"}


def loader(*present: str) -> Callable[[str], object]:
    def load(library: str) -> object:
        if library not in present:
            raise OSError(library)
        return object()

    return load


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A Linux machine where the library of package `one1` is missing."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/apt-get")
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.setattr(system_libraries, "missing_packages", lambda _wanted: ["one1"])
    return monkeypatch


def test_missing_packages_are_named_once() -> None:
    assert missing_packages(WANTED, loader()) == ["one1", "two2"]
    assert missing_packages(WANTED, loader("libone.so.1", "libtoo.so.2")) == ["two2"]
    assert missing_packages(WANTED, loader(*WANTED)) == []


def test_without_root_the_command_is_named(linux: pytest.MonkeyPatch) -> None:
    linux.setattr(os, "geteuid", lambda: 1000, raising=False)
    with pytest.raises(MissingLibrariesError, match=r"sudo apt-get install -y --no-install-recommends one1$"):
        ensure_libraries(WANTED)


def test_without_apt_the_packages_are_named(linux: pytest.MonkeyPatch) -> None:
    linux.setattr(shutil, "which", lambda _name: None)
    with pytest.raises(MissingLibrariesError, match=r"Debian packages: one1$"):
        ensure_libraries(WANTED)


def test_root_installs_and_looks_again(linux: pytest.MonkeyPatch) -> None:
    answers = iter([["one1"], []])
    commands: list[list[str]] = []
    linux.setattr(system_libraries, "missing_packages", lambda _wanted: next(answers))
    linux.setattr(subprocess, "run", lambda command, **_options: commands.append(command))
    ensure_libraries(WANTED)
    assert commands == [["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "one1"]]


def test_failed_installation_is_said(linux: pytest.MonkeyPatch) -> None:
    linux.setattr(subprocess, "run", lambda _command, **_options: None)
    with pytest.raises(MissingLibrariesError, match="could not install"):
        ensure_libraries(WANTED)


@pytest.mark.parametrize("platform", ["win32", "darwin"])
def test_other_systems_need_nothing(linux: pytest.MonkeyPatch, platform: str) -> None:
    linux.setattr(sys, "platform", platform)
    ensure_libraries(WANTED)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the table is of Linux libraries")
def test_the_machine_that_runs_the_tests_has_what_they_need() -> None:
    assert missing_packages(OFFSCREEN) == []

"""From a fresh clone to a running program: makes the virtual environment, installs, checks, runs.

Plain Python with the standard library alone, because it runs before anything is installed. `make app`, `make test`,
`make check` and `make bench` come here, and so do the same words of make.bat.
"""

from __future__ import annotations  # an older Python must come as far as the sentence that says it is too old

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from system_libraries import COMMAND_LINE, OFFSCREEN, WINDOW, MissingLibrariesError, ensure_libraries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)
SAMPLE = str(Path("resources", "samples", "cat.png"))
SAMPLE_CLICK = "220,150"
"""A positive click on the sample photo, as X,Y."""

STATIC_CHECKS = (
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
    ("lint-imports",),
)


class BootstrapError(Exception):
    """Something on this machine stands in the way; the message is one sentence that says what to do."""


class Environment:
    """The virtual environment of a checkout, made and filled on first use."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / ".venv"
        self.scripts = self.folder / ("Scripts" if os.name == "nt" else "bin")
        self.stamp = self.folder / "isegformer-install.sha256"

    def program(self, name: str) -> str:
        """Path of the program `name` in this environment."""
        return str(self.scripts / (f"{name}.exe" if os.name == "nt" else name))

    def fingerprint(self) -> str:
        """Hash of everything that decides what is installed; a change of it means to install again."""
        digest = hashlib.sha256(sys.version.encode())
        for name in ("pyproject.toml", "packaging/constraints.txt"):
            digest.update((self.root / name).read_bytes())
        return digest.hexdigest()

    def is_ready(self) -> bool:
        """Whether the environment runs and holds what this checkout asks for."""
        if not self.stamp.is_file() or self.stamp.read_bytes() != self.fingerprint().encode():
            return False
        return self._runs()

    def ensure(self) -> None:
        """Make and fill the environment unless it is ready. Raises `BootstrapError` where that fails."""
        if self.is_ready():
            return
        if not self._runs():
            self._create()
        self._install()
        self.stamp.write_text(self.fingerprint(), encoding="ascii")

    def _runs(self) -> bool:
        """Whether the environment's own Python starts and has pip: it does not after its base was removed."""
        python = self.program("python")
        if not Path(python).is_file():
            return False
        return subprocess.run([python, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0

    def _create(self) -> None:
        print(f"Making a virtual environment in {self.folder}", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", "--clear", self.folder], check=False).returncode != 0:
            major, minor = sys.version_info[:2]
            raise BootstrapError(
                f"Python could not make a virtual environment in {self.folder}; on Debian and Ubuntu install the "
                f"package that it needs with: apt-get install python{major}.{minor}-venv"
            )

    def _install(self) -> None:
        """Install the checkout with the tested versions, or with any in range where the machine refuses those."""
        print("Installing; the first time this fetches several gigabytes (PyTorch)", flush=True)
        pip = [self.program("python"), "-m", "pip", "install", "--disable-pip-version-check"]
        checkout = ["--editable", f"{self.root}[test,dev]"]
        constraints = ["--constraint", str(self.root / "packaging" / "constraints.txt")]
        if subprocess.run([*pip, *checkout, *constraints], check=False, cwd=self.root).returncode == 0:
            return
        print(
            "The tested versions could not be installed (pip says why above); trying the newest versions in range.",
            flush=True,
        )
        if subprocess.run([*pip, *checkout], check=False, cwd=self.root).returncode != 0:
            raise BootstrapError("pip could not install the program; read its last lines above, then try again.")


def has_display(variables: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a window can be opened: always on Windows and macOS, elsewhere where a display server is named."""
    if platform in {"win32", "darwin"}:
        return True
    return bool(variables.get("DISPLAY") or variables.get("WAYLAND_DISPLAY"))


def run_steps(steps: Sequence[Sequence[str]], root: Path) -> int:
    """Run every step in `root`, also after one has failed; 0 where all passed, else 1 with the failed ones named."""
    failed = []
    for step in steps:
        words = " ".join([Path(step[0]).stem, *step[1:]])
        print(f"\n== {words}", flush=True)
        if subprocess.run(step, check=False, cwd=root).returncode != 0:
            failed.append(words)
    print(f"\nFailed: {'; '.join(failed)}" if failed else "\nAll passed.", flush=True)
    return 1 if failed else 0


def app(environment: Environment, arguments: Sequence[str]) -> int:
    """Open the window on the sample photo, or do the same job without a window where there is no display."""
    program = environment.program("isegformer")
    if has_display():
        ensure_libraries(WINDOW)
        return subprocess.run([program, *(arguments or [SAMPLE])], check=False, cwd=environment.root).returncode
    ensure_libraries(COMMAND_LINE)
    print("There is no display, so the sample photo is segmented without a window.", flush=True)
    folder = environment.root / "out"
    folder.mkdir(exist_ok=True)
    results = {"--output": folder / "mask.png", "--overlay": folder / "overlay.png", "--coco": folder / "coco.json"}
    options = [str(part) for option in results.items() for part in option]
    command = [program, "segment", SAMPLE, "--positive", SAMPLE_CLICK, *options]
    code = subprocess.run(command, check=False, cwd=environment.root).returncode
    if code == 0:
        for path in results.values():
            print(f"Wrote {path} ({path.stat().st_size} bytes)")
    return code


def static_steps(environment: Environment) -> list[tuple[str, ...]]:
    """Commands of the static checks."""
    return [(environment.program(name), *rest) for name, *rest in STATIC_CHECKS]


def check(environment: Environment, _arguments: Sequence[str]) -> int:
    """Run the static checks: style, format, types, layers."""
    return run_steps(static_steps(environment), environment.root)


def test(environment: Environment, arguments: Sequence[str]) -> int:
    """Run the static checks and every test; `arguments` go to pytest."""
    ensure_libraries(OFFSCREEN)
    return run_steps([*static_steps(environment), (environment.program("pytest"), *arguments)], environment.root)


def bench(environment: Environment, arguments: Sequence[str]) -> int:
    """Run the benchmarks; `arguments` go to them."""
    ensure_libraries(OFFSCREEN)
    command = [environment.program("python"), "-m", "tests.bench", *arguments]
    return subprocess.run(command, check=False, cwd=environment.root).returncode


def install(_environment: Environment, _arguments: Sequence[str]) -> int:
    """Stop after the installation."""
    return 0


WORDS: dict[str, Callable[[Environment, Sequence[str]], int]] = {
    "app": app,
    "test": test,
    "check": check,
    "bench": bench,
    "install": install,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the first word of `argv` says; the rest is handed on to what it starts."""
    parser = argparse.ArgumentParser(prog="bootstrap.py", description=__doc__)
    parser.add_argument("word", choices=WORDS)
    options, rest = parser.parse_known_args(argv)
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        print(f"Python 3.11 or newer is needed, this is {found}; try: make {options.word} PYTHON=python3.11")
        return 2
    environment = Environment(ROOT)
    try:
        environment.ensure()
        return WORDS[options.word](environment, rest)
    except (BootstrapError, MissingLibrariesError) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

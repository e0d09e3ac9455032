"""Guards: the rules of the house that no other tool checks."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from PIL import Image

from isegformer_app.__main__ import HEADLESS_COMMANDS, HELP, main
from resources import resource_path

ROOT = Path(__file__).parent.parent
LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
SAYS_NOTHING = {"common", "helper", "helpers", "manager", "misc", "tools", "util", "utils"}
"""Names of modules that would hold anything."""
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|NotImplemented" r"Error)\b")
OF_ONE_MACHINE = re.compile(r"[\"'](/home/|/root/|/tmp/|/work/|[A-Z]:\\)")
NEVER_IMPORTED = {"torchvision", "pyjpegls", "pylibjpeg", "pylibjpeg-openjpeg", "python-gdcm"}
"""timm imports the first, pydicom the others."""
IMPORTED_LATER = {"highdicom", "matplotlib", "nibabel", "pydicom", "pynrrd", "scikit-image", "simpleitk", "tensorboard"}
"""Volumes, surfaces and plots need them."""
IMPORTED_FROM_OUTSIDE = {"google", "onnx", "onnxruntime", "onnxscript"}
"""Of an extra, and only where it was installed."""


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def module_names(folder: str) -> list[str]:
    """Dotted names of the modules below `folder`, without entry points."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules(folder)]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def names_loaded_by(imports: list[str], watched: set[str]) -> set[str]:
    """Which of the packages `watched` a fresh interpreter holds after importing `imports`."""
    code = f"import sys; import {', '.join(imports)}; print(*({watched!r} & set(sys.modules)))"
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("folder", ["isegformer_app", "model", "resources", "packaging", "tests"])
def test_no_module_is_too_long(folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(folder)}
    too_long = {str(path.relative_to(ROOT)): lines for path, lines in lengths.items() if lines > LONGEST_MODULE}
    assert lengths
    assert not too_long


@pytest.mark.parametrize("folder", ["isegformer_app", "model", "resources", "packaging", "tests"])
def test_no_function_is_too_long(folder: str) -> None:
    too_long = {
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}": function.end_lineno - function.lineno + 1
        for path in modules(folder)
        for function in functions(path)
        if function.end_lineno is not None and function.end_lineno - function.lineno + 1 > LONGEST_FUNCTION
    }
    assert not too_long


@pytest.mark.parametrize("folder", ["isegformer_app", "model", "resources", "packaging", "tests"])
def test_nothing_is_unfinished_or_of_one_machine(folder: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()
        for path in modules(folder)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if UNFINISHED.search(line) or OF_ONE_MACHINE.search(line)
    }
    assert not found


@pytest.mark.parametrize("folder", ["isegformer_app", "model", "resources", "packaging", "tests"])
def test_names_of_modules_say_something(folder: str) -> None:
    assert not [path for path in modules(folder) if SAYS_NOTHING & set(path.relative_to(ROOT).with_suffix("").parts)]


def imported_packages(*folders: str) -> set[str]:
    """Top-level names of everything that the modules of `folders` import absolutely, wherever in the module."""
    names: set[str] = set()
    for path in modules(*folders):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names.add(node.module.split(".")[0])
    return names


def test_dependencies_are_those_that_are_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {Requirement(line).name.lower() for line in project["dependencies"]}
    ours = {"isegformer_app", "model", "resources"}
    foreign = imported_packages(*ours) - ours - set(sys.stdlib_module_names) - IMPORTED_FROM_OUTSIDE
    distributions = packages_distributions()
    imported = {distribution.lower() for name in foreign for distribution in distributions[name]} & declared
    assert declared - NEVER_IMPORTED - imported <= IMPORTED_LATER
    assert all({each.lower() for each in distributions[name]} & declared for name in foreign)


def test_packaging_is_a_folder_and_no_package() -> None:
    """With the repository root on the path, a package of that name would shadow PyPI's `packaging`."""
    assert not (ROOT / "packaging" / "__init__.py").exists()


def test_every_room_is_a_package() -> None:
    """Import-linter passes over modules of a folder without `__init__.py`, and says nothing."""
    folders = {path.parent for path in modules("isegformer_app", "model", "resources")}
    assert not [str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()]


def test_rooms_import_downwards_only() -> None:
    # In a process of its own: the linter silences the loggers that are there, and tests listen to ours.
    code = "import sys, importlinter.cli as it; sys.exit(it.lint_imports('pyproject.toml', no_cache=True))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_model_brings_no_qt_and_no_app() -> None:
    """Import-linter cannot see `importlib`, so every module of the model is imported for real."""
    watched = {"PySide6", "pyqtgraph", "shiboken6", "isegformer_app"}
    assert names_loaded_by(module_names("model"), watched) == set()


def test_window_brings_no_torch() -> None:
    """The window must stand before the network is loaded."""
    imports = ["isegformer_app.__main__", "isegformer_app.app", *module_names("isegformer_app/ui")]
    assert names_loaded_by(imports, {"torch", "torchvision", "timm", "transformers"}) == set()


def test_entry_point_brings_neither_qt_nor_torch() -> None:
    assert names_loaded_by(["isegformer_app.__main__"], {"PySide6", "torch", "numpy"}) == set()


def readme_commands() -> list[list[str]]:
    """Command lines of the README's shell blocks, in words, continued lines joined."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("#")[0].split() for line in lines if line.split("#")[0].strip()]


def test_readme_names_make_targets_that_exist() -> None:
    targets = set(re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    known = {word for target in targets for word in target.split()}
    named = {words[1] for words in readme_commands() if words[0] == "make"}
    assert named
    assert named <= known


def test_readme_names_commands_that_exist(capsys: pytest.CaptureFixture[str]) -> None:
    headless = [words for words in readme_commands() if words[0] == "isegformer" and words[1] in HEADLESS_COMMANDS]
    assert {words[1] for words in headless} == set(HEADLESS_COMMANDS)
    for words in headless:
        with pytest.raises(SystemExit) as leaving:
            main([words[1], "--help"])
        assert leaving.value.code == 0
        options = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
        assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.slow
def test_readme_example_in_python_runs_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    with Image.open(resource_path("samples/cat.png")) as cat:
        cat.convert("RGB").save(tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert names["probability"].shape == names["mask"].shape == (300, 451)
    assert names["mask"][150, 220]
    assert not names["mask"][40, 30]


def test_help_names_every_command() -> None:
    assert set(re.findall(r"^  (\w[\w-]*)  ", HELP, flags=re.MULTILINE)) == set(HEADLESS_COMMANDS)

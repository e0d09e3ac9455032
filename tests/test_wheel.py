"""The wheel holds all it needs: built, installed into a fresh environment, and used from another folder."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
CAT_CLICK = (220, 150)
"""A pixel of the cat as X, Y."""


def run(*command: str | Path, folder: Path) -> str:
    """Run `command` in `folder` without the repository on its path; what it printed."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    run(sys.executable, "-m", "pip", "wheel", *options, ROOT, folder=folder)
    (path,) = folder.glob("isegformer-*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Scripts of a fresh environment with the wheel in it.

    The dependencies are those of the environment that runs the tests, seen through a path file: installing them
    again would fetch gigabytes. A path file does not follow the path files of the folders it names, so the
    checkout itself stays invisible.
    """
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(folder, with_pip=False)
    names = {"base": str(folder), "platbase": str(folder)}
    python = Path(sysconfig.get_path("scripts", "venv", names)) / Path(sys.executable).name
    packages = Path(sysconfig.get_path("purelib", "venv", names))
    dependencies = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "dependencies.pth").write_text("\n".join(sorted(dependencies)), encoding="utf-8")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", wheel, folder=folder)
    return python.parent


def test_wheel_holds_the_packages_and_their_files_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    folders = {name.split("/")[0] for name in names}
    assert folders == {"isegformer_app", "model", "resources", f"{'-'.join(wheel.name.split('-')[:2])}.dist-info"}
    assert "resources/samples/cat.png" in names
    assert any(name.startswith("resources/models/") and name.endswith(".safetensors") for name in names)
    assert not [name for name in names if name.endswith(".pyc")]


def test_wheel_says_that_its_packages_are_typed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert {"isegformer_app/py.typed", "model/py.typed", "resources/py.typed"} <= set(archive.namelist())


def test_wheel_names_the_licences_of_what_is_bundled(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(metadata).decode().splitlines()
        licences = {line.removeprefix("License-File: ") for line in lines if line.startswith("License-File: ")}
        held = {name.partition("/licenses/")[2] for name in archive.namelist() if "/licenses/" in name}
    assert licences == held
    assert licences == {"LICENSE", "resources/models/LICENSE-Apache-2.0", "resources/samples/spinal-cord/LICENSE"}


def test_sdist_starts_as_a_checkout_does(tmp_path: Path) -> None:
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, folder=ROOT)
    (path,) = tmp_path.glob("isegformer-*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    started = {"Makefile", "make.bat", "pyproject.toml", "packaging/bootstrap.py", "packaging/constraints.txt"}
    assert started <= names
    assert not [name for name in names if name.endswith(".pyc") or name.startswith((".venv", "out/"))]


@pytest.mark.slow
def test_installed_command_segments_the_sample_from_any_folder(scripts: Path, tmp_path: Path) -> None:
    where = run(
        scripts / "python", "-c", "import resources; print(resources.resource_path('samples'))", folder=tmp_path
    )
    samples = Path(where.strip())
    assert samples.is_relative_to(scripts.parent)
    (tmp_path / "cat.png").write_bytes((samples / "cat.png").read_bytes())
    x, y = CAT_CLICK
    run(scripts / "isegformer", "segment", "cat.png", "--positive", f"{x},{y}", "--output", "mask.png", folder=tmp_path)
    with Image.open(tmp_path / "mask.png") as picture:
        mask = np.array(picture)
    assert mask.shape == (300, 451)
    assert set(np.unique(mask)) == {0, 255}
    assert mask[y, x] == 255
    assert 0.2 < (mask > 0).mean() < 0.9

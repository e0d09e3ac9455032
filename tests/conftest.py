"""What every test stands on: no display, no user folders, no clocks and no chance."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from resources import resource_path

# Two slow cores under load must not fail a test, and a failure must come back on the next run.
settings.register_profile("house", deadline=None, derandomize=True)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer `--headed`: show the windows that the tests drive."""
    parser.addoption("--headed", action="store_true", help="show the windows instead of drawing them offscreen")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the platform before anything makes a QApplication."""
    if not config.getoption("--headed"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture(autouse=True, scope="session")
def user_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings, state and caches of the tests live in a folder of their own, never in the user's."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "APPDATA"):
            patch.setenv(variable, str(home / variable.lower()))
        patch.setenv("LOCALAPPDATA", str(home / "appdata"))
        yield home


@pytest.fixture(scope="session")
def cat_photo() -> Path:
    """Path of the bundled sample photo: 451 x 300, RGB, a cat."""
    return resource_path("samples/cat.png")

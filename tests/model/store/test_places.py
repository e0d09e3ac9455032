"""Models by name and by path."""

from pathlib import Path

import pytest

from model.checkpoints import load_checkpoint
from model.errors import CheckpointError, SettingsError
from model.store import DEFAULT_MODEL, bundled_models, models_folder, places, resolve_model, stored_models, stored_path
from resources import ResourceError

LARGEST_BUNDLED = 50_000_000


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of resources with two models in it."""
    folder = tmp_path / "resources" / "models"
    folder.mkdir(parents=True)
    for name in ("a-model.safetensors", f"{DEFAULT_MODEL}.safetensors", f"{DEFAULT_MODEL}.md"):
        (folder / name).touch()

    def found(name: str) -> Path:
        path = folder.parent / name
        if not path.exists():
            raise ResourceError(name)
        return path

    monkeypatch.setattr(places, "resource_path", found)
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path / "home"))
    return folder


def test_default_is_named_first(models: Path) -> None:
    assert bundled_models() == (DEFAULT_MODEL, "a-model")
    assert resolve_model(None) == models / f"{DEFAULT_MODEL}.safetensors"


def test_name_wins_over_a_file_and_a_path_means_the_file(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(models.parent.parent)
    Path("a-model").touch()
    Path("other").touch()
    assert resolve_model("a-model") == models / "a-model.safetensors"
    assert resolve_model("./a-model").read_bytes() == b""
    assert resolve_model("other") == Path("other")
    assert resolve_model(Path("other")) == Path("other")


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("sam", "There is no model 'sam': no such file is there, and the models are: late-vit-s14, a-model"),
        (".", "is a folder"),
        ("x" * 5000, "is neither known nor a path"),
        ("a\0b", "There is no model|is neither known nor a path"),
    ],
)
@pytest.mark.usefixtures("models")
def test_unknown_model_is_said(wanted: str, words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        resolve_model(wanted)


def test_missing_default_is_said(models: Path) -> None:
    (models / f"{DEFAULT_MODEL}.safetensors").unlink()
    with pytest.raises(CheckpointError, match="install the program again"):
        resolve_model(None)


def test_bundled_model_travels_and_says_what_it_is() -> None:
    assert bundled_models()[0] == DEFAULT_MODEL
    path = resolve_model(None)
    assert path.stat().st_size < LARGEST_BUNDLED
    checkpoint = load_checkpoint(path)
    assert checkpoint.name == checkpoint.network_name == DEFAULT_MODEL
    assert checkpoint.card


def test_own_models_are_found_by_name(models: Path) -> None:
    assert stored_models() == ()
    folder = models_folder()
    folder.mkdir(parents=True)
    for name in ("mine.safetensors", ".half.safetensors", "mine.txt"):
        (folder / name).touch()
    assert stored_models() == ("mine",)
    assert resolve_model("mine") == folder / "mine.safetensors" == stored_path("mine")
    with pytest.raises(CheckpointError, match="the models are: late-vit-s14, a-model, mine"):
        resolve_model("other")


@pytest.mark.parametrize(
    "name", ["", "..", "../mine", "a/b", ".hidden", "a\\b", "x" * 101, "dot.", "line\n", "a-model"]
)
@pytest.mark.usefixtures("models")
def test_names_that_cannot_be_stored_are_refused(name: str) -> None:
    with pytest.raises(SettingsError, match=r"cannot be named|belongs to a bundled model"):
        stored_path(name)

"""The list of models, bundled and own, and what is known of them without torch."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from model.checkpoints import save_checkpoint
from model.checkpoints.operations import count_operations, without_weights
from model.errors import CheckpointError, SettingsError
from model.networks import create_network, network_names
from model.store import DEFAULT_MODEL, list_models, models_folder, remove_model
from model.store.published import published_models
from model.store.speed import SPEED_CLASSES, class_of


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of own models with a good one and a damaged one."""
    monkeypatch.setenv("ISEGFORMER_HOME", str(tmp_path / "home"))
    folder = models_folder()
    torch.manual_seed(0)
    card = {"licence": "MIT, as it says"}
    save_checkpoint(
        folder / "good.safetensors", create_network("segformer-b0"), "segformer-b0", {}, name="x", card=card
    )
    (folder / "bad.safetensors").write_bytes(b"nothing")
    return folder


def test_all_models_are_listed_with_what_they_say(own: Path) -> None:
    bundled, bad, good = list_models()
    assert (bundled.name, bundled.is_bundled, bundled.speed) == (DEFAULT_MODEL, True, "fast")
    assert (good.name, good.is_bundled, good.speed, good.licence) == ("good", False, "fast", "MIT, as it says")
    assert good.size == (own / "good.safetensors").stat().st_size
    assert not good.problem
    assert "is not a safetensors file" in bad.problem


def test_own_models_can_be_removed_and_bundled_ones_cannot(own: Path) -> None:
    remove_model("bad")
    assert [path.name for path in own.iterdir()] == ["good.safetensors"]
    with pytest.raises(CheckpointError, match="There is no model 'bad'"):
        remove_model("bad")
    with pytest.raises(SettingsError, match="belongs to a bundled model"):
        remove_model(DEFAULT_MODEL)


def test_listing_needs_no_torch() -> None:
    code = "import sys, model.store, model.store.download, model.store.published; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SPEED_CLASSES if name not in ("simpleclick-h", "simpleclick-l")])
def test_speed_classes_are_those_of_the_operations(name: str) -> None:
    network = without_weights(create_network(name))
    assert class_of(count_operations(network, network.view_side).decode) == SPEED_CLASSES[name]


def test_every_named_network_has_a_speed_class() -> None:
    assert set(SPEED_CLASSES) == set(network_names())


def test_the_table_of_published_models_is_whole() -> None:
    table = published_models()
    assert len({each.name for each in table}) == len(table) >= 5
    for each in table:
        assert each.url.startswith("https://")
        assert each.network in SPEED_CLASSES
        assert each.sha256 is None or len(bytes.fromhex(each.sha256)) == 32
        assert each.licence


def test_stated_sizes_are_those_of_the_weights() -> None:
    """Authors who write MB may mean MiB: the numbers of the network decide."""
    for each in published_models():
        if each.bytes is not None:
            with torch.device("meta"):
                state = create_network(each.network).state_dict()
            numbers = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
            assert 0 < each.bytes - numbers < 0.03 * numbers, each.name

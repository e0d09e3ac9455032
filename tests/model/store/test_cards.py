"""What stands of a model beside its file: that of the bundled one, and cards that are none."""

import hashlib
import json
from pathlib import Path

import pytest
import torch

from model.checkpoints import load_checkpoint, save_checkpoint
from model.errors import CheckpointError
from model.networks import create_network
from model.store import DEFAULT_MODEL, list_models
from model.store.cards import whole_card
from resources import resource_path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that says its licence, and nothing of what it reaches."""
    torch.manual_seed(0)
    path = tmp_path / "mine.v2.safetensors"
    save_checkpoint(path, create_network("segformer-b0"), "segformer-b0", {}, name="mine", card={"licence": "MIT"})
    return path


def test_the_card_of_the_bundled_model_is_of_its_file_and_says_what_its_readers_are_told() -> None:
    file, words = (resource_path(f"models/{DEFAULT_MODEL}{end}") for end in (".safetensors", ".md"))
    beside = json.loads(resource_path(f"models/{DEFAULT_MODEL}.card.json").read_text(encoding="utf-8"))
    assert beside["of"] == hashlib.sha256(file.read_bytes()).hexdigest()
    metrics = beside["card"]["metrics"]
    row = next(line for line in words.read_text(encoding="utf-8").splitlines() if line.startswith("| **mean over sets"))
    told = [float(cell.strip(" *")) for cell in row.split("|")[3:-1]]
    names = ("NoC@85", "NoC@90", "unreached@90", "IoU@1", "IoU@3", "IoU@5", "IoU@20")
    assert [metrics[name] for name in names] == told
    assert f"{row.split('|')[2].strip()} objects" in metrics["on"]


def test_the_bundled_model_states_licence_source_and_metrics() -> None:
    listed = next(each for each in list_models() if each.name == DEFAULT_MODEL)
    assert listed.licence.startswith("MIT for the decoder, Apache-2.0 for the encoder")
    assert {"licence", "source", "metrics"} <= set(listed.card)


def test_a_card_adds_to_what_the_file_says_and_never_changes_it(model: Path) -> None:
    assert load_checkpoint(model).card == {"licence": "MIT"}
    card = {"licence": "none", "metrics": {"NoC@90": 3.0}}
    model.with_name("mine.v2.card.json").write_text(json.dumps({"of": "", "card": card}))
    assert load_checkpoint(model).card == {"licence": "MIT", "metrics": {"NoC@90": 3.0}}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"card": 3}', '{"card": [1]}', "[" * 100_000, " " * 1_000_001])
def test_what_is_no_card_is_said(model: Path, text: str) -> None:
    model.with_name("mine.v2.card.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"mine\.v2\.card\.json is (damaged|too large).*remove it"):
        whole_card(model, {})

"""Our checkpoints: what is written is read again, and what is not ours or not whole is refused in one sentence."""

import hashlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from model.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from model.errors import CheckpointError, OutputError
from model.networks import ClickNetwork, create_network
from model.store import header

NAME = "segformer-b0"
OPTIONS = {"in_channels": 5, "head_channels": 4}
CARD = {"data": ["Küken", "cats"], "samples": 12_000, "iou": {"val": {"1": 0.61}}, "limits": None}


@pytest.fixture(scope="module")
def network() -> ClickNetwork:
    torch.manual_seed(0)
    return create_network(NAME, **OPTIONS)


@pytest.fixture(scope="module")
def written(network: ClickNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.safetensors"
    save_checkpoint(path, network, NAME, OPTIONS, name="small one", card=CARD)
    return path


@pytest.fixture
def changed(written: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write the file again with other metadata; a value of None leaves the field out."""

    def write(tensors: dict[str, torch.Tensor] | None = None, **fields: str | None) -> Path:
        metadata = {key: value for key, value in (metadata_of(written) | fields).items() if value is not None}
        path = tmp_path / "changed.safetensors"
        save_file(load_file(written) if tensors is None else tensors, path, metadata)
        return path

    return write


def metadata_of(path: Path) -> dict[str, str]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    metadata: dict[str, str] = json.loads(data[8 : 8 + length])["__metadata__"]
    return metadata


def refusal(path: Path) -> str:
    """The one sentence with which a file is refused."""
    with pytest.raises(CheckpointError) as caught:
        load_checkpoint(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return sentence


def test_round_trip(network: ClickNetwork, written: Path) -> None:
    read = load_checkpoint(written)
    assert isinstance(read, Checkpoint)
    assert (read.name, read.network_name, read.options, read.card) == ("small one", NAME, OPTIONS, CARD)
    assert read.sha256 == hashlib.sha256(written.read_bytes()).hexdigest()
    assert not read.network.training
    expected = network.state_dict()
    found = read.network.state_dict()
    assert list(found) == list(expected)
    assert all(torch.equal(found[key], expected[key]) for key in expected)


def test_checkpoint_cannot_be_changed(written: Path) -> None:
    with pytest.raises(AttributeError):
        load_checkpoint(written).name = "other"  # type: ignore[misc]


def test_half_precision_by_choice(network: ClickNetwork, tmp_path: Path) -> None:
    path = tmp_path / "half.safetensors"
    save_checkpoint(path, network, NAME, OPTIONS, name="half", card={}, half=lambda key: key.startswith("encoder."))
    kinds = {key: tensor.dtype for key, tensor in load_file(path).items()}
    assert {kind for key, kind in kinds.items() if key.startswith("encoder.")} == {torch.float16}
    assert {kind for key, kind in kinds.items() if not key.startswith("encoder.")} == {torch.float32}
    for key, tensor in load_checkpoint(path).network.state_dict().items():
        original = network.state_dict()[key]
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, original.half().float() if key.startswith("encoder.") else original)
    save_checkpoint(path, network, NAME, OPTIONS, name="half", card={}, half=True)
    assert {tensor.dtype for tensor in load_file(path).values()} == {torch.float16}


def test_saving_replaces_in_one_step_and_leaves_nothing_beside(
    network: ClickNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new folder" / "model.safetensors"
    save_checkpoint(path, network, NAME, OPTIONS, name="first", card={})
    before = path.read_bytes()

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        save_checkpoint(path, network, NAME, OPTIONS, name="second", card={})
    assert path.read_bytes() == before
    monkeypatch.undo()
    save_checkpoint(path, network, NAME, OPTIONS, name="third", card={})
    assert load_checkpoint(path).name == "third"
    assert [entry.name for entry in path.parent.iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize(("value", "half"), [(float("nan"), False), (float("inf"), False), (1e6, True)])
def test_weights_that_cannot_be_stored_are_not_written(value: float, half: bool, tmp_path: Path) -> None:
    broken = create_network(NAME, **OPTIONS)
    with torch.no_grad():
        broken.get_parameter("head.conv_seg.bias").fill_(value)
    with pytest.raises(CheckpointError, match=r"head\.conv_seg\.bias is not finite"):
        save_checkpoint(tmp_path / "broken.safetensors", broken, NAME, OPTIONS, name="b", card={}, half=half)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"{}", "is not a safetensors file"),
        (b"PK\x03\x04" + b"\x00" * 200, "is not a safetensors file; other formats, such as .pth"),
        (b"\x80\x02}q\x00." + b"\x00" * 50, "is not a safetensors file"),
        (b"\xff" * 7 + b"\x7f{}", "ends before its header does"),
        (struct.pack("<Q", 20) + b"{" + b"x" * 30, "is damaged"),
        (struct.pack("<Q", 2) + b"{}", "another program"),
    ],
)
def test_other_files_are_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)
    assert words in refusal(path)


def test_missing_file_and_folder_are_said(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "none.safetensors")
    assert "cannot be read" in refusal(tmp_path)


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 0.999])
def test_file_cut_short_is_refused(share: float, written: Path, tmp_path: Path) -> None:
    data = written.read_bytes()
    path = tmp_path / "cut.safetensors"
    path.write_bytes(data[: int(len(data) * share)])
    refusal(path)


def test_damage_in_the_header_is_refused_or_changes_nothing_but_words(written: Path, tmp_path: Path) -> None:
    """Every byte of the first kilobyte turned: an error of ours or a file that still fits, never another exception."""
    data = bytearray(written.read_bytes())
    path = tmp_path / "turned.safetensors"
    for position in range(0, 1024, 41):
        turned = bytearray(data)
        turned[position] ^= 0x15
        path.write_bytes(turned)
        try:
            load_checkpoint(path)
        except CheckpointError as error:
            assert "\n" not in str(error)  # noqa: PT017 - either outcome is right, another exception is not


def test_sizes_are_bounded_before_anything_is_read(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(header, "LARGEST_FILE", 1000)
    assert "is too large" in refusal(written)
    monkeypatch.undo()
    monkeypatch.setattr(header, "LARGEST_HEADER", 1000)
    assert "its header says that it is" in refusal(written)


def test_file_of_another_program_is_refused(changed: Callable[..., Path]) -> None:
    assert "safetensors file of another program" in refusal(changed(format=None))
    assert "safetensors file of another program" in refusal(changed(format="pt"))


def test_newer_version_is_refused_with_both_named(changed: Callable[..., Path]) -> None:
    assert "version '2', but this program reads '1'" in refusal(changed(version="2"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": None}, "'name' is missing"),
        ({"name": "small"}, "'name' is missing or no JSON"),
        ({"name": "[1]"}, "'name' is of the wrong kind"),
        ({"name": '"two\\nlines"'}, "its name"),
        ({"card": "[]"}, "'card' is of the wrong kind"),
        ({"options": '{"in_channels": [5]}'}, "its options"),
        ({"options": '{"in_channels": 4}'}, "cannot be built: A SegFormer takes 5 or 6"),
        ({"options": '{"head_channels": 1e300}'}, "cannot be built: The head must have"),
        ({"options": '{"width": 4}'}, "cannot be built"),
        ({"network": '"resnet"'}, "cannot be built: There is no network named 'resnet'"),
    ],
)
def test_wrong_metadata_are_refused(fields: dict[str, str | None], words: str, changed: Callable[..., Path]) -> None:
    assert words in refusal(changed(**fields))


def test_weights_of_another_network_are_refused(changed: Callable[..., Path], written: Path) -> None:
    tensors = load_file(written)
    lacking = {key: tensor for key, tensor in tensors.items() if not key.startswith("head.convs.")}
    sentence = refusal(changed(lacking))
    assert "misses head.convs.0.conv.weight, head.convs.0.conv.bias, head.convs.1.conv.weight and 5 more" in sentence
    assert "holds strange" in refusal(changed(tensors | {"strange": torch.zeros(1)}))
    key = "head.conv_seg.bias"
    assert f"{key} is (2,) of F32, but must be (1,)" in refusal(changed(tensors | {key: torch.zeros(2)}))
    assert f"{key} is (1,) of I64" in refusal(changed(tensors | {key: torch.zeros(1, dtype=torch.int64)}))
    assert f"{key} is not finite" in refusal(changed(tensors | {key: torch.tensor([float("nan")])}))


def test_a_small_file_of_a_vast_network_takes_no_memory(
    changed: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    places: set[str] = set()

    def build(name: str, **options: Any) -> ClickNetwork:
        built = create_network(name, **options)
        places.update(each.device.type for each in built.state_dict().values())
        return built

    monkeypatch.setattr("model.checkpoints.files.create_network", build)
    vast = changed(network=json.dumps("simpleclick-h"), options="{}")
    assert "does not fit its network: it misses" in refusal(vast)
    assert places == {"meta"}


def test_options_of_any_kind_come_back(written: Path) -> None:
    kept: dict[str, Any] = dict(load_checkpoint(written).options)
    assert all(type(kept[key]) is type(value) for key, value in OPTIONS.items())


@pytest.mark.parametrize(("name", "kept"), [("a\nb", "ab"), ("x" * 300, "x" * 200), ("", "segformer-b0")])
def test_a_model_can_be_read_whatever_it_was_called(name: str, kept: str, tmp_path: Path) -> None:
    """A training that ran for days is not lost for the name of its folder."""
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, create_network("segformer-b0"), "segformer-b0", {}, name=name, card={})
    assert load_checkpoint(path).name == kept

"""Files of torch.save, of both layouts: every weight comes back, and every lie about sizes is found in time."""

import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from model.checkpoints import torch_file
from model.checkpoints.foreign import open_weights
from model.checkpoints.stored import StoredTensor
from model.checkpoints.torch_file import TorchFile
from model.errors import CheckpointError

Rewrite = Callable[[Callable[[str, bytes], bytes | None]], Path]


def content() -> dict[str, Any]:
    shared = torch.arange(24.0)
    return {
        "float": torch.randn(3, 4, generator=torch.Generator().manual_seed(1)),
        "half": torch.ones(2, dtype=torch.float16),
        "brain": torch.tensor([1.5], dtype=torch.bfloat16),
        "double": torch.tensor(2.0, dtype=torch.float64),
        "whole": torch.tensor([1, -2]),
        "yes": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "turned": shared.reshape(4, 6).t(),
        "part": shared[5:9],
        "parameter": nn.Parameter(torch.ones(2)),
    }


@pytest.fixture(params=["zip", "legacy"])
def saved(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": content()}, path, _use_new_zipfile_serialization=request.param == "zip")
    return path


@pytest.fixture
def rewrite(tmp_path: Path) -> Rewrite:
    """Write a file of torch.save again, with each entry passed through a function."""

    def run(change: Callable[[str, bytes], bytes | None], compression: int = zipfile.ZIP_STORED) -> Path:
        source, target = tmp_path / "good.pth", tmp_path / "changed.pth"
        torch.save({"state_dict": content()}, source)
        with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
            for name in old.namelist():
                data = change(name, old.read(name))
                if data is not None:
                    new.writestr(name, data)
        return target

    return run


def read_all(path: Path) -> dict[str, Tensor]:
    file = TorchFile(path)
    assert isinstance(file.content, dict)
    return file.tensors(file.content["state_dict"])


def refusal(path: Path) -> str:
    with pytest.raises(CheckpointError) as caught:
        read_all(path)
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_every_weight_comes_back(saved: Path) -> None:
    file = TorchFile(saved)
    assert isinstance(file.content, dict)
    stored = file.content["state_dict"]
    assert all(isinstance(each, StoredTensor) for each in stored.values())
    read = file.tensors(stored)
    expected: dict[str, Tensor] = content()
    assert list(read) == list(expected)
    for name, tensor in expected.items():
        assert read[name].dtype == tensor.dtype
        assert torch.equal(read[name], tensor), name
        assert read[name].is_contiguous()


def test_weights_have_memory_of_their_own(saved: Path) -> None:
    file = TorchFile(saved)
    assert isinstance(file.content, dict)
    read = file.tensors(file.content["state_dict"])
    read["turned"].zero_()
    assert torch.equal(read["part"], torch.arange(5.0, 9.0))


def test_modules_are_told_apart_from_weights(tmp_path: Path) -> None:
    path = tmp_path / "module.pth"
    for layout in (True, False):
        torch.save(nn.Linear(2, 2), path, _use_new_zipfile_serialization=layout)
        with pytest.raises(CheckpointError, match=r"whole object of the class torch.nn.modules.linear.Linear"):
            open_weights(path)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.99])
def test_file_cut_short_is_refused(saved: Path, share: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(len(data) * share)])
    refusal(saved)


def test_turned_bytes_end_in_words_or_in_weights(saved: Path) -> None:
    data = saved.read_bytes()
    for position in range(0, len(data), 23):
        turned = bytearray(data)
        turned[position] ^= 0x15
        saved.write_bytes(turned)
        try:
            file = TorchFile(saved)
            stored = file.content["state_dict"] if isinstance(file.content, dict) else {}
            file.tensors({name: each for name, each in stored.items() if isinstance(each, StoredTensor)})
        except CheckpointError as error:
            assert str(saved) in str(error)  # noqa: PT017 - either outcome is right, another exception is not
        except KeyError as error:
            assert error.args == ("state_dict",)  # noqa: PT017 - the name itself was turned


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "does not begin as a file of torch.save does"),
        (b"hello", "does not begin as a file of torch.save does"),
        (pickle.dumps({"a": 1}), "not one that torch.save wrote"),
        (b"PK\x03\x04" + b"\x00" * 100, "breaks off before its end"),
        (b"PK\x03\x04PK\x05\x06" + b"\x00" * 18, "not one that torch.save wrote"),
        (b"PK\x03\x04PK\x05\x06" + b"\x00" * 8 + b"\xf0\xff\xff\xff" + b"\x00" * 6, "table of contents is 4294967280"),
        (
            b"PK\x03\x04PK\x06\x06" + b"\x00" * 36 + b"\xff" * 7 + b"\x00PK\x05\x06" + b"\xff" * 16,
            "table of contents is 72057594037927935",
        ),
    ],
)
def test_other_files_are_refused(data: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    path.write_bytes(data)
    assert words in refusal(path)
    assert "cannot be read" in refusal(tmp_path / "missing.pth")


def test_a_zip_bomb_is_refused_before_it_unfolds(rewrite: Callable[..., Path]) -> None:
    bomb = rewrite(
        lambda name, data: data + bytes(200_000_000) if name.endswith("data/0") else data, zipfile.ZIP_DEFLATED
    )
    assert bomb.stat().st_size < 1_000_000
    tracemalloc.start()
    words = refusal(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "is compressed, which torch.save never does" in words
    assert peak < 20_000_000


def test_lies_about_sizes_are_found_in_the_list(rewrite: Rewrite) -> None:
    shortened = rewrite(lambda name, data: data[:-4] if name.endswith("data/0") else data)
    assert "the weights number 0 are missing or not of the right length" in refusal(shortened)
    lost = rewrite(lambda name, data: None if name.endswith("data/3") else data)
    assert "the weights number 3 are missing" in refusal(lost)


def test_a_tensor_larger_than_its_numbers_is_refused(tmp_path: Path) -> None:
    """A stride of nothing makes four bytes into any number of them."""
    path = tmp_path / "wide.pth"
    torch.save({"state_dict": {"wide": torch.ones(1).expand(10**12)}}, path)
    assert "a tensor that is larger than its numbers" in refusal(path)


def test_many_names_for_the_same_numbers_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "many.pth"
    same = torch.ones(1000)
    torch.save({"state_dict": {str(number): same for number in range(100)}}, path)
    monkeypatch.setattr(torch_file, "LARGEST_FILE", 300_000)
    assert "unfolds to more than 300000 bytes" in refusal(path)
    monkeypatch.setattr(torch_file, "LARGEST_FILE", 1000)
    assert "is too large" in refusal(path)


def test_damaged_numbers_are_found(rewrite: Rewrite) -> None:
    good = rewrite(lambda _name, data: data)
    data = good.read_bytes()
    with zipfile.ZipFile(good) as archive:
        info = next(each for each in archive.infolist() if each.filename.endswith("data/0"))
        start = info.header_offset + 30 + len(info.filename)
    good.write_bytes(data[:start] + bytes([data[start] ^ 1]) + data[start + 1 :])
    assert "Bad CRC-32" in refusal(good)


def test_numbers_that_would_lie_behind_the_end_are_found(tmp_path: Path) -> None:
    """The head before the numbers says that it is so long that they begin behind the file."""
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {"a": torch.zeros(4)}}, path)
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        head = archive.getinfo("weights/data/0").header_offset
    data[head + 28 : head + 30] = b"\xff\xff"
    path.write_bytes(data)
    weights = open_weights(path)
    with pytest.raises(CheckpointError, match="ends before"):
        weights.load(["a"])


def test_other_byte_order_and_scripts_are_said(rewrite: Rewrite, tmp_path: Path) -> None:
    turned = rewrite(lambda name, data: b"big" if name.endswith("byteorder") else data)
    assert "byte order" in refusal(turned)
    path = tmp_path / "script.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("s/data.pkl", "s/constants.pkl", "s/code/a.py"):
            archive.writestr(name, b"x")
    assert "TorchScript program" in refusal(path)


def test_legacy_sizes_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    torch.save({"state_dict": {"a": torch.ones(5)}}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    path.write_bytes(data.replace(struct.pack("<q", 5), struct.pack("<q", 2**60)))
    assert "not of the right length" in refusal(path)


def test_unknown_numbers_and_strange_lists_are_said(tmp_path: Path) -> None:
    path = tmp_path / "odd.pth"
    torch.save({"state_dict": {"z": torch.zeros(2, dtype=torch.complex64)}}, path)
    assert "numbers of the kind ComplexFloatStorage" in refusal(path)
    torch.save([{"state_dict": {"a": torch.ones(1)}}] * 3, path)
    with pytest.raises(CheckpointError, match="a list of 3 models, one for each of the first clicks"):
        open_weights(path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(CheckpointError, match="holds no weights by name"):
        open_weights(path)


@pytest.mark.parametrize("wrapper", ["", "state_dict", "model", "model_state_dict"])
def test_weights_are_found_in_every_wrapping(wrapper: str, tmp_path: Path) -> None:
    path = tmp_path / "wrapped.pth"
    state = {"module.a": torch.ones(2), "module.b": torch.zeros(1)}
    torch.save({wrapper: state, "config": {"class": "isegm.X"}} if wrapper else state, path)
    weights = open_weights(path)
    assert set(weights.entries) == {"a", "b"}
    assert weights.wrapper == wrapper
    assert weights.class_name == ("isegm.X" if wrapper else "")
    assert torch.equal(weights.load(["a"])["a"], torch.ones(2))

"""Hostile streams: whatever they name, nothing of it is called, imported or changed."""

import builtins
import collections
import io
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model.checkpoints import pickle_data
from model.checkpoints.pickle_data import Name, PickleError, Record, read_pickle

CALLS: dict[str, Callable[[tuple[Any, ...]], object]] = {"collections.OrderedDict": lambda arguments: {}}


def plain(data: bytes) -> Any:
    return read_pickle(io.BytesIO(data), CALLS)


class Calls:
    """Pickles as a call of `function` with `arguments`, which Python's unpickler makes."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.called = function, arguments

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.called


def attacks(trace: Path) -> dict[str, bytes]:
    """Streams that leave the folder `trace` behind when Python's own unpickler reads them."""
    place = str(trace)
    code = f"__import__('os').mkdir({place!r})"
    text = b"X" + len(place).to_bytes(4, "little") + place.encode()
    call = pickle.dumps(Calls(os.mkdir, place), 2)[2:-1]
    return {
        "os.system": pickle.dumps(Calls(os.system, f"mkdir {place}"), 2),
        "eval": pickle.dumps(Calls(builtins.eval, code)),
        "exec": pickle.dumps(Calls(builtins.exec, code), 0),
        "a call in a call": pickle.dumps({"state_dict": [Calls(str, Calls(os.mkdir, place))]}),
        "getattr of what a call gave": pickle.dumps(Calls(getattr, Calls(builtins.__import__, "os"), "mkdir"), 2)[:-1]
        + text
        + b"\x85R.",
        "a name with dots": b"\x80\x04\x8c\x08builtins\x8c\x11len.__self__.eval\x93"
        + b"\x8c"
        + bytes([len(code)])
        + code.encode()
        + b"\x85R.",
        "an instance": b"(S'" + place.encode() + b"'\nios\nmkdir\n.",
        "an object": b"(cpathlib\nPath\n" + text + b"o0" + b"(ios\ngetcwd\n0" + call + b".",
        "with an index number": b"\x80\x02cos\nmkdir\nq\x00" + text + b"q\x010h\x00h\x01\x85R.",
        "in a dict": b"\x80\x02}X\x01\x00\x00\x00a" + call + b"s.",
        "in a state": b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00a" + call + b"sb.",
        "as a key": b"\x80\x02}" + call + b"K\x01s.",
    }


@pytest.mark.parametrize("name", list(attacks(Path("trace"))))
def test_nothing_is_called(name: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    data = attacks(trace)[name]
    plain(data)
    assert not trace.exists()


@pytest.mark.parametrize("name", list(attacks(Path("trace"))))
def test_the_attacks_are_real(name: str, tmp_path: Path) -> None:
    """Python's own unpickler falls for each; otherwise the test above would show nothing."""
    trace = tmp_path / "trace"
    pickle.loads(attacks(trace)[name])
    assert trace.exists()


def test_names_stay_names_and_nothing_is_imported() -> None:
    assert "this" not in sys.modules
    assert plain(b"cthis\nd\n.") == Name("this", "d")
    assert plain(b"\x80\x04\x8c\x04this\x8c\x01d\x93.") == Name("this", "d")
    assert "this" not in sys.modules


def test_calls_become_records_with_state_and_items() -> None:
    record = plain(b"\x80\x02cisegm.loss\nCrossEntropyLoss\n)\x81}U\x06weightK\x02sb.")
    assert isinstance(record, Record)
    assert (record.name, record.arguments, record.state) == ("isegm.loss.CrossEntropyLoss", (), {"weight": 2})
    counted = plain(pickle.dumps(collections.defaultdict(int, a=1), 2))
    assert isinstance(counted, Record)
    assert counted.items == {"a": 1}


def test_a_state_changes_no_class_and_no_function() -> None:
    """BUILD sets attributes of what it is given: here nothing but a record has a state."""
    before = dict(vars(Record)), read_pickle.__defaults__
    for target in (b"cmodel.checkpoints.pickle_data\nRecord\n", b"cmodel.checkpoints.pickle_data\nread_pickle\n"):
        plain(b"\x80\x02" + target + b"N}U\x0c__defaults__K\x01s\x86b.")
    assert (dict(vars(Record)), read_pickle.__defaults__) == before


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -(2**70), 1.5, "größe", b"bytes", (), (1, 2), (1, (2, 3), 4, 5), [1, [2]], {"a": {"b": [1]}, 2: 3}],
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_come_back(value: object, protocol: int) -> None:
    if value == b"bytes" and protocol < 3:
        pytest.skip("bytes are a call of _codecs.encode there")
    assert plain(pickle.dumps(value, protocol)) == value


def test_shared_values_stay_shared() -> None:
    shared = [1]
    one, other = plain(pickle.dumps([shared, shared]))
    assert one is other


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "breaks off"),
        (b"\x80\x02]q\x00", "breaks off"),
        (b".", "breaks off"),
        (b"R.", "breaks off"),
        (b"0.", "breaks off"),
        (b"(.", "contradicts itself"),
        (b"(K\x01.", ""),
        (b"t.", "contradicts itself"),
        (b"h\x07.", "breaks off"),
        (b"\x82\x01.", "the instruction EXT1"),
        (b"\x97.", "the instruction NEXT_BUFFER"),
        (b"\x80\x04K\x01K\x02\x93.", "by something that is no text"),
        (b"K\x01Q.", "refers to something that is not in the file"),
        (b"Psomewhere\n.", "refers to something that is not in the file"),
        (b"cos\nsystem\nK\x01R.", "what are no arguments"),
        (b"\x8d" + b"\xff" * 8 + b"x.", "breaks off"),
        (b"\x8a\xff1.", "breaks off"),
        (b"X\xff\xff\xff\x7fabc.", "longer than"),
        (b"\xff" * 100, "breaks off"),
    ],
)
def test_damaged_streams_are_refused(data: bytes, words: str) -> None:
    if words:
        with pytest.raises(PickleError, match=words):
            plain(data)
    else:
        plain(data)


def test_made_up_keys_are_left_out() -> None:
    """The hash of a tuple nested a million deep takes the interpreter down."""
    nested = b"\x80\x02}(" + b")" + b"\x85" * 100_000 + b"K\x01X\x01\x00\x00\x00aK\x02u."
    assert plain(nested) == {"a": 2}


def test_size_is_bounded_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PickleError, match="longer than"):
        plain(b"B\xff\xff\xff\xffx.")
    monkeypatch.setattr(pickle_data, "MOST_STEPS", 100)
    with pytest.raises(PickleError, match="more than 100 steps"):
        plain(b"]" * 200 + b".")
    monkeypatch.setattr(pickle_data, "MOST_BYTES", 50)
    with pytest.raises(PickleError):
        plain(b"K\x01" * 40 + b".")


def test_nothing_behind_the_end_is_read() -> None:
    stream = io.BytesIO(pickle.dumps([1]) + pickle.dumps("next"))
    assert read_pickle(stream, {}) == [1]
    assert read_pickle(stream, {}) == "next"

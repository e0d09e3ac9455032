"""Pickles as plain data: the instructions of the stream are followed by hand, and no object of it ever comes to life.

Python's own unpicklers import the classes that a stream names and call them, so a file can run anything. Here a name
stays a `Name`, a call becomes a `Record` of what would have been called, and the few calls that mean weights are
answered by a table of ours. There is nothing that a stream could reach beyond that table.
"""

import pickletools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

MOST_BYTES = 16 * 1024**2
"""Of one stream; the weights themselves stand elsewhere, and 1,000 of them take 150 KB here."""

MOST_STEPS = 2_000_000
"""Instructions of one stream: each may take a hundred bytes of memory."""

_PLAIN_KEYS = (str, int, float, bytes, bool, type(None))
_MARK = object()


class PickleError(ValueError):
    """The stream is damaged, too large, or holds what no weights file holds; `str(error)` says which."""


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function that the stream names; it is never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(eq=False, slots=True)
class Record:
    """An object that was not made: what would have been called, with what, and what it would have been given."""

    name: str
    arguments: object
    state: object = None
    items: dict[object, object] = field(default_factory=dict)


class Stream(Protocol):
    """What a pickle is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Read some bytes."""

    def readline(self, size: int = -1, /) -> bytes:
        """Read a line."""


Answer = Callable[[tuple[Any, ...]], object]
"""Turns the arguments of a call into plain data; raises `PickleError` where they make no sense."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of one stream is read."""

    bytes: int
    steps: int


def read_pickle(
    file: Stream, calls: Mapping[str, Answer], persistent: Answer | None = None, limits: Limits | None = None
) -> object:
    """Read one stream from where `file` stands to its end, and leave `file` behind it.

    `calls` answers calls by dotted name, `persistent` the references to what stands beside the stream; `limits` are
    those of a list of weights by default. The result is made of None, bool, int, float, str, bytes, tuple, list, dict,
    `Name`, `Record` and what the answers gave. Raises `PickleError`.
    """
    limits = limits or Limits(MOST_BYTES, MOST_STEPS)
    try:
        bounded: Any = _Bounded(file, limits.bytes)
        return _Reader(calls, persistent).run(pickletools.genops(bounded), limits.steps)
    except PickleError:
        raise
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
        # pickletools and the stack below meet all of these in a stream that is cut or made up.
        raise PickleError(f"its list of weights breaks off or contradicts itself ({error})") from error


class _Bounded:
    """Reads no more than so many bytes of a file, and tells a length that cannot be from one that can."""

    def __init__(self, file: Stream, most: int) -> None:
        self._file, self._left, self._most = file, most, most

    def read(self, count: int) -> bytes:
        if not 0 <= count <= self._left:
            raise PickleError(f"its list of weights is longer than {self._most} bytes")
        self._left -= count
        return self._file.read(count)

    def readline(self) -> bytes:
        line = self._file.readline(self._left)
        self._left -= len(line)
        return line


class _Reader:
    """The machine that a pickle is a program for, without its power to call."""

    def __init__(self, calls: Mapping[str, Answer], persistent: Answer | None) -> None:
        self._calls, self._persistent = calls, persistent
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, steps: Iterator[tuple[pickletools.OpcodeInfo, Any, int | None]], most: int) -> object:
        for count, (opcode, argument, _) in enumerate(steps):
            if count > most:
                raise PickleError(f"its list of weights takes more than {most} steps")
            if opcode.name == "STOP":
                return self._pop()
            self._step(opcode.name, argument)
        raise PickleError("its list of weights has no end")

    def _step(self, name: str, argument: Any) -> None:  # noqa: ANN401 - as the stream has it
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _LITERALS:
            self._stack.append(argument)
        elif name in _NEW:
            self._stack.append(_NEW[name]())
        elif name in _ACTIONS:
            _ACTIONS[name](self, argument)
        else:
            raise PickleError(f"its list of weights holds the instruction {name}, which no weights file needs")

    def _pop(self) -> Any:  # noqa: ANN401
        value = self._stack.pop()
        if value is _MARK:
            raise PickleError("its list of weights contradicts itself")
        return value

    def _to_mark(self) -> list[Any]:
        for position in range(len(self._stack) - 1, -1, -1):
            if self._stack[position] is _MARK:
                values = self._stack[position + 1 :]
                del self._stack[position:]
                return values
        raise PickleError("its list of weights contradicts itself")

    def drop(self, _: object) -> None:
        self._stack.pop()

    def drop_to_mark(self, _: object) -> None:
        self._to_mark()

    def mark(self, _: object) -> None:
        self._stack.append(_MARK)

    def again(self, _: object) -> None:
        self._stack.append(self._stack[-1])

    def nothing(self, _: object) -> None:
        """Framing and protocol number do not matter to the values."""

    def keep(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else int(index)] = self._stack[-1]

    def fetch(self, index: int) -> None:
        self._stack.append(self._memo[int(index)])

    def tuple_of_few(self, count: int) -> None:
        values = tuple(reversed([self._pop() for _ in range(count)]))
        self._stack.append(values)

    def tuple_to_mark(self, _: object) -> None:
        self._stack.append(tuple(self._to_mark()))

    def list_to_mark(self, _: object) -> None:
        self._stack.append(self._to_mark())

    def dict_to_mark(self, _: object) -> None:
        pairs: dict[object, object] = {}
        self._set(pairs, self._to_mark())
        self._stack.append(pairs)

    def append_one(self, _: object) -> None:
        self._fill([self._pop()])

    def append_to_mark(self, _: object) -> None:
        self._fill(self._to_mark())

    def set_one(self, _: object) -> None:
        value, key = self._pop(), self._pop()
        self._set(self._stack[-1], [key, value])

    def set_to_mark(self, _: object) -> None:
        values = self._to_mark()
        self._set(self._stack[-1], values)

    def _fill(self, values: list[Any]) -> None:
        target = self._stack[-1]
        if isinstance(target, list):
            target.extend(values)

    @staticmethod
    def _set(target: object, values: list[Any]) -> None:
        pairs = target.items if isinstance(target, Record) else target
        if isinstance(pairs, dict):
            # Only plain keys: the hash of a made-up key can take the interpreter down.
            pairs.update((k, v) for k, v in zip(values[::2], values[1::2], strict=True) if isinstance(k, _PLAIN_KEYS))

    def name_in_line(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(Name(module, name))

    def name_from_stack(self, _: object) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise PickleError("its list of weights names a class by something that is no text")
        self._stack.append(Name(module, name))

    def call(self, _: object) -> None:
        arguments, called = self._pop(), self._pop()
        self._stack.append(self._called(called, arguments))

    def call_with_keywords(self, _: object) -> None:
        keywords, arguments, called = self._pop(), self._pop(), self._pop()
        self._stack.append(self._called(called, (*arguments, keywords)))

    def call_to_mark(self, _: object) -> None:
        called, *arguments = self._to_mark()
        self._stack.append(self._called(called, tuple(arguments)))

    def call_in_line(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(self._called(Name(module, name), tuple(self._to_mark())))

    def _called(self, called: object, arguments: object) -> object:
        if not isinstance(arguments, tuple):
            raise PickleError("its list of weights calls something with what are no arguments")
        name = str(called) if isinstance(called, Name) else "something that has no name"
        answer = self._calls.get(name)
        return Record(name, arguments) if answer is None else answer(arguments)

    def give_state(self, _: object) -> None:
        state = self._pop()
        target = self._stack[-1]
        if isinstance(target, Record):
            target.state = state

    def reference(self, argument: object) -> None:
        self._refer(argument)

    def reference_from_stack(self, _: object) -> None:
        self._refer(self._pop())

    def _refer(self, reference: object) -> None:
        if self._persistent is None or not isinstance(reference, tuple):
            raise PickleError("its list of weights refers to something that is not in the file")
        self._stack.append(self._persistent(reference))


_CONSTANTS: Mapping[str, object] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
# fmt: off
_LITERALS = frozenset((
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT", "STRING", "BINSTRING",
    "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES",
    "BINBYTES8", "BYTEARRAY8",
))
# fmt: on
_NEW: Mapping[str, Callable[[], object]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": list}
_ACTIONS: Mapping[str, Callable[[_Reader, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _Reader.nothing),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Reader.keep),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Reader.fetch),
    "POP": _Reader.drop,
    "POP_MARK": _Reader.drop_to_mark,
    "MARK": _Reader.mark,
    "DUP": _Reader.again,
    "TUPLE": _Reader.tuple_to_mark,
    "TUPLE1": lambda reader, _: reader.tuple_of_few(1),
    "TUPLE2": lambda reader, _: reader.tuple_of_few(2),
    "TUPLE3": lambda reader, _: reader.tuple_of_few(3),
    "LIST": _Reader.list_to_mark,
    "FROZENSET": _Reader.list_to_mark,
    "DICT": _Reader.dict_to_mark,
    "APPEND": _Reader.append_one,
    "APPENDS": _Reader.append_to_mark,
    "ADDITEMS": _Reader.append_to_mark,
    "SETITEM": _Reader.set_one,
    "SETITEMS": _Reader.set_to_mark,
    "GLOBAL": _Reader.name_in_line,
    "STACK_GLOBAL": _Reader.name_from_stack,
    "REDUCE": _Reader.call,
    "NEWOBJ": _Reader.call,
    "NEWOBJ_EX": _Reader.call_with_keywords,
    "OBJ": _Reader.call_to_mark,
    "INST": _Reader.call_in_line,
    "BUILD": _Reader.give_state,
    "PERSID": _Reader.reference,
    "BINPERSID": _Reader.reference_from_stack,
}

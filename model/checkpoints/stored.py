"""What stands for a weight while it is still on the disk, and the few calls of a pickle that mean one."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..store.header import TensorEntry
from .pickle_data import PickleError

_MOST_DIMENSIONS = 16

_KINDS: Mapping[str, tuple[str, torch.dtype]] = {
    "DoubleStorage": ("F64", torch.float64),
    "FloatStorage": ("F32", torch.float32),
    "HalfStorage": ("F16", torch.float16),
    "BFloat16Storage": ("BF16", torch.bfloat16),
    "LongStorage": ("I64", torch.int64),
    "IntStorage": ("I32", torch.int32),
    "ShortStorage": ("I16", torch.int16),
    "CharStorage": ("I8", torch.int8),
    "ByteStorage": ("U8", torch.uint8),
    "BoolStorage": ("BOOL", torch.bool),
}


@dataclass(frozen=True, slots=True)
class Storage:
    """A run of `count` numbers somewhere in the file."""

    key: str
    kind: str
    dtype: torch.dtype
    count: int

    @property
    def size(self) -> int:
        """In bytes."""
        return self.count * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor that is still on the disk."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def entry(self) -> TensorEntry:
        """Its shape and kind of number."""
        return TensorEntry(self.storage.kind, self.shape)

    @property
    def size(self) -> int:
        """In bytes."""
        return math.prod(self.shape) * self.storage.dtype.itemsize

    def tensor(self, data: bytes) -> Tensor:
        """Take the tensor out of the bytes of its storage: contiguous, with memory of its own."""
        if not data:
            return torch.zeros(self.shape, dtype=self.storage.dtype)
        flat = torch.frombuffer(bytearray(data), dtype=self.storage.dtype)
        return flat.as_strided(self.shape, self.stride, self.offset).clone(memory_format=torch.contiguous_format)


def stored_numbers(reference: tuple[Any, ...]) -> Storage:
    """Read a reference to a storage: `("storage", kind, key, device, count)`. Raises `PickleError`."""
    if len(reference) < 5 or reference[0] != "storage":
        raise PickleError("its list of weights refers to something that is no weight")
    _, kind, key, _, count = reference[:5]
    name = str(kind).removeprefix("torch.")
    if name not in _KINDS:
        raise PickleError(f"it holds numbers of the kind {name}, which are not read")
    if len(reference) > 5 and reference[5] is not None:
        raise PickleError("its weights lie inside of each other, as files of torch before 0.4 had them")
    if not isinstance(key, str) or not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise PickleError("its list of weights contradicts itself")
    return Storage(key, *_KINDS[name], count)


def _rebuild(arguments: tuple[Any, ...]) -> object:
    """`torch._utils._rebuild_tensor_v2(storage, offset, size, stride, ...)`."""
    if len(arguments) < 4 or not isinstance(arguments[0], Storage):
        raise PickleError("its list of weights holds a tensor without numbers")
    storage, offset, shape, stride = arguments[:4]
    if not (_whole(offset) and _wholes(shape) and _wholes(stride) and len(shape) == len(stride) <= _MOST_DIMENSIONS):
        raise PickleError("its list of weights holds a tensor of no possible shape")
    count = math.prod(shape)
    last = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=True)) if count else -1
    # A tensor that repeats its numbers could be of any size; weights never do.
    if count > storage.count or last >= storage.count:
        raise PickleError("its list of weights holds a tensor that is larger than its numbers")
    return StoredTensor(storage, offset, shape, stride)


def _first(arguments: tuple[Any, ...]) -> object:
    """`torch._utils._rebuild_parameter(tensor, ...)`: a parameter is a tensor here."""
    if not arguments or not isinstance(arguments[0], StoredTensor):
        raise PickleError("its list of weights holds a parameter without numbers")
    return arguments[0]


def _ordered(arguments: tuple[Any, ...]) -> object:
    """`collections.OrderedDict()`: a dict keeps its order anyway."""
    pairs = arguments[0] if arguments and isinstance(arguments[0], list) else []
    return {key: value for key, value in (pair for pair in pairs if len(pair) == 2) if isinstance(key, str)}


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _wholes(values: object) -> bool:
    return isinstance(values, tuple) and all(_whole(value) for value in values)


CALLS: Mapping[str, Callable[[tuple[Any, ...]], object]] = {
    "collections.OrderedDict": _ordered,
    "torch._utils._rebuild_tensor": _rebuild,
    "torch._utils._rebuild_tensor_v2": _rebuild,
    "torch._utils._rebuild_parameter": _first,
    "torch._utils._rebuild_parameter_with_state": _first,
    "torch.Size": lambda arguments: tuple(arguments[0]) if arguments and isinstance(arguments[0], tuple) else (),
}

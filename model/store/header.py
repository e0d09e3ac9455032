"""The head of a safetensors file, read and judged before any weight takes memory.

Layout (huggingface/safetensors): eight bytes with the length of the header, little-endian; the header, a JSON object
of `name -> {dtype, shape, data_offsets}` and `__metadata__` (strings only); then the data.
"""

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from safetensors import SafetensorError, safe_open

from ..errors import CheckpointError

FORMAT = "isegformer-checkpoint"
VERSION = "1"

LARGEST_FILE = 4 * 1024**3
LARGEST_HEADER = 16 * 1024**2
MOST_OPTIONS = 64
LONGEST_NAME = 200
_Kind = TypeVar("_Kind", str, dict[str, Any])
_LENGTH = struct.Struct("<Q")
_FLOATING = ("F16", "BF16", "F32", "F64")
_WHOLE = ("BOOL", "U8", "I8", "I16", "I32", "I64")


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """What the header says of one tensor."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def is_floating(self) -> bool:
        """Whether it holds floating point numbers."""
        return self.dtype in _FLOATING

    def __str__(self) -> str:
        return f"{self.shape} of {self.dtype}"


@dataclass(frozen=True, slots=True)
class Header:
    """Tensors by name, and the metadata as they stand."""

    tensors: Mapping[str, TensorEntry]
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a checkpoint says of itself: see `files`."""

    name: str
    network: str
    options: dict[str, Any]
    card: dict[str, Any]


def read_header(path: Path) -> Header:
    """Read the header of a safetensors file. Raises `CheckpointError` where it is none, damaged, or too large."""
    try:
        _check_sizes(path)
        with safe_open(path, framework="np") as file:
            keys = list(file.keys())
            slices = {key: file.get_slice(key) for key in keys}
            tensors = {key: TensorEntry(part.get_dtype(), tuple(part.get_shape())) for key, part in slices.items()}
            metadata = file.metadata() or {}
    except OSError as error:
        raise CheckpointError(f"The model file {path} cannot be read: {error.strerror or error}.") from error
    except SafetensorError as error:
        raise CheckpointError(f"The model file {path} is damaged: {str(error).rstrip('.')}.") from error
    for key, entry in tensors.items():
        if entry.dtype not in _FLOATING + _WHOLE:
            raise CheckpointError(f"The model file {path} holds numbers of an unknown kind: {key} is {entry}.")
    return Header(tensors, metadata)


def check_header(path: Path, header: Header, file_format: str, version: str) -> Metadata:
    """Judge the metadata. Raises `CheckpointError` where another program wrote the file or a field is wrong."""
    found = header.metadata
    if found.get("format") != file_format:
        raise CheckpointError(
            f"The model file {path} is a safetensors file of another program: it does not say which network it is for."
        )
    if found.get("version") != version:
        raise CheckpointError(
            f"The model file {path} has format version {found.get('version')!r}, but this program reads {version!r}; "
            "a newer version of the program may read it."
        )
    name, network = (_field(path, found, key, str) for key in ("name", "network"))
    options, card = (_field(path, found, key, dict) for key in ("options", "card"))
    if not is_model_name(name):
        raise CheckpointError(f"The model file {path} is damaged: its name is not 1 to {LONGEST_NAME} plain letters.")
    if len(options) > MOST_OPTIONS or not all(isinstance(value, int | float | str) for value in options.values()):
        raise CheckpointError(f"The model file {path} is damaged: its options are not a few numbers and words.")
    return Metadata(name, network, options, card)


def is_model_name(name: str) -> bool:
    """Whether a model may be called so: otherwise its file would not be read."""
    return name.isprintable() and 1 <= len(name) <= LONGEST_NAME


def _check_sizes(path: Path) -> None:
    """Refuse what cannot be a safetensors file of bearable size, from its first bytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(_LENGTH.size)
        first = file.read(1)
    if not size:
        raise CheckpointError(f"The model file {path} is empty.")
    if size > LARGEST_FILE:
        raise CheckpointError(f"The model file {path} is too large: {size} bytes, at most {LARGEST_FILE} are read.")
    if len(start) < _LENGTH.size or first != b"{":
        raise CheckpointError(
            f"{path} is not a safetensors file; other formats, such as .pth, are turned into one by "
            "`isegformer checkpoint import`."
        )
    (length,) = _LENGTH.unpack(start)
    if length > size - _LENGTH.size:
        raise CheckpointError(f"The model file {path} is damaged: it ends before its header does.")
    if length > LARGEST_HEADER:
        raise CheckpointError(f"The model file {path} is damaged: its header says that it is {length} bytes long.")


def _field(path: Path, found: Mapping[str, str], key: str, kind: type[_Kind]) -> _Kind:
    """Decode one JSON string of the metadata."""
    try:
        value = json.loads(found[key])
    except (KeyError, ValueError, RecursionError) as error:
        raise CheckpointError(f"The model file {path} is damaged: its field {key!r} is missing or no JSON.") from error
    if not isinstance(value, kind):
        raise CheckpointError(f"The model file {path} is damaged: its field {key!r} is of the wrong kind.")
    return value

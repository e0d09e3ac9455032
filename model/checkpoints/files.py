"""This project's checkpoint: one safetensors file that says by itself which network it belongs to.

Its metadata hold `format`, `version`, and as JSON strings `name` (of the model), `network` and `options` (how
`create_network` builds it) and `card` (what the model was made from and what it reaches). Nothing in such a file is
ever run: pickled weights (.pth, .pt) are refused.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ..errors import CheckpointError, OutputError, SettingsError
from ..networks import ClickNetwork, create_network
from ..store.cards import whole_card
from ..store.header import FORMAT, LONGEST_NAME, VERSION, Metadata, TensorEntry, check_header, read_header
from .naming import named

Half = bool | Callable[[str], bool]
"""Which tensors are stored in half precision: all, none, or those of the names for which it says so."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network with its weights, ready on the CPU in evaluation mode, and what its file says about it."""

    network: ClickNetwork
    name: str
    network_name: str
    options: Mapping[str, Any]
    card: Mapping[str, Any]
    """With what a card beside the file adds to it, see `store.cards`."""
    sha256: str
    """Of the whole file, in hexadecimal."""


def save_checkpoint(  # noqa: PLR0913 - what a file says of itself, each thing once
    path: Path,
    network: ClickNetwork,
    network_name: str,
    options: Mapping[str, Any],
    *,
    name: str,
    card: Mapping[str, Any],
    half: Half = False,
) -> None:
    """Write the weights of `network`, which `create_network(network_name, **options)` builds, to `path`.

    A file that stood there is replaced in one step or stays as it was; of a `name` that no model may have, the letters
    that it may have are kept. Raises `CheckpointError` where a weight is
    not finite or too large for half precision, `OutputError` where the file cannot be written.
    """
    tensors = {key: _stored(key, tensor, half) for key, tensor in network.state_dict().items()}
    plain = "".join(each for each in name if each.isprintable())[:LONGEST_NAME] or network_name
    texts = {"name": plain, "network": network_name, "options": dict(options), "card": dict(card)}
    metadata = {key: json.dumps(value, ensure_ascii=False, allow_nan=False) for key, value in texts.items()}
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(save(tensors, {"format": FORMAT, "version": VERSION, **metadata}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise OutputError(f"The model could not be written to {path}: {error}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint: build its network on the CPU, give it the weights as float32, put it in evaluation mode.

    Raises `CheckpointError` where the file is missing, damaged, of another program, or does not fit its network;
    all that can be told from the header is told before any weight is read.
    """
    header = read_header(path)
    metadata = check_header(path, header, FORMAT, VERSION)
    card = whole_card(path, metadata.card)
    network = _fitting(path, metadata, header.tensors)
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        with safe_open(path, framework="pt") as file:
            state = {key: file.get_tensor(key) for key in header.tensors}
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"The model file {path} cannot be read: {error}.") from error
    for key, tensor in state.items():
        if not _finite(tensor):
            raise CheckpointError(f"The model file {path} is damaged: the weight {key} is not finite.")
    network.load_state_dict(state)
    return Checkpoint(network.eval(), metadata.name, metadata.network, dict(metadata.options), card, digest)


def _stored(key: str, tensor: Tensor, half: Half) -> Tensor:
    """Copy a tensor to the CPU, in half precision where that was asked for."""
    kept = tensor.detach().cpu()
    if kept.is_floating_point() and (half if isinstance(half, bool) else half(key)):
        kept = kept.half()
    if not _finite(kept):
        raise CheckpointError(f"The weight {key} is not finite in {kept.dtype}, so the model was not written.")
    # A copy, because safetensors refuses tensors that share memory.
    return kept.clone(memory_format=torch.contiguous_format)


def _finite(tensor: Tensor) -> bool:
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor).all())


def _fitting(path: Path, metadata: Metadata, found: Mapping[str, TensorEntry]) -> ClickNetwork:
    """Build the network, first without memory for its weights: a small file that names a vast one is refused then."""
    outline = None
    # Few of timm's backbones cannot be built so.
    with suppress(CheckpointError), torch.device("meta"):
        outline = _build(path, metadata)
    if outline is not None:
        _check_fit(path, outline, found)
    network = _build(path, metadata)
    _check_fit(path, network, found)
    return network


def _build(path: Path, metadata: Metadata) -> ClickNetwork:
    try:
        return create_network(metadata.network, **metadata.options)
    except SettingsError as error:
        raise CheckpointError(f"The model file {path} asks for a network that cannot be built: {error}") from error


def _check_fit(path: Path, network: ClickNetwork, found: Mapping[str, TensorEntry]) -> None:
    """Compare names, shapes and kinds of number with the network's."""
    wanted = network.state_dict()
    missing = [key for key in wanted if key not in found]
    unexpected = [key for key in found if key not in wanted]
    parts = [f"misses {named(missing)}"] if missing else []
    parts += [f"holds {named(unexpected)}, which the network has no place for"] if unexpected else []
    if parts:
        raise CheckpointError(f"The model file {path} does not fit its network: it {' and '.join(parts)}.")
    for key, tensor in wanted.items():
        entry = found[key]
        if entry.shape != tuple(tensor.shape) or entry.is_floating != tensor.is_floating_point():
            raise CheckpointError(
                f"The model file {path} does not fit its network: {key} is {entry}, "
                f"but must be {tuple(tensor.shape)} of {tensor.dtype}."
            )

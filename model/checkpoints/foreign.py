"""Weights of other programs, whatever holds them: names and shapes at once, numbers when they are wanted."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from ..errors import CheckpointError
from ..store.header import TensorEntry, read_header
from .pickle_data import Record
from .stored import StoredTensor
from .torch_file import TorchFile

_WRAPPERS = ("state_dict", "model", "model_state_dict", "state_dict_ema", "model_ema", "teacher", "network", "params")
"""Under which key of a dict programs keep the weights, the usual one first."""

_PARALLEL = "module."
"""Put before each name by torch's wrapper for several GPUs."""


@dataclass(frozen=True, slots=True)
class ForeignWeights:
    """Named weights of a file, and what stands beside them."""

    path: Path
    entries: Mapping[str, TensorEntry]
    wrapper: str
    """Key of the dict that held the weights; empty where they stood alone."""
    config: Mapping[str, object]
    """The `config` that RITM and its descendants write beside the weights; empty for others."""
    metadata: Mapping[str, str]
    """Of a safetensors file."""
    _load: Callable[[Iterable[str]], dict[str, Tensor]]

    def load(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Read weights by name, as they are stored. Raises `CheckpointError`."""
        return self._load(names)

    @property
    def class_name(self) -> str:
        """Dotted name of the class that the weights were made by, where the file tells."""
        name = self.config.get("class")
        return name if isinstance(name, str) else ""


def open_weights(path: Path) -> ForeignWeights:
    """Read which weights a `.pth`, `.pt`, `.bin` or `.safetensors` file holds. Raises `CheckpointError`."""
    if _is_safetensors(path):
        header = read_header(path)
        return ForeignWeights(path, header.tensors, "", {}, header.metadata, _safetensors_loader(path))
    file = TorchFile(path)
    wrapper, tensors = _find_tensors(path, file.content)
    config = file.content.get("config") if isinstance(file.content, dict) and wrapper else None
    prefix = _PARALLEL if all(name.startswith(_PARALLEL) for name in tensors) else ""
    stored = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    return ForeignWeights(
        path,
        {name: tensor.entry for name, tensor in stored.items()},
        wrapper,
        config if isinstance(config, dict) else {},
        {},
        lambda names: file.tensors({name: stored[name] for name in names}),
    )


def _is_safetensors(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(9)[8:] == b"{"
    except OSError as error:
        raise CheckpointError(f"The file {path} cannot be read: {error.strerror or error}.") from error


def _safetensors_loader(path: Path) -> Callable[[Iterable[str]], dict[str, Tensor]]:
    def load(names: Iterable[str]) -> dict[str, Tensor]:
        try:
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in names}
        except (OSError, SafetensorError) as error:
            raise CheckpointError(f"The file {path} cannot be read: {error}.") from error

    return load


def _find_tensors(path: Path, content: object) -> tuple[str, dict[str, StoredTensor]]:
    """Find the dict of weights, and the key that it stood under."""
    if isinstance(content, list) and any(isinstance(each, dict) and _wrapped(each)[1] for each in content):
        raise CheckpointError(
            f"{path} holds a list of {len(content)} models, one for each of the first clicks; a model here answers "
            "every click, so save the entry that you want into a file of its own."
        )
    if isinstance(content, Record):
        raise CheckpointError(
            f"{path} holds a whole object of the class {content.name}, whose code would have to be run; save its "
            "state_dict() instead."
        )
    found = _wrapped(content) if isinstance(content, dict) else ("", {})
    if not found[1]:
        raise CheckpointError(f"{path} holds no weights by name, so nothing can be taken from it.")
    return found


def _wrapped(content: Mapping[object, object]) -> tuple[str, dict[str, StoredTensor]]:
    for wrapper in ("", *_WRAPPERS):
        held = content if not wrapper else content.get(wrapper)
        pairs = held.items() if isinstance(held, dict) else ()
        tensors = {key: value for key, value in pairs if isinstance(key, str) and isinstance(value, StoredTensor)}
        if tensors:
            return wrapper, tensors
    return "", {}

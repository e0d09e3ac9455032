"""Models as ONNX graphs for other runtimes, checked against torch before they are put in place.

Early fusion becomes one graph. Late fusion becomes two, because that is what it is for: the encoder runs once an
image, the decoder once a click. One view at a time; height and width are dynamic, in multiples that the report names.
"""

import logging
import math
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from ..errors import CheckpointError, OutputError, SettingsError
from ..networks import ClickNetwork
from ..networks.early import EarlyFusionNetwork
from .files import Checkpoint, load_checkpoint
from .onnx_check import largest_difference

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference of a logit to torch's that is accepted."""

SUFFIX = ".onnx"
_LARGEST = 1_900_000_000
"""Bytes of weights that a single ONNX file can hold."""
_STRIDE = 32
_MOST_STEPS = 256
_INSTALL = "pip install 'isegformer[export]'"


@dataclass(frozen=True, slots=True)
class Part:
    """One graph: a module, its inputs by name, and the factor of each input's sides to the smallest unit."""

    suffix: str
    module: nn.Module
    inputs: Mapping[str, Tensor]
    scales: Mapping[str, int]
    outputs: tuple[str, ...]


class _Graph(nn.Module):
    """A network, and what of it the graph computes."""

    def __init__(self, network: ClickNetwork, compute: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network, self.compute = network, compute

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.compute(*inputs)


def export_onnx(model: Path, output: Path) -> list[str]:
    """Write a model as one ONNX file, or two for late fusion; return what was written, a sentence a line.

    Raises `CheckpointError` where the model cannot be a graph or the graph does not agree with torch, and
    `OutputError` where nothing can be written; then nothing is.
    """
    if output.suffix.lower() != SUFFIX:
        raise OutputError(f"A graph is written as ONNX; let the name {str(output)!r} end in {SUFFIX}.")
    _check_packages()
    checkpoint = load_checkpoint(model)
    if checkpoint.network.without_graph:
        raise CheckpointError(
            f"The network {checkpoint.network_name} cannot be written as an ONNX graph: "
            f"{checkpoint.network.without_graph}."
        )
    if sum(each.numel() * each.element_size() for each in checkpoint.network.state_dict().values()) > _LARGEST:
        raise CheckpointError(f"The model {model} is too large for an ONNX file, which holds at most 2 GB of weights.")
    unit = _unit(checkpoint.network)
    made: list[tuple[Part, Path, Path]] = []
    try:
        for part in _parts(checkpoint.network, unit):
            target = output.with_name(f"{output.stem}{part.suffix}{SUFFIX}")
            beside = target.with_name(f".{target.name}.{os.getpid()}.part")
            made.append((part, target, beside))
            _write(checkpoint, part, unit, beside)
        difference = largest_difference(checkpoint.network, unit, [beside for _, _, beside in made])
        if not difference <= TOLERANCE:
            raise CheckpointError(
                f"The graph of {model} differs from torch by {difference:.2g}, over {TOLERANCE}: it is not written."
            )
        for _, target, beside in made:
            beside.replace(target)
    except OSError as error:
        raise OutputError(f"The graph could not be written to {output}: {error.strerror or error}.") from error
    finally:
        for _, _, beside in made:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
    return _report(checkpoint, unit, [(part, target) for part, target, _ in made], difference)


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401 - asked for before minutes are spent
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SettingsError(f"Exporting needs {error.name}; install it with: {_INSTALL}") from error


def _unit(network: ClickNetwork) -> int:
    """Height and width of a view must be multiples of this in the graph."""
    return math.lcm(network.view_multiple, network.pads_to, _STRIDE if isinstance(network, EarlyFusionNetwork) else 1)


def _parts(network: ClickNetwork, unit: int) -> Iterator[Part]:
    steps = max(2, 128 // unit)
    height, width = steps * unit, (steps + 1) * unit
    image, previous, clicks = (torch.rand(1, channels, height, width) for channels in (3, 1, 2))
    prompt = {"previous": previous, "clicks": (clicks > 0.9).float()}
    if isinstance(network, EarlyFusionNetwork):
        inputs = {"image": image, **prompt}
        yield Part("", _Graph(network, network.forward), inputs, dict.fromkeys(inputs, unit), ("logits",))
        return
    names = network.feature_names
    with torch.inference_mode():
        features = network.encode(image)
    yield Part("-encoder", _Graph(network, network.encode), {"image": image}, {"image": unit}, names)
    features = tuple(each.clone() for each in features)
    scales = {name: each.shape[2] // steps for name, each in zip(names, features, strict=True)}
    inputs = dict(zip(names, features, strict=True)) | prompt

    def decode(*given: Tensor) -> Tensor:
        return network.decode(given[:-2], *given[-2:])

    yield Part("-decoder", _Graph(network, decode), inputs, scales | dict.fromkeys(prompt, unit), ("logits",))


def _write(checkpoint: Checkpoint, part: Part, unit: int, path: Path) -> None:
    rows, cols = Dim("rows", min=1, max=_MOST_STEPS), Dim("cols", min=1, max=_MOST_STEPS)

    def sides(scale: int) -> dict[int, Any]:
        return {2: rows, 3: cols} if scale == 1 else {2: scale * rows, 3: scale * cols}

    with _quiet():
        try:
            program = torch.onnx.export(
                part.module.eval(),
                tuple(part.inputs.values()),
                dynamo=True,
                opset_version=OPSET,
                input_names=list(part.inputs),
                output_names=list(part.outputs),
                dynamic_shapes={"inputs": tuple(sides(part.scales[name]) for name in part.inputs)},
                verbose=False,
                external_data=False,
            )
        except Exception as error:
            # The exporter raises whatever its passes meet: the network holds a step that no graph can hold.
            raise CheckpointError(
                f"The network {checkpoint.network_name} cannot be written as an ONNX graph: what it computes depends "
                "on the numbers that it meets on its way."
            ) from error
    if program is None:
        raise CheckpointError(f"The network {checkpoint.network_name} gave no ONNX graph.")
    program.model.metadata_props.update(_words(checkpoint, unit))
    path.parent.mkdir(parents=True, exist_ok=True)
    program.save(path, external_data=False)


def _words(checkpoint: Checkpoint, unit: int) -> dict[str, str]:
    """What the graph says of itself."""
    return {
        "name": checkpoint.name,
        "network": checkpoint.network_name,
        "sha256 of the model": checkpoint.sha256,
        "licence": str(checkpoint.card.get("licence", "not stated")),
        "height and width": f"multiples of {unit}",
        "image": "RGB in [0, 1], not normalised",
        "previous": "the last answer's probability, zeros at the start",
        "clicks": f"two maps: disks of radius {checkpoint.network.click_radius:g}, positive and negative",
        "logits": "the sigmoid of them is the probability; the object is where it is at least 0.49",
    }


def _report(checkpoint: Checkpoint, unit: int, written: Sequence[tuple[Part, Path]], difference: float) -> list[str]:
    lines = []
    for part, target in written:
        shapes = ", ".join(
            f"{name} (1, {each.shape[1]}, {_sides(unit // part.scales[name])})" for name, each in part.inputs.items()
        )
        lines.append(f"{target}: opset {OPSET}; inputs {shapes}; outputs {', '.join(part.outputs)}")
    lines += [f"  {name}: {text}" for name, text in _words(checkpoint, unit).items()]
    lines.append(f"ONNX Runtime and torch differ by {difference:.2g} at most, at two sizes.")
    return lines


def _sides(part: int) -> str:
    return "H, W" if part == 1 else f"H/{part}, W/{part}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks to itself."""
    chatty = logging.getLogger("torch.onnx"), logging.getLogger("onnxscript"), logging.getLogger("onnx_ir")
    before = [logger.level for logger in chatty]
    for logger in chatty:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(chatty, before, strict=True):
            logger.setLevel(level)

"""Models as ONNX graphs for other runtimes, checked against torch before they are put in place."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.export import Dim
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..errors import CheckpointError, OutputError, SettingsError
from .files import Checkpoint, load_checkpoint
from .onnx_check import Comparison, compare
from .onnx_graphs import Graphs, Input, Part, graphs_of

OPSET = 18
TOLERANCE = 1e-4
"""Largest difference of a logit to torch's that is accepted where no logit is over 10."""
_RELATIVE = 1e-5
"""Share of the largest logit that is accepted: sums of large numbers have no more digits in single precision."""

SUFFIX = ".onnx"
_LARGEST = 1_900_000_000
"""Bytes of weights that an ONNX file can hold; where there are more, they lie in a file beside it."""
_LARGEST_SIDE = 8192
"""Pixels of a view's side that a graph is made for."""
_INSTALL = "pip install 'isegformer[export]'"


def export_onnx(model: Path, output: Path) -> list[str]:
    """Write a model as ONNX files, one for each of its graphs; return what was written, a sentence a line.

    Raises `CheckpointError` where the model cannot be a graph or the graph does not agree with torch, and
    `OutputError` where nothing can be written; then nothing is.
    """
    if output.suffix.lower() != SUFFIX:
        raise OutputError(f"A graph is written as ONNX; let the name {str(output)!r} end in {SUFFIX}.")
    _check_packages()
    checkpoint = load_checkpoint(model)
    graphs = graphs_of(checkpoint.network)
    weights = sum(each.numel() * each.element_size() for each in checkpoint.network.state_dict().values())
    written: list[tuple[Part, Path]] = []
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{output.stem}.", suffix=".part", dir=output.parent) as folder:
            for part in graphs.parts():
                beside = Path(folder) / f"{output.stem}{part.suffix}{SUFFIX}"
                _write(checkpoint, part, graphs, beside, weights_beside=weights > _LARGEST)
                written.append((part, beside))
            found = compare(checkpoint.network, graphs, [beside for _, beside in written])
            tolerance = max(TOLERANCE, _RELATIVE * found.largest)
            if not found.difference <= tolerance:
                raise CheckpointError(
                    f"The graph of {model} differs from torch by {found.difference:.2g}, over {tolerance:.2g}: it is "
                    "not written."
                )
            for made in sorted(Path(folder).iterdir(), key=lambda each: each.suffix == SUFFIX):
                made.replace(output.parent / made.name)
    except OSError as error:
        raise OutputError(f"The graph could not be written to {output}: {error.strerror or error}.") from error
    return _report(checkpoint, graphs, [(part, output.parent / beside.name) for part, beside in written], found)


def _check_packages() -> None:
    try:
        import onnx  # noqa: F401 - asked for before minutes are spent
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise SettingsError(f"Exporting needs {error.name}; install it with: {_INSTALL}") from error


def _write(checkpoint: Checkpoint, part: Part, graphs: Graphs, path: Path, *, weights_beside: bool) -> None:
    rows, cols = (Dim(name, min=1, max=_LARGEST_SIDE // graphs.unit) for name in ("rows", "cols"))
    if part.square:
        cols = rows

    def sides(stride: int) -> dict[int, Any]:
        if stride == 0:
            return {}
        scale = graphs.unit // stride
        return {2: rows, 3: cols} if scale == 1 else {2: scale * rows, 3: scale * cols}

    # Attention in plain steps: the layout of a faster kernel's answer is not that of the graph.
    with _quiet(), sdpa_kernel(SDPBackend.MATH):
        try:
            program = torch.onnx.export(
                part.module.eval(),
                tuple(each.example for each in part.inputs.values()),
                dynamo=True,
                opset_version=OPSET,
                input_names=list(part.inputs),
                output_names=list(part.outputs),
                dynamic_shapes={"inputs": tuple(sides(each.stride) for each in part.inputs.values())},
                verbose=False,
                external_data=weights_beside,
            )
        except Exception as error:
            # The exporter raises whatever its passes meet: the network holds a step that no graph can hold.
            raise CheckpointError(
                f"The network {checkpoint.network_name} cannot be written as an ONNX graph: what it computes depends "
                "on the numbers that it meets on its way."
            ) from error
    if program is None:
        raise CheckpointError(f"The network {checkpoint.network_name} gave no ONNX graph.")
    program.model.metadata_props.update(_words(checkpoint, graphs))
    program.save(path, external_data=weights_beside)


def _words(checkpoint: Checkpoint, graphs: Graphs) -> dict[str, str]:
    """What the graph says of itself."""
    return {
        "name": checkpoint.name,
        "network": checkpoint.network_name,
        "sha256 of the model": checkpoint.sha256,
        "licence": str(checkpoint.card.get("licence", "not stated")),
        **graphs.words(),
    }


def _report(
    checkpoint: Checkpoint, graphs: Graphs, written: Sequence[tuple[Part, Path]], found: Comparison
) -> list[str]:
    lines = []
    for part, target in written:
        inputs = ", ".join(f"{name} ({_shape(each)})" for name, each in part.inputs.items())
        lines.append(f"{target}: opset {OPSET}; inputs {inputs}; outputs {', '.join(part.outputs)}")
        beside = target.with_name(target.name + ".data")
        if beside.exists():
            lines.append(f"{beside}: its weights, which belong beside it")
    lines += [f"  {name}: {text}" for name, text in _words(checkpoint, graphs).items()]
    lines.append(
        f"ONNX Runtime and torch differ by {found.difference:.2g} at most, of logits up to {found.largest:.2g}."
    )
    return lines


def _shape(each: Input) -> str:
    if each.stride == 0:
        return ", ".join(map(str, each.example.shape))
    sides = "H, W" if each.stride == 1 else f"H/{each.stride}, W/{each.stride}"
    return f"1, {each.example.shape[1]}, {sides}"


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

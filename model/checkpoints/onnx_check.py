"""ONNX graphs beside the network that they were made of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from ..networks import ClickNetwork
from .onnx_graphs import Graphs, Maps, Run

_STEPS = ((2, 3), (5, 2))
"""Height and width of the views that are compared, in steps; neither is the size that the graph was made with."""
_SMALLEST_STEP = 64
"""Pixels of a step where the unit is smaller: a view has to show something."""
_CLICKED = 0.02
"""Share of pixels in a disk map of the comparison."""


class Comparison(NamedTuple):
    """The largest difference of a logit between runtimes, and the largest logit."""

    difference: float
    largest: float


def compare(network: ClickNetwork, graphs: Graphs, paths: Sequence[Path]) -> Comparison:
    """Run graphs in ONNX Runtime beside torch, on views of two sizes; random images, masks and clicks."""
    runs = [_run(path) for path in paths]
    generator = torch.Generator().manual_seed(0)
    step = -(-_SMALLEST_STEP // graphs.unit) * graphs.unit
    worst, largest = 0.0, 0.0
    for rows, cols in _STEPS:
        size = (rows * step, (rows if graphs.square else cols) * step)
        image, previous, clicks = (torch.rand(1, channels, *size, generator=generator) for channels in (3, 1, 2))
        clicks = (clicks > 1 - _CLICKED).float()
        with torch.inference_mode():
            expected = network(image, previous, clicks).numpy()
        found = graphs.answer(runs, image, previous, clicks)
        worst = max(worst, float(np.abs(found - expected).max()))
        largest = max(largest, float(np.abs(expected).max()))
    return Comparison(worst, largest)


def _run(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(inputs: Mapping[str, Maps]) -> Sequence[Maps]:
        outputs: Sequence[Maps] = session.run(None, dict(inputs))
        return outputs

    return run

"""ONNX graphs beside the network that they were made of."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ..networks import ClickNetwork

_SIZES = ((2, 3), (5, 2))
"""Height and width of the views that are compared, in units; neither is the one that the graph was made with."""


def largest_difference(network: ClickNetwork, unit: int, graphs: Sequence[Path]) -> float:
    """Run the graphs (one, or encoder and decoder) in ONNX Runtime beside torch; return the largest difference.

    Views of two sizes, in multiples of `unit`; random images, masks and clicks.
    """
    import onnxruntime

    sessions = [onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"]) for path in graphs]
    generator = torch.Generator().manual_seed(0)
    worst = 0.0
    for rows, cols in _SIZES:
        image, previous, clicks = (
            torch.rand(1, channels, rows * unit, cols * unit, generator=generator) for channels in (3, 1, 2)
        )
        clicks = (clicks > 0.98).float()
        with torch.inference_mode():
            expected = network(image, previous, clicks).numpy()
        prompt = {"previous": previous.numpy(), "clicks": clicks.numpy()}
        fed = {"image": image.numpy()}
        if len(sessions) > 1:
            fed = dict(zip(network.feature_names, sessions[0].run(None, fed), strict=True))
        found = sessions[-1].run(None, {**fed, **prompt})[0]
        worst = max(worst, float(np.abs(found - expected).max()))
    return worst

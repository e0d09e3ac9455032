"""What a file of weights is, for people: its network, its cost, where it comes from and what it reaches."""

import math
from collections.abc import Mapping
from pathlib import Path

from ..errors import CheckpointError
from ..networks import ClickNetwork
from ..networks.early import EarlyFusionNetwork
from ..store.header import FORMAT
from ..store.speed import class_of
from .files import load_checkpoint
from .foreign import ForeignWeights, open_weights
from .importing import import_model
from .kinds import whole_title
from .operations import SIDES, count_operations, count_parameters, without_weights

Info = dict[str, object]
"""Facts by name, in the order in which they are told; values are plain JSON."""


def describe_file(path: Path) -> Info:
    """Tell what `path` is, one of this program's models or another project's file. Raises `CheckpointError`."""
    weights = open_weights(path)
    return _own(path) if weights.metadata.get("format") == FORMAT else _foreign(weights)


def _own(path: Path) -> Info:
    checkpoint = load_checkpoint(path)
    card = checkpoint.card
    told = {
        "file": str(path),
        "kind": "a model of this program",
        "name": checkpoint.name,
        "sha256": checkpoint.sha256,
        **_network_facts(checkpoint.network, checkpoint.network_name, checkpoint.options),
        "source": card.get("source", "not stated"),
        "licence": card.get("licence", "not stated"),
        "metrics": card.get("metrics", "not stated"),
    }
    rest = {key: value for key, value in card.items() if key not in told}
    beside = path.with_suffix(".md")
    return told | ({"card": rest} if rest else {}) | ({"model card": str(beside)} if beside.is_file() else {})


def _foreign(weights: ForeignWeights) -> Info:
    sizes = [math.prod(entry.shape) for entry in weights.entries.values()]
    told: Info = {
        "file": str(weights.path),
        "kind": whole_title(weights),
        "weights": len(sizes),
        "numbers": sum(sizes),
        "class": weights.class_name or "not stated",
    }
    try:
        imported = import_model(weights.path)
    except CheckpointError as error:
        return told | {"use": str(error)}
    return (
        told
        | {"kind": imported.title}
        | _network_facts(imported.network, imported.network_name, imported.options)
        | {"source": imported.card["source"], "licence": imported.card["licence"], "metrics": "not stated"}
        | {"use": f"isegformer checkpoint import {weights.path} -o NAME.safetensors"}
    )


def _network_facts(network: ClickNetwork, name: str, options: Mapping[str, object]) -> Info:
    """Architecture, inputs, parameters and operations; takes the weights off the network."""
    early = isinstance(network, EarlyFusionNetwork)
    previous = not early or network.with_previous
    parameters = count_parameters(network)
    shapes = without_weights(network)
    counts = [count_operations(shapes, side) for side in SIDES]
    at_best = count_operations(shapes, network.view_side)
    return {
        "network": name,
        "options": dict(options),
        "fusion": "early: the whole network runs at each click" if early else "late: the image is encoded once",
        "inputs": ["image (RGB)", *(["previous mask"] if previous else []), "positive clicks", "negative clicks"],
        "click radius": network.click_radius,
        "view": network.view_side,
        "parameters": parameters,
        "multiply-adds": {str(each.side): {"encode": each.encode, "click": each.decode} for each in counts},
        "speed": class_of(at_best.decode),
    }

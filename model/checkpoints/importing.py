"""Click models of other projects, turned into models of this program."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError
from ..networks import ClickNetwork, create_network
from ..networks.base import COLOUR_NORM
from ..store.header import FORMAT
from .click_kinds import ClickKind, Option, click_kind, parameter
from .files import load_checkpoint, save_checkpoint
from .fitting import fit
from .foreign import ForeignWeights, open_weights
from .kinds import encoder_kind, other_model, whole_title
from .naming import named

_COUNTERS = "num_batches_tracked"
"""Of batch norms: it plays no part in an answer, and older files lack it."""

_DEFAULT_RADIUS = 5.0


@dataclass(frozen=True, slots=True)
class ImportedModel:
    """A network with the weights of a foreign file, and what is known of them."""

    network: ClickNetwork
    network_name: str
    options: Mapping[str, Option]
    title: str
    """What the file was, such as "a RITM model with HRNet"."""
    left_out: tuple[str, ...]
    """Names of the file that no answer needs."""
    card: Mapping[str, object]

    def save(self, path: Path, name: str) -> None:
        """Write it as a model of this program. Raises `CheckpointError` and `OutputError`."""
        save_checkpoint(path, self.network, self.network_name, self.options, name=name, card=self.card)


def import_model(path: Path) -> ImportedModel:
    """Read a click model of RITM, iSegFormer, SimpleClick, ClickSEG or SegNext (`.pth`), or one of this program.

    Nothing in the file is run. Every weight of the network comes from the file; what the file holds besides must be
    known to be of no use. Raises `CheckpointError` with a sentence that says what the file is where it is no model.
    """
    weights = open_weights(path)
    if weights.metadata.get("format") == FORMAT:
        own = load_checkpoint(path)
        return ImportedModel(own.network, own.network_name, own.options, "a model of this program", (), own.card)
    kind = click_kind(weights)
    if kind is None:
        raise CheckpointError(_what_it_is(weights))
    _check_parameters(weights)
    name, options = kind.choose(weights)
    options = {**options, **_radius(weights)}
    network = create_network(name, **options)
    fitted = fit(weights, kind.planner(weights.entries), network.state_dict(), adapt=False)
    _check_nothing_is_lost(weights, kind, fitted.missing, fitted.unused)
    network.load_state_dict(dict(fitted.tensors), strict=False)
    return ImportedModel(network.eval(), name, options, kind.title, fitted.unused, _card(weights, kind))


def _check_parameters(weights: ForeignWeights) -> None:
    """Refuse what the shapes of weights do not tell and no network here does."""
    if parameter(weights, "binary_prev_mask") is True:
        raise CheckpointError(f"{weights.path} was trained with black and white previous masks; here they are soft.")
    told = parameter(weights, "norm_mean_std")
    if told is not None and not _is_imagenets(told):
        raise CheckpointError(f"{weights.path} was trained with colours normalised in another way than here.")


def _is_imagenets(told: object) -> bool:
    """Whether this is mean and spread, each of three channels, as networks here have them."""
    rows = list(told) if isinstance(told, list | tuple) else []
    pairs = zip(rows, COLOUR_NORM, strict=False)
    return len(rows) == len(COLOUR_NORM) and all(
        isinstance(row, list | tuple) and list(row) == list(wanted) for row, wanted in pairs
    )


def _check_nothing_is_lost(
    weights: ForeignWeights, kind: ClickKind, missing: tuple[str, ...], unused: tuple[str, ...]
) -> None:
    missing = tuple(name for name in missing if not name.endswith(_COUNTERS))
    unexpected = [name for name in unused if not kind.without.fullmatch(name)]
    parts = [f"lacks {len(missing)} weights ({named(missing)})"] if missing else []
    parts += [f"holds {len(unexpected)} that have no place ({named(unexpected)})"] if unexpected else []
    if parts:
        raise CheckpointError(f"{weights.path} is {kind.title}, but it {' and '.join(parts)}, so it is not imported.")


def _what_it_is(weights: ForeignWeights) -> str:
    title = whole_title(weights)
    if other_model(weights.entries):
        return f"{weights.path} is {title}, and no network here can hold it, so it cannot be imported."
    if encoder_kind(weights.entries) is not None:
        return f"{weights.path} is {title}, not a click model: use it for training, as --encoder-weights."
    made_by = f" (made by the class {weights.class_name})" if weights.class_name else ""
    return f"{weights.path} is {title}{made_by}, so it cannot be imported as a click model."


def _radius(weights: ForeignWeights) -> dict[str, Option]:
    """Radius of the disks that the model was trained with, where it is not the usual one."""
    if parameter(weights, "use_disks") is False:
        raise CheckpointError(
            f"{weights.path} was trained with maps of distances to the clicks; only models with disks can be imported."
        )
    radius = parameter(weights, "norm_radius")
    if isinstance(radius, int | float) and not isinstance(radius, bool) and radius != _DEFAULT_RADIUS:
        return {"click_radius": float(radius)}
    return {}


def _card(weights: ForeignWeights, kind: ClickKind) -> dict[str, object]:
    with weights.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    source = {"file": weights.path.name, "sha256": digest, "project": kind.project, "what": kind.title}
    if weights.class_name:
        source["class"] = weights.class_name
    return {"source": source, "licence": kind.licence}

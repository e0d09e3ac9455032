"""What made the bundled model: keep views of a collection, train the decoder on them, export one file."""

from pathlib import Path

import torch

from ..checkpoints import load_checkpoint, save_checkpoint
from ..checkpoints.dinov2 import read_dinov2_onnx
from ..data.collection import read_collection
from ..errors import CheckpointError, DatasetError, SettingsError
from ..networks.late import LateNetwork, is_stored_in_half
from ..store import resolve_model
from .kept_views import keep_views, open_views, shards_of
from .loop import Trainer, averaged_network
from .settings import TrainingSettings
from .views import plan_views

NETWORK = "late-vit-s14"
_VIEWS = "views"
_STATE = "state.pt"


def read_encoder(path: Path) -> LateNetwork:
    """Build the network with the encoder weights of `path` (an ONNX file of DINOv2 ViT-S/14), decoder untrained.

    Raises `CheckpointError` where it is another encoder.
    """
    network = LateNetwork()
    state = read_dinov2_onnx(path)
    try:
        network.encoder.vit.load_state_dict(state)
    except RuntimeError as error:
        raise CheckpointError(f"{path} is another encoder than DINOv2 ViT-S/14.") from error
    return network.eval()


def read_start(model: str) -> tuple[LateNetwork, dict[str, object]]:
    """Load a late-fusion model to train further, and what its card will say of it. Raises `SettingsError`."""
    checkpoint = load_checkpoint(resolve_model(model))
    if not isinstance(checkpoint.network, LateNetwork):
        raise SettingsError(f"The model {model!r} is a {checkpoint.network_name}; this preset trains {NETWORK} only.")
    earlier = checkpoint.card.get("samples", 0)
    return checkpoint.network, {"started_from": checkpoint.sha256, "samples_before": earlier}


def keep_collection(
    network: LateNetwork,
    data: Path,
    manifest: Path,
    run: Path,
    settings: TrainingSettings,
    part: tuple[int, int] = (0, 1),
) -> None:
    """Encode the views of the collection's train split into the run folder; goes on where it was broken off."""
    torch.set_num_threads(settings.threads)
    images = read_collection(data, manifest, "train", without=settings.without_sets)
    shards = shards_of(plan_views(images, settings.zoom_views, settings.seed), settings.seed)
    keep_views(run / _VIEWS, images, shards, network, part)


def train_decoder(network: LateNetwork, run: Path, settings: TrainingSettings, *, resume: bool) -> None:
    """Train until the schedule ends. Raises `SettingsError` where a run stands that is not to be resumed."""
    if (run / _STATE).exists() and not resume:
        raise SettingsError(f"The run folder {run} holds a run already: add --resume, or name another folder.")
    kept = open_views(run / _VIEWS)
    if not kept:
        raise DatasetError(f"The run folder {run} holds no encoded views.")
    trainer = Trainer(network, kept, settings, run)
    if resume and (run / _STATE).exists():
        trainer.resume()
    trainer.train()


def export_run(network: LateNetwork, run: Path, path: Path, card: dict[str, object]) -> int:
    """Write the run's averaged weights with the encoder (in half precision) to `path`; return the samples seen."""
    try:
        state = torch.load(run / _STATE, map_location="cpu", weights_only=True)
        samples = int(state["samples"])
        averaged_network(network, state["average"])
    except (OSError, KeyError, RuntimeError) as error:
        raise CheckpointError(f"The run folder {run} holds no state that can be exported: {error}.") from error
    save_checkpoint(
        path,
        network,
        NETWORK,
        {},
        name=path.stem,
        card={**card, "samples": samples},
        half=is_stored_in_half,
    )
    return samples

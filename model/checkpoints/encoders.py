"""Weights of a pretrained encoder as the start of a training."""

from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..errors import CheckpointError
from ..networks import ClickNetwork
from .dinov2 import read_dinov2_onnx
from .fitting import Fitted, fit
from .foreign import open_weights
from .kinds import encoder_kind, whole_title
from .naming import named

_OF_CLICK_MODELS = ("patch_embed_side", "patch_embed_coords", "norm0.", "norm1.", "norm2.", "norm3.")
"""Modules that only click models have inside of an encoder: stems that see clicks, and Swin's norms of each stage."""

_DERIVED = ("num_batches_tracked", "relative_position_index", "attn_mask")
"""Ends of names of what networks count or compute by themselves; older files lack it."""

_ONNX = ".onnx"


@dataclass(frozen=True, slots=True)
class EncoderReport:
    """What became of the weights; `str()` is a sentence or two for a log."""

    path: Path
    kind: str
    """What the file is, such as "a MiT encoder with NVlabs' names"."""
    loaded: int
    """How many of the network's weights came from the file."""
    fresh: tuple[str, ...]
    """Weights inside of the encoder that keep their random start, for only click models have them."""
    unused: tuple[str, ...]
    """Names of the file that the network has no place for."""
    changes: tuple[str, ...]
    """What was done to weights beyond renaming, in words."""

    def __str__(self) -> str:
        parts = [f"{self.path} is {self.kind}: {self.loaded} weights of the encoder come from it"]
        parts += self.changes
        if self.fresh:
            parts.append(f"{len(self.fresh)} keep their random start ({named(self.fresh)})")
        if self.unused:
            parts.append(f"{len(self.unused)} of the file are not used ({named(self.unused)})")
        return "; ".join(parts) + "."


def load_encoder_weights(network: ClickNetwork, path: Path) -> EncoderReport:
    """Give the encoder of `network` the weights of `path`, in place; the rest of the network is not touched.

    Files: MiT of NVlabs, segmentation_models_pytorch, mmseg and Hugging Face (old and new names); HRNet, HRFormer,
    Swin, and ViT (MAE, DINOv2, timm, Hugging Face) as `.pth`, `.bin` or `.safetensors`; DINOv2 ViT-S/14 also as ONNX;
    and any whole model that holds such an encoder. A stem of three channels is widened by repeating its filters,
    without rescaling; a table of positions is resized. Raises `CheckpointError`, and then the network is as it was.
    """
    if path.suffix.lower() == _ONNX:
        return _load_onnx(network, path)
    weights = open_weights(path)
    kind = encoder_kind(weights.entries)
    if kind is None:
        raise CheckpointError(f"{path} is {whole_title(weights)}; there is no encoder in it that is known here.")
    title = whole_title(weights)
    wanted, prefix = _encoder_of(network, kind.family, title, path)
    fitted = fit(weights, kind.plan_of(weights.entries), wanted, adapt=True)
    return _adopt(network, prefix, path, title, fitted)


def _load_onnx(network: ClickNetwork, path: Path) -> EncoderReport:
    state = read_dinov2_onnx(path)
    wanted, prefix = _encoder_of(network, "ViT", "a DINOv2 encoder as ONNX", path)
    misfits = [name for name, tensor in wanted.items() if name not in state or state[name].shape != tensor.shape]
    if misfits:
        raise CheckpointError(f"{path} is a DINOv2 ViT-S/14, and the network has another ViT: {named(misfits)} differ.")
    fitted = Fitted(state, (), tuple(name for name in state if name not in wanted), ())
    return _adopt(network, prefix, path, "a DINOv2 encoder as ONNX", fitted)


def _encoder_of(network: ClickNetwork, family: str, title: str, path: Path) -> tuple[dict[str, Tensor], str]:
    """Find the weights of the network's encoder by the names of its family, and the prefix that they have."""
    state = network.state_dict()
    own = encoder_kind(state)
    if own is None or own.family != family:
        has = f"has a {own.family} encoder" if own else "has none that is known here"
        raise CheckpointError(f"{path} is {title}, but the network {has}; choose a file or a network that fits.")
    prefix = own.prefix(state)
    # What stands under the same prefix may be more than the encoder: the plan knows its names.
    return {name: state[source] for name, (source,) in own.plan_of(state).items()}, prefix


def _adopt(network: ClickNetwork, prefix: str, path: Path, title: str, fitted: Fitted) -> EncoderReport:
    fresh = tuple(name for name in fitted.missing if name.startswith(_OF_CLICK_MODELS))
    lacking = [name for name in fitted.missing if name not in fresh and not name.endswith(_DERIVED)]
    if lacking:
        raise CheckpointError(
            f"{path} is {title}, but lacks {len(lacking)} weights that the network's encoder has: {named(lacking)}."
        )
    network.load_state_dict({prefix + name: tensor for name, tensor in fitted.tensors.items()}, strict=False)
    return EncoderReport(path, title, len(fitted.tensors), fresh, fitted.unused, fitted.changes)

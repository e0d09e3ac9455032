"""The settings of training a whole network on clicks, and the presets of the published rows."""

from dataclasses import dataclass, replace

from ..errors import SettingsError
from .settings import RunSettings


@dataclass(frozen=True, slots=True)
class ClickSettings(RunSettings):
    """How a network is trained from its encoder's weights, or from nothing, on clicked crops.

    The defaults are RITM's and iSegFormer's for COCO+LVIS.
    """

    network: str = "segformer-b0"
    """A name of `create_network`."""
    network_options: tuple[str, ...] = ()
    """What it is built with, as NAME=VALUE: in_channels=5 (the paper's SegFormer), swapped_heads=no (HRFormer's answer
    is then that of its OCR head), click_radius=3."""
    crop: tuple[int, ...] = (320, 480)
    """Rows and columns of the crops."""
    batch_size: int = 32
    """Crops a step, over all processes."""
    epochs: int = 55
    """Epochs of the whole run."""
    epoch_samples: int = 30_000
    """Random crops that are called an epoch."""
    learning_rate: float = 5e-4
    encoder_rate: float = 0.1
    """Learning rate of the encoder, as a share of the others'."""
    published_rates: bool = True
    """As in the published code, query, key and value and tables of positions learn at the full rate though they are
    the encoder's, and HRFormer's heads and HRNet's last layers at the encoder's; False: as it was meant."""
    milestones: tuple[int, ...] = (49, 55)
    """Epochs from which on the learning rate is a tenth of what it was."""
    warmup_steps: int = 0
    weight_decay: float = 0.0
    clip: float = 0.0
    """Largest norm of the gradient; 0 does not clip."""
    ema_decay: float = 0.0
    """Decay a step of averaged weights, which are then what is exported; 0 averages nothing."""
    precision: str = "auto"
    """`float32`, `bfloat16`, or `auto`: bfloat16 where the device multiplies it fast."""
    accumulate: int = 1
    """Parts in which a batch goes through the network; doubled by itself where the memory is too small."""
    focal_weight: float = 1.0
    """Of the normalised focal loss (alpha 0.5, gamma 2)."""
    cross_entropy_weight: float = 0.0
    """Of the binary cross entropy of the answer."""
    dice_weight: float = 0.0
    """Of the dice loss of the answer."""
    boundary_weight: float = 0.0
    """Of the binary cross entropy near the border of the target."""
    aux_weight: float = 0.4
    """Of the binary cross entropy of the auxiliary head, where the network has one."""
    next_clicks: int = 3
    """At most so many clicks on the network's own answers before the step."""
    most_clicks: int = 24
    """Random clicks of one sign at most."""
    click_gamma: float = 0.8
    """One random click more is so much less likely."""
    merge_share: float = 0.15
    """Share of the targets that are two objects together."""
    takes_parts: bool = False
    """Whether targets may be parts of objects, or objects without some of their parts, where the data names parts."""
    stuff_share: float = 0.3
    """How often the stuff of an image (sky, grass) counts among its objects, where the data has any."""
    min_area: int = 1000
    """Smallest object of a crop in pixels that is a target."""
    empty_share: float = 0.05
    """How often a crop without a pixel of an object is kept, with negative clicks only, and not cut again."""
    scales: tuple[float, ...] = (0.75, 1.4)
    """Images are resized by a factor between these."""
    is_turned: bool = False
    """Also flip upside down, turn by 90 degrees, and shift and rotate a little (PASCAL VOC, SBD)."""
    workers: int = -1
    """Processes that prepare crops; 0 prepares them in the process that trains, -1 does so on a CPU and takes up to
    eight a GPU."""
    memory_gb: float = 2.0
    """Memory for decoded images, all processes that prepare crops together."""
    sample_scores: str = ""
    """Pickle of RITM's that scores the images of SBD; empty draws all of them alike."""
    score_gamma: float = 1.0
    """An image is drawn as often as its score is far from 1, to this power; published is 1.25."""
    hold_out: float = 0.0
    """Share of the objects whose images are held out, for the looks after each epoch."""
    encoder_weights: str = ""
    """File of encoder weights to start from; empty for a random start."""
    frozen_blocks: int = 0
    """So many of the first blocks of late fusion's ViT stay as they are, and what is before them; 0 trains all."""
    teacher: str = ""
    """timm name of a frozen ViT whose features the encoder learns first; empty for none."""
    teacher_weights: str = ""
    """File of the teacher's weights (safetensors), or of a late-fusion model, whose encoder is taken."""
    teacher_samples: int = 60_000
    """Crops on which the encoder learns from the teacher."""

    def options(self) -> dict[str, object]:
        """Give `network_options` as `create_network` takes them. Raises `SettingsError` where one is no NAME=VALUE."""
        pairs = [text.partition("=") for text in self.network_options]
        if any(not (name and sign and value) for name, sign, value in pairs):
            raise SettingsError(f"The network options must be NAME=VALUE, not {','.join(self.network_options)!r}.")
        return {name: _option(value) for name, _, value in pairs}


def _option(text: str) -> object:
    if text in ("yes", "no"):
        return text == "yes"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


_COCO_LVIS = ClickSettings()
# The published settings name no sampler for PASCAL's training images, so RITM's defaults hold: fewer clicks, nothing
# merged, every object, no crop without one. An epoch is each of the 1,464 images once, less an incomplete batch.
_PASCAL = replace(
    _COCO_LVIS,
    batch_size=28,
    epochs=220,
    epoch_samples=52 * 28,
    milestones=(200, 215),
    most_clicks=12,
    click_gamma=0.7,
    merge_share=0.0,
    min_area=1,
    empty_share=0.0,
    scales=(0.75, 1.25),
    is_turned=True,
)
_NETWORKS = (*(f"segformer-b{size}" for size in range(6)), "hrnet-18", "hrnet-32", "hrnet-48", "hrformer-b")


def _paper_presets() -> dict[str, ClickSettings]:
    presets = {}
    for network in _NETWORKS:
        coco = replace(_COCO_LVIS, network=network)
        if network.startswith("hrnet"):
            coco = replace(coco, epochs=230, milestones=(200, 220), batch_size=28 if network == "hrnet-18" else 32)
        elif network == "hrformer-b":
            coco = replace(coco, epochs=15, milestones=(10, 15))
        presets[f"{network}-coco-lvis"] = coco
        presets[f"{network}-pascal"] = replace(_PASCAL, network=network)
    return presets


_ON_GPU = ClickSettings(
    crop=(448, 448),
    batch_size=64,
    epochs=10,
    epoch_samples=20_000,
    published_rates=False,
    milestones=(8, 9),
    warmup_steps=200,
    clip=1.0,
    ema_decay=0.999,
    merge_share=0.05,
    min_area=40,
    empty_share=0.01,
    scales=(0.8, 1.6),
    workers=12,
    memory_gb=12.0,
)
"""What the two models have in common that are made on a GPU; how long they are trained, `packaging/gpu_training.py`
sets by the time there is."""

CLICK_PRESETS: dict[str, ClickSettings] = {
    **_paper_presets(),
    "late-vit-s14-unfrozen": replace(
        _ON_GPU, network="late-vit-s14", frozen_blocks=6, learning_rate=4e-4, encoder_rate=0.05
    ),
    "segformer-b0-distilled": replace(
        _ON_GPU,
        network="segformer-b0",
        crop=(384, 384),
        learning_rate=1e-3,
        encoder_rate=0.5,
        teacher="vit_small_patch14_dinov2",
    ),
    "from-scratch": ClickSettings(
        batch_size=8,
        epochs=20,
        epoch_samples=2000,
        milestones=(16, 19),
        warmup_steps=100,
        clip=1.0,
        min_area=80,
        encoder_rate=1.0,
        hold_out=0.2,
        checkpoint_minutes=1.0,
    ),
}
"""Rows of the paper by network and data; on a GPU, the bundled model with its last blocks unfrozen, and a SegFormer
that learns from its encoder first; `from-scratch` for a small set of one's own."""

"""The settings of one training run: every field is on the command line and is kept in the run folder."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunSettings:
    """What every run has."""

    checkpoint_minutes: float = 3.0
    report_seconds: float = 30.0
    """Time between two lines of metrics."""
    threads: int = 1
    """CPU threads; 0 takes as many as PyTorch would."""
    seed: int = 7


@dataclass(frozen=True, slots=True)
class TrainingSettings(RunSettings):
    """How the late-fusion decoder is trained on the kept tokens of a frozen encoder."""

    samples: int = 60_000
    """Training samples (one click state of one target, with one backward pass) over which the schedule runs."""
    batch_size: int = 12
    """Targets a step, all from views of the same token grid."""
    learning_rate: float = 1e-3
    """Peak of AdamW's learning rate; it warms up linearly, then falls as a cosine."""
    final_share: float = 0.01
    """Learning rate at the end, as a share of the peak."""
    warmup_steps: int = 200
    weight_decay: float = 0.02
    ema_decay: float = 0.998
    """Decay a step of the averaged weights, which are what is evaluated and shipped."""
    coarse_weight: float = 0.4
    """Weight of the loss on the decoder's coarse logits."""
    crop_tokens: tuple[int, ...] = (16, 20, 32)
    """Longest side in tokens of the crop of the kept views that a step trains on: cheaper, and another frame."""
    crop_shares: tuple[float, ...] = (0.75, 0.17, 0.08)
    """How often each of `crop_tokens` is drawn."""
    zoom_views: float = 0.5
    """Views round an object, as a share of the views of whole images."""
    flip_share: float = 0.5
    merge_share: float = 0.05
    """Share of the targets that are two objects of the view."""
    whole_share: float = 0.5
    """In the sets of `whole_sets`: share of the targets that are all labels together (a person, not a sleeve)."""
    whole_sets: tuple[str, ...] = ("ccp",)
    without_sets: tuple[str, ...] = ("brain_mri", "heart_mri", "polyps")
    """Sets whose licence keeps them out of weights that are shipped."""
    channel_dropout: float = 0.0
    """Share of the encoder's channels that a sample goes without, the same at all of its tokens."""


@dataclass(frozen=True, slots=True)
class FineTuneSettings(TrainingSettings):
    """How the decoder of a late-fusion model is tuned on one's own images; the encoder stays as it is."""

    samples: int = 24_000
    learning_rate: float = 3e-4
    warmup_steps: int = 40
    ema_decay: float = 0.99
    zoom_views: float = 1.0
    without_sets: tuple[str, ...] = ()
    whole_sets: tuple[str, ...] = ()
    checkpoint_minutes: float = 0.5
    report_seconds: float = 2.0
    threads: int = 0
    minutes: float = 5.0
    """Time for the training itself: what the machine cannot do in it is cut off the samples."""
    most_views: int = 240
    """Views that are encoded at most, drawn evenly from all images."""
    hold_out: float = 0.2
    """Share of the objects whose images are held out: never trained on, they tell whether the model got better."""
    held_out_objects: int = 40
    """Objects at most that are clicked before and after, and in the looks between."""
    looks: int = 8
    """How often the held-out views are looked at during training; the best look is what is kept."""


_LONGER = TrainingSettings(
    samples=190_000,
    weight_decay=0.05,
    ema_decay=0.999,
    crop_shares=(0.5, 0.25, 0.25),
    channel_dropout=0.1,
    seed=11,
)

PRESETS: dict[str, TrainingSettings] = {
    "bundled": TrainingSettings(),
    "bundled-longer": _LONGER,
    "trial": TrainingSettings(samples=600, warmup_steps=10, checkpoint_minutes=0.5),
    "finetune": FineTuneSettings(),
}
"""`bundled` makes the bundled model from an encoder, `bundled-longer` trains it further (`--start-from`), on other
zoomed views and more whole ones; `trial` shows in minutes that data and machine will do; `finetune` tunes a model on
one's own data."""

"""Which values settings may take: others are refused before anything is read, and not hours later."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..errors import SettingsError
from .settings import RunSettings

_SHARES = (
    *("ema_decay", "final_share", "flip_share", "merge_share", "whole_share", "channel_dropout", "hold_out"),
    *("click_gamma", "stuff_share", "empty_share", "encoder_rate"),
)
_FROM_ONE = (
    *("samples", "batch_size", "most_views", "held_out_objects", "looks", "epochs", "epoch_samples", "accumulate"),
    *("most_clicks", "crop", "crop_tokens", "teacher_samples"),
)
_FROM_ZERO = (
    *("checkpoint_minutes", "report_seconds", "minutes", "warmup_steps", "weight_decay", "clip", "coarse_weight"),
    *("focal_weight", "cross_entropy_weight", "dice_weight", "boundary_weight", "aux_weight", "next_clicks"),
    *("min_area", "memory_gb", "score_gamma", "frozen_blocks", "milestones", "zoom_views", "crop_shares"),
)
_MOST = 1e12
BOUNDS: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(_SHARES, (0, 1)),
    **dict.fromkeys(_FROM_ONE, (1, _MOST)),
    **dict.fromkeys(_FROM_ZERO, (0, _MOST)),
    "threads": (0, 1024),
    "seed": (0, 2**32 - 1),
    "learning_rate": (1e-12, 1e3),
    "scales": (0.01, 100),
    "workers": (-1, 1024),
}
"""Setting -> its least and its largest value, of lists those of each element."""

_PAIRS = {"crop", "scales"}
_ROUNDING = 1e-6


def check_settings(settings: RunSettings) -> None:
    """Raise `SettingsError` where a setting is out of its bounds, or two contradict each other."""
    values = asdict(settings)
    for name in BOUNDS.keys() & values.keys():
        _check_value(name, values[name])
    for name in _PAIRS & values.keys():
        if len(values[name]) != 2:
            raise SettingsError(f"The setting {name} must be two numbers, not {len(values[name])}.")
    if "crop" in values:
        _check_crops(values)
    if "crop_tokens" in values:
        tokens, shares = values["crop_tokens"], values["crop_shares"]
        if len(tokens) != len(shares) or abs(sum(shares) - 1) > _ROUNDING:
            raise SettingsError("The setting crop_shares must be a share for each of crop_tokens, 1 together.")


def _check_value(name: str, value: Any) -> None:  # noqa: ANN401 - a number or several
    least, most = BOUNDS[name]
    for each in value if isinstance(value, tuple) else (value,):
        if not least <= each <= most:
            bounds = f"{least:g} or more" if most == _MOST else f"from {least:g} to {most:g}"
            raise SettingsError(f"The setting {name} must be {bounds}, not {each:g}.")


def _check_crops(values: Mapping[str, Any]) -> None:
    (rows, cols), (low, high) = values["crop"], values["scales"]
    if low > high:
        raise SettingsError(f"The setting scales must be the smaller factor before the larger, not {low:g},{high:g}.")
    if values["min_area"] > rows * cols:
        raise SettingsError(f"No object of a crop of {rows} x {cols} pixels has min_area, {values['min_area']} pixels.")

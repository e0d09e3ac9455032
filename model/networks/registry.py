"""Names of networks, and how each is built. A new network is one more line here and one file beside it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from .base import ClickNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGEST_RADIUS = 256

_BUILDERS: dict[str, tuple[str, str, tuple[int | str, ...]]] = {
    **{f"segformer-b{size}": ("segformer", "SegFormerNetwork", (size,)) for size in range(6)},
    **{f"hrnet-{size}": ("hrnet", "HRNetNetwork", (size,)) for size in ("18s", "18", "32", "48")},
    **{f"hrformer-{size}": ("hrformer", "HRFormerNetwork", (size,)) for size in ("s", "b")},
    **{f"swin-{size}": ("swin", "SwinNetwork", (size,)) for size in ("b", "l")},
    **{f"simpleclick-{size}": ("simpleclick", "SimpleClickNetwork", (size,)) for size in ("b", "l", "h", "xtiny")},
    **{f"focalclick-{size}": ("focalclick", "FocalClickNetwork", (size,)) for size in ("b0", "b3")},
    **{f"segnext-sax{blocks}": ("segnext", "SegNextNetwork", (blocks,)) for blocks in (1, 2)},
    "late-vit-s14": ("late", "late_vit_s14", ()),
}
"""Name -> (module of this package, what builds the network, and the size that it is told)."""


def network_names() -> tuple[str, ...]:
    """Names that `create_network` knows, beside timm:NAME, in the order of the registry."""
    return tuple(_BUILDERS)


def _builder(name: str) -> tuple[str, str, tuple[int | str, ...]]:
    family, _, backbone = name.partition(":")
    if family == "timm" and backbone:
        return "timm_features", "TimmNetwork", (backbone,)
    if name not in _BUILDERS:
        known = ", ".join(network_names())
        raise SettingsError(f"There is no network named {name!r}; choose one of: {known}, timm:NAME.")
    return _BUILDERS[name]


def create_network(name: str, **options: Any) -> ClickNetwork:  # noqa: ANN401 - options belong to each builder
    """Build the network `name` with random weights; "timm:NAME" is early fusion on a backbone of timm's.

    Every network takes the option `click_radius`, in view pixels. Raises `SettingsError` where the name is unknown or
    the network does not take an option.
    """
    module_name, builder_name, size = _builder(name)
    module = import_module(f".{module_name}", __package__)
    builder: Callable[..., ClickNetwork] = getattr(module, builder_name)
    radius = _click_radius(options.pop("click_radius", ClickNetwork.click_radius))
    try:
        network = builder(*size, **options)
    except TypeError as error:
        raise SettingsError(f"The network {name!r} does not take these options: {error}.") from error
    network.click_radius = radius
    return network


def _click_radius(value: object) -> float:
    """Give back a radius of disks; raises `SettingsError` where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST_RADIUS:
        raise SettingsError(f"The radius of a click must be 0 to {_LARGEST_RADIUS} view pixels, not {value!r}.")
    return float(value)

"""Names of networks, and how each is built. A new network is one more line here and one file beside it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from .base import ClickNetwork

if TYPE_CHECKING:
    from collections.abc import Callable

_BUILDERS: dict[str, tuple[str, str]] = {
    **{f"segformer-b{size}": ("segformer", f"segformer_b{size}") for size in range(6)},
    "late-vit-s14": ("late", "late_vit_s14"),
}
"""Name -> (module of this package, function that builds the network)."""


def network_names() -> tuple[str, ...]:
    """Names that `create_network` knows, in the order of the registry."""
    return tuple(_BUILDERS)


def create_network(name: str, **options: Any) -> ClickNetwork:  # noqa: ANN401 - options belong to each builder
    """Build the network `name` with random weights.

    Raises `SettingsError` where the name is unknown or the network does not take an option.
    """
    if name not in _BUILDERS:
        known = ", ".join(network_names())
        raise SettingsError(f"There is no network named {name!r}; choose one of: {known}.")
    module_name, function_name = _BUILDERS[name]
    module = import_module(f".{module_name}", __package__)
    builder: Callable[..., ClickNetwork] = getattr(module, function_name)
    try:
        return builder(**options)
    except TypeError as error:
        raise SettingsError(f"The network {name!r} does not take these options: {error}.") from error

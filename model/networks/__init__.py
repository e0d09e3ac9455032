"""Networks by name. A network is a pure `nn.Module`: no files, no device choice, no clicks in image pixels."""

from .base import ClickNetwork, Features
from .click_maps import disk_maps
from .registry import create_network, network_names

__all__ = ["ClickNetwork", "Features", "create_network", "disk_maps", "network_names"]

"""Which graphs a network becomes, their inputs, and what a program that runs them does between them.

Early fusion becomes one graph. Late fusion becomes two, because that is what it is for: the encoder runs once an
image, the decoder once a click. FocalClick becomes two as well: between its looks a program chooses the focus. A graph
holds one view at a time; height and width are dynamic, in multiples that the graph names.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ..networks import ClickNetwork
from ..networks.click_maps import disk_centres
from ..networks.early import EarlyFusionNetwork
from ..networks.focalclick import FocalClickNetwork
from ..networks.focus import focus_of

Maps = NDArray[np.float32]
Run = Callable[[Mapping[str, Maps]], Sequence[Maps]]
"""One graph in a runtime: inputs by name to outputs in their order."""

_STRIDE = 32
_TRACED_SIDE = 448
"""A view of the trace, in pixels: at stride 32 larger than a window (12), or the graph would know one window only."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a graph: an example, whose sides are those of the view / `stride`, or fixed where that is 0."""

    example: Tensor
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """One graph: a module, its inputs by name, and the names of its outputs; `suffix` ends the name of its file.

    `square`: whether its views are.
    """

    suffix: str
    module: nn.Module
    inputs: Mapping[str, Input]
    outputs: tuple[str, ...]
    square: bool = False


class _Graph(nn.Module):
    """A network, and what of it the graph computes."""

    def __init__(self, network: ClickNetwork, compute: Callable[..., Tensor | tuple[Tensor, ...]]) -> None:
        super().__init__()
        self.network, self.compute = network, compute

    def forward(self, *inputs: Tensor) -> Tensor | tuple[Tensor, ...]:
        return self.compute(*inputs)


class Graphs(ABC):
    """The graphs of one network."""

    square: ClassVar[bool] = False
    """Whether views are square."""

    def __init__(self, unit: int) -> None:
        self.unit = unit
        """Height and width of a view are multiples of this."""

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Give the graphs in the order in which they run."""

    @abstractmethod
    def answer(self, runs: Sequence[Run], image: Tensor, previous: Tensor, clicks: Tensor) -> Maps:
        """Answer as `ClickNetwork.forward` does, by the graphs alone."""

    @abstractmethod
    def words(self) -> Mapping[str, str]:
        """Inputs and outputs in words, and what is done between the graphs."""

    def _examples(self) -> tuple[Tensor, Tensor, Tensor]:
        """Image, previous mask and clicks; the trace must not take height and width for one, unless they are."""
        steps = max(2, _TRACED_SIDE // self.unit)
        height, width = steps * self.unit, (steps if self.square else steps + 1) * self.unit
        image, previous, clicks = (torch.rand(1, channels, height, width) for channels in (3, 1, 2))
        return image, previous, (clicks > 0.98).float()


def graphs_of(network: ClickNetwork) -> Graphs:
    """Choose how the network becomes graphs."""
    if isinstance(network, FocalClickNetwork):
        return _TwoLooks(network)
    return _OneGraph(network) if isinstance(network, EarlyFusionNetwork) else _EncoderAndDecoder(network)


class _OneGraph(Graphs):
    def __init__(self, network: EarlyFusionNetwork) -> None:
        super().__init__(math.lcm(network.view_multiple, network.pads_to, _STRIDE))
        self.network = network

    def parts(self) -> Iterator[Part]:
        inputs = dict(zip(("image", "previous", "clicks"), map(Input, self._examples()), strict=True))
        yield Part("", _Graph(self.network, self.network.forward), inputs, ("logits",))

    def answer(self, runs: Sequence[Run], image: Tensor, previous: Tensor, clicks: Tensor) -> Maps:
        return runs[0]({"image": image.numpy(), "previous": previous.numpy(), "clicks": clicks.numpy()})[0]

    def words(self) -> Mapping[str, str]:
        return _words_of_views(self.network, self.unit)


class _EncoderAndDecoder(Graphs):
    def __init__(self, network: ClickNetwork) -> None:
        super().__init__(math.lcm(network.view_multiple, network.pads_to))
        self.network = network

    def parts(self) -> Iterator[Part]:
        network, names = self.network, self.network.feature_names
        image, previous, clicks = self._examples()
        yield Part("-encoder", _Graph(network, network.encode), {"image": Input(image)}, names)
        with torch.inference_mode():
            features = network.encode(image)
        inputs = {
            name: Input(each.clone(), image.shape[2] // each.shape[2])
            for name, each in zip(names, features, strict=True)
        }

        def decode(*given: Tensor) -> Tensor:
            return network.decode(given[:-2], *given[-2:])

        prompt = {"previous": Input(previous), "clicks": Input(clicks)}
        yield Part("-decoder", _Graph(network, decode), inputs | prompt, ("logits",))

    def answer(self, runs: Sequence[Run], image: Tensor, previous: Tensor, clicks: Tensor) -> Maps:
        encode, decode = runs
        features = dict(zip(self.network.feature_names, encode({"image": image.numpy()}), strict=True))
        return decode({**features, "previous": previous.numpy(), "clicks": clicks.numpy()})[0]

    def words(self) -> Mapping[str, str]:
        return _words_of_views(self.network, self.unit)


class _TwoLooks(Graphs):
    """FocalClick at square views, as it was published: the coarse network, and the refiner where it refines."""

    square: ClassVar[bool] = True

    def __init__(self, network: FocalClickNetwork) -> None:
        super().__init__(1)
        self.network = network

    def parts(self) -> Iterator[Part]:
        network = self.network
        image, previous, clicks = self._examples()
        disks = network.coarse_disks(disk_centres(clicks, network.click_radius))
        views = {"image": Input(image), "previous": Input(previous), "clicks": Input(disks, 0)}
        yield Part("-coarse", _Graph(network, network.first_look), views, ("logits", "coarse", "hidden"), square=True)
        if not network.refine:
            return
        with torch.inference_mode():
            _, coarse, hidden = network.first_look(image, previous, disks)
        inputs = {
            "crop": Input(image[:, :, 100:300, 50:300]),
            "clicks": Input(disks, 0),
            "box": Input(torch.tensor([0.2, 0.1, 0.7, 0.6]), 0),
            "coarse": Input(coarse.clone(), 0),
            "hidden": Input(hidden.clone(), 0),
        }
        yield Part("-refiner", _Graph(network, network.closer_look), inputs, ("logits",))

    def answer(self, runs: Sequence[Run], image: Tensor, previous: Tensor, clicks: Tensor) -> Maps:
        centres = disk_centres(clicks, self.network.click_radius)
        disks = self.network.coarse_disks(centres)
        views = {"image": image.numpy(), "previous": previous.numpy(), "clicks": disks.numpy()}
        logits, coarse, hidden = runs[0](views)
        if not self.network.refine:
            return logits
        row0, col0, row1, col1 = focus = focus_of(torch.from_numpy(logits[0, 0]), previous[0, 0], centres[0].any(dim=0))
        height, width = image.shape[2:]
        inputs = {
            "crop": image[:, :, row0:row1, col0:col1].numpy(),
            "clicks": self.network.crop_disks(centres, focus).numpy(),
            "box": np.array([row0 / height, col0 / width, row1 / height, col1 / width], np.float32),
            "coarse": coarse,
            "hidden": hidden,
        }
        answer = logits.copy()
        answer[:, :, row0:row1, col0:col1] = runs[1](inputs)[0]
        return answer

    def words(self) -> Mapping[str, str]:
        network = self.network
        coarse = {
            "height and width": "any; a view is square",
            "image": _IMAGE,
            "previous": _PREVIOUS,
            "clicks": f"two maps of the view at 256 x 256 pixels: disks of radius {network.coarse_radius:g}, positive "
            "and negative",
            "logits": _LOGITS,
        }
        return coarse if not network.refine else coarse | _REFINER_WORDS


_IMAGE = "RGB in [0, 1], not normalised"
_PREVIOUS = "the last answer's probability, zeros at the start"
_LOGITS = "the sigmoid of them is the probability; the object is where it is at least 0.49"
_REFINER_WORDS = {
    "refiner": "looks again at a part of the view, the focus; its logits replace those of the first graph there",
    "focus": "from no previous mask: the rows and columns of the object (logits over 0.49); afterwards those of the "
    "largest connected part that changed and holds a click, or all of the view where there is none; made 1.4 times as "
    "long about its centre. model/networks/focus.py has the rule to the last pixel",
    "refiner's crop": "the focus, cut out of the view",
    "refiner's clicks": "two maps of the crop at 256 x 256 pixels: disks of radius 5, positive and negative",
    "refiner's box": "the focus: first row, first column, last row, last column (excluded), as shares of the view's "
    "height and width",
    "refiner's coarse and hidden": "as the first graph gives them",
}


def _words_of_views(network: ClickNetwork, unit: int) -> Mapping[str, str]:
    return {
        "height and width": f"multiples of {unit}",
        "image": _IMAGE,
        "previous": _PREVIOUS,
        "clicks": f"two maps: disks of radius {network.click_radius:g}, positive and negative",
        "logits": _LOGITS,
    }

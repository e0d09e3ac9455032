"""Distillation: a frozen ViT's dense features pull an encoder that has no pretrained weights."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from ..errors import CheckpointError, SettingsError
from ..networks import ClickNetwork
from ..networks.base import normalised
from ..networks.segformer import SegFormerNetwork
from .click_batch import ClickBatch

_RATE = 1e-3
_LEVEL = 2
"""The encoder's level at stride 16, the stride nearest to a ViT's patches."""

_OF_MODEL = "encoder.vit."
"""How the names of the ViT begin in a file of a late-fusion model."""


class Teacher(nn.Module):
    """A timm ViT, frozen: images (B, 3, H, W) in [0, 1] to dense features of unit length (B, D, h, w)."""

    def __init__(self, name: str, weights: Path | None, *, make: Callable[..., Any] | None = None) -> None:
        super().__init__()
        if make is None:
            import timm

            make = timm.create_model
        try:
            vit: Any = make(name, pretrained=False, num_classes=0, dynamic_img_size=True)
        except (RuntimeError, TypeError) as error:
            raise SettingsError(f"timm has no plain ViT named {name!r} ({error}).") from error
        self.patch, self.width = int(vit.patch_embed.patch_size[0]), int(vit.num_features)
        self._features: Callable[[Tensor], Tensor] = vit.forward_features
        self.vit: nn.Module = vit
        if weights is not None:
            self._load(weights)
        self.eval().requires_grad_(requires_grad=False)

    def _load(self, weights: Path) -> None:
        try:
            tensors = load_file(weights)
            of_model = {name: value for name, value in tensors.items() if name.startswith(_OF_MODEL)}
            self.vit.load_state_dict({name[len(_OF_MODEL) :]: value for name, value in of_model.items()} or tensors)
        except (OSError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"The teacher's weights {str(weights)!r} do not fit it: {error}.") from error

    def forward(self, image: Tensor) -> Tensor:
        """Resize to whole patches of 16 pixels of the image each, and give the normed last tokens."""
        rows, cols = max(1, image.shape[2] // 16), max(1, image.shape[3] // 16)
        size = (rows * self.patch, cols * self.patch)
        resized = functional.interpolate(image, size=size, mode="bilinear", align_corners=False, antialias=True)
        tokens = self._features(normalised(resized))
        dense = tokens[:, -rows * cols :].transpose(1, 2).reshape(len(image), self.width, rows, cols)
        return functional.normalize(dense, dim=1)


class Distillation:
    """Pulls the encoder of a SegFormer towards a teacher, on images without clicks."""

    def __init__(self, network: ClickNetwork, teacher: Teacher, *, seed: int) -> None:
        if not isinstance(network, SegFormerNetwork):
            raise SettingsError("Only a SegFormer's encoder can learn from a teacher.")
        torch.manual_seed(seed)
        self.seen = 0
        """Samples that it has learned from."""
        self._seed, self._network, self._teacher = seed, network, teacher
        with torch.no_grad():
            levels = network.encoder(torch.zeros(1, 3 + network.prompt_channels, 64, 64, device=_device(network)))
        width = levels[_LEVEL].shape[1]
        device = _device(network)
        self._bridge = nn.Conv2d(width, teacher.width, 1).to(device)
        self._teacher.to(device)
        parameters = [*network.encoder.parameters(), *self._bridge.parameters()]
        self._optimizer = torch.optim.AdamW(parameters, lr=_RATE, weight_decay=0.01)

    def loss(self, images: Tensor) -> Tensor:
        """One minus the mean cosine of the encoder's features and the teacher's."""
        with torch.no_grad():
            wanted = self._teacher(images)
        prompt = images.new_zeros((len(images), self._network.prompt_channels, *images.shape[2:]))
        levels = self._network.encoder(torch.cat((normalised(images), prompt), dim=1))
        found = functional.interpolate(
            self._bridge(levels[_LEVEL]), size=wanted.shape[2:], mode="bilinear", align_corners=False
        )
        cosine: Tensor = (functional.normalize(found, dim=1) * wanted).sum(dim=1).mean()
        return 1 - cosine

    def step(self, loss: Tensor) -> None:
        """Change the encoder so that the loss falls."""
        self._optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self._optimizer.step()

    def run(self, batches: Iterator[ClickBatch], samples: int, told: Callable[[float], None]) -> None:
        """Learn until so many samples were seen; `told` hears the loss after each step.

        What is random in a step follows from the seed and from what was seen before it.
        """
        device = _device(self._network)
        self._network.train()
        while self.seen < samples:
            torch.manual_seed(hash((self._seed, self.seen)) % 2**63)
            images = next(batches).to(device).images
            loss = self.loss(images)
            self.step(loss)
            self.seen += len(images)
            told(float(loss.detach()))

    def state(self) -> dict[str, Any]:
        """All that it needs to go on, but the network."""
        return {"seen": self.seen, "bridge": self._bridge.state_dict(), "optimizer": self._optimizer.state_dict()}

    def resume(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`. Raises `SettingsError` where it is of another teacher."""
        try:
            self._bridge.load_state_dict(state["bridge"])
            self._optimizer.load_state_dict(state["optimizer"])
            self.seen = int(state["seen"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise SettingsError(
                "The state in the run folder is of another teacher; name another folder, or the same teacher."
            ) from error


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device

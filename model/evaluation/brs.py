"""f-BRS: at each click, scale and bias of the features are bent until the answer agrees with the clicks.

Sofiiuk et al., 2020, and its code. As published: from the second click on, L-BFGS-B with m = 20 and at most 20
evaluations, squares of 3 x 3 view pixels round the clicks, the weights of the regularisation below. Two things differ:
- There the features that are bent have seen the first eight clicks, and later ones enter by the search alone. Here,
  as in all late fusion, they have seen none; the decoder behind them is shown every click.
- There a search sets out from where the one of the click before ended. Here each sets out from the features as they
  are, since an answer of the engine depends on nothing that was asked before.
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..engine import THRESHOLD
from ..errors import SettingsError
from ..networks import ClickNetwork, Features
from ..networks.click_maps import disk_centres

_MEMORY, _EVALUATIONS = 20, 20
_REGULARISATION, _BIAS_WEIGHT = 1e-3, 10.0
_STILL = 0.01
"""The search ends where the mask changes by less than this, as 1 - IoU."""
_EPSILON = 1e-5


class BackpropagatingNetwork(ClickNetwork):
    """A late-fusion network whose `decode` refines its first features by f-BRS.

    Raises `SettingsError` for a network of early fusion: the whole of it would have to run at each evaluation.
    """

    def __init__(self, network: ClickNetwork) -> None:
        super().__init__()
        side = network.view_multiple
        weights = next(network.parameters(), torch.zeros(()))
        image = torch.zeros((1, 3, side, side), device=weights.device)
        with torch.inference_mode():
            if any(feature is image for feature in network.encode(image)):
                raise SettingsError(
                    "f-BRS needs a model of late fusion: this one encodes nothing that could be refined."
                )
        self.network = network.requires_grad_(requires_grad=False)
        self.click_radius = network.click_radius

    @property
    def view_side(self) -> int:  # type: ignore[override]
        """See `ClickNetwork.view_side`."""
        return self.network.view_side

    @property
    def view_multiple(self) -> int:  # type: ignore[override]
        """See `ClickNetwork.view_multiple`."""
        return self.network.view_multiple

    @property
    def square_view(self) -> bool:  # type: ignore[override]
        """See `ClickNetwork.square_view`."""
        return self.network.square_view

    def encode(self, image: Tensor) -> Features:
        """See `ClickNetwork.encode`."""
        return self.network.encode(image)

    def decode(self, features: Features, previous: Tensor, clicks: Tensor) -> Tensor:
        """See `ClickNetwork.decode`: the logits of the best features that were found."""
        from scipy.optimize import fmin_l_bfgs_b

        if not previous.any():  # the first click
            return self.network.decode(features, previous, clicks)
        # Tensors made in inference mode cannot be differentiated through; their copies can.
        with torch.inference_mode(mode=False), torch.enable_grad():
            search = _Search(self.network, tuple(each.clone() for each in features), previous.clone(), clicks.clone())
            start = np.zeros(2 * features[0].shape[1])
            fmin_l_bfgs_b(search, start, m=_MEMORY, factr=0.0, pgtol=1e-8, maxfun=_EVALUATIONS)
        return search.best


class _Search:
    """What is minimised: how much the answer contradicts the clicks, and how far the features were bent."""

    def __init__(self, network: ClickNetwork, features: Features, previous: Tensor, clicks: Tensor) -> None:
        self._network, self._features = network, features
        self._previous, self._clicks = previous, clicks
        squares = functional.max_pool2d(disk_centres(clicks, network.click_radius).float(), 3, stride=1, padding=1)
        self._positive, self._negative = squares[:, :1], squares[:, 1:]
        self._mask: Tensor | None = None
        self._lowest = float("inf")
        self.best = torch.zeros(())

    def __call__(self, parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Give the loss and its gradient at scale and bias `parameters` (2C,)."""
        bent = torch.tensor(parameters, dtype=torch.float32, device=self._previous.device).requires_grad_()
        scale, bias = bent[None, :, None, None].chunk(2, dim=1)
        first = self._features[0] * (1 + scale) + bias
        logits = self._network.decode((first, *self._features[1:]), self._previous, self._clicks)
        probability = torch.sigmoid(logits)
        missed, spilled = (1 - probability) * self._positive, probability * self._negative
        loss: Any = missed.square().sum() / (self._positive.sum() + _EPSILON)
        loss = loss + spilled.square().sum() / (self._negative.sum() + _EPSILON)
        loss = loss + _REGULARISATION * (scale.square().sum() + _BIAS_WEIGHT * bias.square().sum())
        value = float(loss.detach())
        if value < self._lowest:
            self._lowest, self.best = value, logits.detach()
        agrees = float(missed.detach().max()) < 1 - THRESHOLD and float(spilled.detach().max()) < THRESHOLD
        if agrees or self._is_still(probability.detach() > THRESHOLD):
            return value, np.zeros_like(parameters)  # A gradient of zero ends the search.
        (gradient,) = torch.autograd.grad(loss, bent)
        return value, gradient.cpu().numpy().astype(np.float64)

    def _is_still(self, mask: Tensor) -> bool:
        before, self._mask = self._mask, mask
        if before is None:
            return False
        union = int((before | mask).sum())
        return union > 0 and int((before & mask).sum()) / union > 1 - _STILL

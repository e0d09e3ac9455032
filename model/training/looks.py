"""Looks at held-out views during training: five clicks where the answer is most wrong, on tokens that are kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ..data.click_sampling import THRESHOLD, ClickState
from ..networks.late import LateNetwork
from .kept_views import KeptViews
from .pictures import sample_picture
from .views import VOID

CLICKS = 5
_BATCH = 8
_PICTURES = 3


@dataclass(frozen=True, slots=True)
class Look:
    """Mean IoU after each of the clicks, and the answers after three of them on the first targets."""

    ious: tuple[float, ...]
    pictures: tuple[NDArray[np.uint8], ...]

    @property
    def score(self) -> float:
        """One number for better and worse: the mean over the clicks."""
        return float(np.mean(self.ious))


class HeldOutViews:
    """The same few targets of held-out views, looked at again and again."""

    def __init__(self, kept: Sequence[KeptViews], most: int, seed: int) -> None:
        every = [
            (views, place, number)
            for views in kept
            for place, entry in enumerate(views.index)
            for number in np.asarray(entry["targets"]).tolist()
        ]
        order = np.random.default_rng(seed).permutation(len(every))[:most]
        # Those of one token grid stand together, so that they go through the decoder together.
        self._targets = sorted((every[at] for at in order), key=lambda each: (each[0].rows, each[0].cols))
        self._seed = seed

    def __len__(self) -> int:
        """Give the number of targets."""
        return len(self._targets)

    @torch.inference_mode()
    def look(self, network: LateNetwork) -> Look:
        """Click the targets with the decoder of `network`; needs at least one target."""
        was_training = network.training
        network.eval()
        curves: list[NDArray[np.float64]] = []
        pictures: list[NDArray[np.uint8]] = []
        start = 0
        while start < len(self._targets):
            first = self._targets[start][0]
            end = start
            while end < min(start + _BATCH, len(self._targets)) and _grid(self._targets[end][0]) == _grid(first):
                end += 1
            batch = self._targets[start:end]
            ious, drawn = _click(network, batch, np.random.default_rng(self._seed + start))
            curves += list(ious)
            pictures += drawn[: _PICTURES - len(pictures)]
            start = end
        network.train(was_training)
        return Look(tuple(np.mean(curves, axis=0).tolist()), tuple(pictures))


def _grid(views: KeptViews) -> tuple[int, int]:
    return views.rows, views.cols


def _click(
    network: LateNetwork, batch: Sequence[tuple[KeptViews, int, int]], rng: np.random.Generator
) -> tuple[NDArray[np.float64], list[NDArray[np.uint8]]]:
    trunk, last, half = (
        np.stack([np.asarray(views.arrays[name][place], np.float32) for views, place, _ in batch])
        for name in ("trunk", "last", "half")
    )
    labels = [np.asarray(views.arrays["labels"][place]) for views, place, _ in batch]
    truths = [np.asarray(plane == number) for plane, (_, _, number) in zip(labels, batch, strict=True)]
    colours = torch.from_numpy(half / 255).permute(0, 3, 1, 2)
    features = network.features(torch.from_numpy(trunk), torch.from_numpy(last), colours)
    states = [ClickState(truth, rng, network.click_radius) for truth in truths]
    probability = np.zeros((len(batch), *truths[0].shape), np.float32)
    ious, pictures = np.zeros((len(batch), CLICKS)), []
    for turn in range(CLICKS):
        for state, answer, plane in zip(states, probability, labels, strict=True):
            state.add_deepest(np.where(plane == VOID, 0, answer).astype(np.float32))
        clicks = functional.avg_pool2d(torch.from_numpy(np.stack([state.maps for state in states])).float(), 2)
        logits, _ = network.decoder(features, torch.from_numpy(probability)[:, None], clicks)
        probability = torch.sigmoid(logits.float())[:, 0].numpy()
        for at, (answer, truth, plane) in enumerate(zip(probability, truths, labels, strict=True)):
            found = (answer > THRESHOLD) & (plane != VOID)
            ious[at, turn] = (found & truth).sum() / max((found | truth).sum(), 1)
        if turn == 2:
            pictures = [
                sample_picture(half[at].astype(np.uint8), probability[at] > THRESHOLD, truths[at])
                for at in range(len(batch))
            ]
    return ious, pictures

"""How good a network in training is: three clicks where its answer is most wrong, on a few fixed crops."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ..data.annotated import Annotated
from ..data.click_sampling import THRESHOLD, edge_distance, pick
from ..networks import ClickNetwork
from ..networks.click_maps import disk_maps

CLICKS = 3


@dataclass(frozen=True, slots=True)
class LookedAt:
    """One object in a picture that fits the network: (3, H, W) in [0, 1], its mask and what is ignored (H, W)."""

    image: torch.Tensor
    target: NDArray[np.bool_]
    ignored: NDArray[np.bool_]


def look_at(images: Sequence[Annotated], longest: int, most: int, multiple: int = 1) -> list[LookedAt]:
    """Take the largest object of each of the first images, each image resized to `longest` at its longer side.

    Sides become multiples of `multiple`, as the network asks for.
    """
    looked = []
    for image in images[:most]:
        pixels, objects = image.read()
        areas = objects.areas()
        if not areas:
            continue
        scale = min(1.0, longest / max(objects.size))
        size = [multiple * max(1, round(side * scale / multiple)) for side in objects.size]
        planes = np.stack((objects.mask(max(areas, key=lambda number, areas=areas: areas[number])), objects.ignored))  # type: ignore[misc]
        picture = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255
        small = functional.interpolate(picture, size=size, mode="bilinear", align_corners=False, antialias=True)
        masks = functional.interpolate(torch.from_numpy(planes)[None].float(), size=size, mode="nearest-exact")[0] > 0
        looked.append(LookedAt(small[0].clamp(0, 1), masks[0].numpy(), masks[1].numpy()))
    return looked


@torch.inference_mode()
def click_look(network: ClickNetwork, looked: Sequence[LookedAt], clicks: int = CLICKS) -> list[float]:
    """Mean IoU after each of the clicks; at least one object. The network is left in the mode it was in."""
    was_training = network.training
    network.eval()
    curves = [_curve(network, each, clicks) for each in looked]
    network.train(was_training)
    return [float(value) for value in np.mean(curves, axis=0)]


def _curve(network: ClickNetwork, each: LookedAt, clicks: int) -> list[float]:
    device = next(network.parameters()).device
    image = each.image[None].to(device)
    previous = torch.zeros_like(image[:, :1])
    counts, size = ~each.ignored, (each.target.shape[0], each.target.shape[1])
    found = np.zeros(each.target.shape, np.bool_)
    points: list[tuple[float, float, float]] = []
    ious = []
    for _ in range(clicks):
        missed, wrong = edge_distance(each.target & ~found & counts), edge_distance(found & ~each.target & counts)
        is_positive = bool(missed.max() > wrong.max())
        place = pick(missed if is_positive else wrong, 1.0, np.random.default_rng(len(points)))
        if place is not None:
            points.append((*place, 1.0 if is_positive else -1.0))
        maps = disk_maps(torch.tensor([points], device=device), size, network.click_radius)
        previous = torch.sigmoid(network(image, previous, maps).float())
        found = previous[0, 0].cpu().numpy() > THRESHOLD
        union = int(((found | each.target) & counts).sum())
        ious.append(int((found & each.target & counts).sum()) / union if union else 1.0)
    return ious

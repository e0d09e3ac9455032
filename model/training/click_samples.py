"""Crops with targets and clicks for training a whole network. A sample is a pure function of the seed and its number.

So any process can make any sample, several processes share a batch, and a resumed run sees what it would have seen.
"""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Sampler
from torchvision import tv_tensors
from torchvision.transforms import v2

from ..data.annotated import Annotated, Objects
from ..data.hierarchy import Tree
from ..data.point_sampler import PointSampling, pick_target, sample_points
from ..errors import DatasetError, ImageError
from .click_batch import ClickBatch, draw_colours
from .click_settings import ClickSettings

logger = logging.getLogger(__name__)

_ATTEMPTS = 20
_AFFINE_SHARE = 0.75

Sample = tuple[Tensor, Tensor, Tensor, Tensor, int, Tensor]
"""Image (3, H, W) uint8, target and ignored pixels (1, H, W) bool, points (2N, 3), number, colours (5,)."""


class ClickSamples(Dataset[Sample]):
    """Makes the sample of a number; its colours are changed with those of its batch, on the device."""

    def __init__(
        self, images: Sequence[Annotated], settings: ClickSettings, chances: NDArray[np.float64] | None = None
    ) -> None:
        """Draw from these images, each with its chance, or all of them alike."""
        if not images:
            raise DatasetError("There is no image to train on.")
        self._images, self._settings = images, settings
        self._reached = None if chances is None else np.cumsum(chances)
        self._sampling = PointSampling(
            settings.most_clicks, settings.click_gamma, settings.merge_share, settings.takes_parts
        )
        self._unreadable: set[int] = set()
        self._kept: dict[int, tuple[NDArray[np.uint8], Objects]] = {}
        self._room = settings.memory_gb * 1e9 / max(settings.workers, 1)
        self._augment = augmentation(settings)

    def __getitem__(self, number: int) -> Sample:
        """Make one sample."""
        rng = np.random.default_rng((self._settings.seed, number))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(rng.integers(2**62)))
            return self._make(number, rng)

    def _make(self, number: int, rng: np.random.Generator) -> Sample:
        """Cut crops of one image until one holds an object, as published; which of them are too small comes after."""
        settings = self._settings
        pixels, objects = self._draw(rng)
        if rng.random() >= settings.stuff_share:
            objects = objects.things()
        for _ in range(_ATTEMPTS):
            image, layers, ignored = self._crop(pixels, objects)
            if layers.any() or rng.random() < settings.empty_share:
                break
        areas = {int(n): int((layers == n).sum()) for n in np.unique(layers[layers > 0])}
        tree = Tree.of(areas, objects.parents, max(settings.min_area, 1))

        def mask_of(number: int) -> NDArray[np.bool_]:
            return np.asarray((layers == number).any(axis=0))

        target = pick_target(tree, mask_of, np.zeros(ignored.shape, np.bool_), self._sampling, rng)
        others = np.asarray((layers > 0).any(axis=0)) & ~target.mask
        if target.objects and len(tree.areas) <= target.objects:
            others[:] = False
        points = sample_points(target, others, self._sampling, rng)
        inside, void = (
            torch.from_numpy(np.ascontiguousarray(each))[None] for each in (target.mask, ignored & ~target.mask)
        )
        colours = torch.from_numpy(draw_colours(rng))
        return image, inside, void, torch.from_numpy(points), number, colours

    def _crop(self, pixels: NDArray[np.uint8], objects: Objects) -> tuple[Tensor, NDArray[np.int32], NDArray[np.bool_]]:
        image = torch.tensor(pixels).permute(2, 0, 1)
        masks = torch.from_numpy(np.concatenate((objects.layers, objects.ignored[None].astype(np.int32))))
        image, masks = self._resize(image, masks)
        seen, cut = self._augment(tv_tensors.Image(image), tv_tensors.Mask(masks))
        planes = cut.numpy()
        return seen.as_subclass(torch.Tensor), planes[:-1], planes[-1].astype(np.bool_)

    def _resize(self, image: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
        low, high = self._settings.scales
        scale = low + (high - low) * float(torch.rand(()))
        size = [max(1, round(side * scale)) for side in image.shape[1:]]
        image = v2.functional.resize(image, size, antialias=True)
        # `nearest-exact`: plain `nearest` moves masks by half a pixel against their image.
        masks = functional.interpolate(masks[None].double(), size=size, mode="nearest-exact")[0].int()
        return image, masks

    def _draw(self, rng: np.random.Generator) -> tuple[NDArray[np.uint8], Objects]:
        """Draw an image; those that cannot be read are named and left out: a run of days does not end by one."""
        for _ in range(_ATTEMPTS):
            place = self._place(rng)
            if place in self._unreadable:
                continue
            try:
                return self._read(place)
            except (ImageError, DatasetError) as error:
                self._unreadable.add(place)
                logger.warning("%s is left out: %s", self._images[place].name, error)
        raise DatasetError(f"Of {_ATTEMPTS} images that were drawn to train on none could be read.")

    def _place(self, rng: np.random.Generator) -> int:
        if self._reached is None:
            return int(rng.integers(len(self._images)))
        return int(np.searchsorted(self._reached[:-1], rng.random() * self._reached[-1], side="right"))

    def _read(self, place: int) -> tuple[NDArray[np.uint8], Objects]:
        if place in self._kept:
            return self._kept[place]
        pixels, objects = self._images[place].read()
        size = pixels.nbytes + objects.layers.nbytes + objects.ignored.nbytes
        if size <= self._room:
            self._room -= size
            self._kept[place] = pixels, objects
        return pixels, objects


def augmentation(settings: ClickSettings) -> Any:  # noqa: ANN401 - torchvision ships no types
    """Give the published changes of geometry, by torchvision; images (3, H, W) uint8 with their masks."""
    rows, cols = settings.crop
    across, down = v2.RandomHorizontalFlip(1.0), v2.RandomVerticalFlip(1.0)
    # Image and masks together; the masks of torchvision keep their numbers, whatever the interpolation.
    shifted = v2.RandomAffine(3, translate=(0.03, 0.03), interpolation=v2.InterpolationMode.BILINEAR)
    turned = [
        v2.RandomApply([v2.RandomChoice([across, down, v2.Compose([across, down])])], 0.5),
        v2.RandomApply([_QuarterTurns()], 0.5),
        v2.RandomApply([shifted], _AFFINE_SHARE),
    ]
    return v2.Compose(
        [
            *(turned if settings.is_turned else [v2.RandomHorizontalFlip(0.5)]),
            v2.RandomCrop((rows, cols), pad_if_needed=True),
        ]
    )


class _QuarterTurns(v2.Transform):  # type: ignore[misc]
    """Turn by 0, 90, 180 or 270 degrees, image and masks alike."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"times": int(torch.randint(4, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:  # noqa: ANN401
        return tv_tensors.wrap(torch.rot90(inpt, params["times"], (-2, -1)), like=inpt)


class _Numbers(Sampler[int]):
    """The sample numbers of one process, from a step on, without end."""

    def __init__(self, step: int, batch: int, rank: int, processes: int) -> None:
        self._step, self._batch, self._rank, self._processes = step, batch, rank, processes

    def __iter__(self) -> Any:  # noqa: ANN401
        step = self._step
        while True:
            first = (step * self._processes + self._rank) * self._batch
            yield from range(first, first + self._batch)
            step += 1


def click_batches(samples: ClickSamples, settings: ClickSettings, step: int, rank: int, processes: int) -> DataLoader:  # type: ignore[type-arg]
    """Load the batches of one process of `processes`, from `step` on, without end."""
    batch = settings.batch_size // processes
    return DataLoader(
        samples,
        batch_size=batch,
        sampler=_Numbers(step, batch, rank, processes),
        num_workers=max(settings.workers, 0),
        collate_fn=_collate,
        pin_memory=torch.cuda.is_available(),
        persistent_workers=settings.workers > 0,
    )


def _collate(samples: list[Sample]) -> ClickBatch:
    images, targets, ignored, points, numbers, colours = zip(*samples, strict=True)
    masks = torch.stack(targets), torch.stack(ignored)
    return ClickBatch(torch.stack(images), *masks, torch.stack(points), torch.tensor(numbers), torch.stack(colours))

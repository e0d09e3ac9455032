"""Views of the training images: which boxes of which images are shown, and on which token grid."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..data.annotated import Annotated, Objects

_LONG = 32
_SHORTEST = 12
_MIN_CROP = 96
VOID = np.iinfo(np.uint16).max
"""Label of the pixels that count nowhere."""

_MIN_TARGET = 12
"""Smallest target in pixels of the half-size view (0.02 % of a 4:3 view)."""


@dataclass(frozen=True, slots=True)
class ViewPlan:
    """A box of an image (pixels, end exclusive) and the token grid it is shown on."""

    image: int
    top: int
    left: int
    bottom: int
    right: int
    rows: int
    cols: int


def labels_of(objects: Objects) -> NDArray[np.uint16]:
    """Number the objects of an image from 1 on in one layer (H, W), the upper over the lower, ignored pixels `VOID`."""
    values, places = np.unique(objects.flat(), return_inverse=True)
    numbers = np.arange(len(values)) + (0 if values[0] == 0 else 1)
    labels = numbers[places].reshape(objects.size).astype(np.uint16)
    labels[objects.ignored] = VOID
    return labels


def token_grid(height: int, width: int) -> tuple[int, int]:
    """Return tokens (rows, cols) of a region: 32 at the longer side, an even number of 12 or more at the other."""
    short = 2 * round(_LONG / 2 * min(height, width) / max(height, width))
    short = min(max(short, _SHORTEST), _LONG)
    return (short, _LONG) if height < width else (_LONG, short)


def plan_views(images: Sequence[Annotated], zoom_share: float, seed: int) -> list[ViewPlan]:
    """Plan one whole view an image and, on average, `zoom_share` views round one of its objects."""
    rng = np.random.default_rng(seed)
    plans = []
    for index, item in enumerate(images):
        labels = labels_of(item.read_objects())
        height, width = labels.shape
        plans.append(ViewPlan(index, 0, 0, height, width, *token_grid(height, width)))
        for _ in range(int(rng.random() + zoom_share)):
            box = _zoom_box(labels, rng)
            if box is not None:
                plans.append(ViewPlan(index, *box, *token_grid(box[2] - box[0], box[3] - box[1])))
    return plans


def _zoom_box(labels: NDArray[np.uint16], rng: np.random.Generator) -> tuple[int, int, int, int] | None:
    """Draw a box round a random object, 1.2 to 5 times its size, of a random aspect; None where it is no zoom."""
    values = np.unique(labels[(labels > 0) & (labels < VOID)])
    if values.size == 0:
        return None
    x, y, w, h = cv2.boundingRect((labels == rng.choice(values)).astype(np.uint8))
    scale, aspect = np.exp(rng.uniform(np.log(1.2), np.log(5.0))), np.exp(rng.uniform(-0.35, 0.35))
    tall = max(h * scale * aspect, _MIN_CROP * rng.uniform(0.7, 1.5))
    wide = max(w * scale / aspect, _MIN_CROP * rng.uniform(0.7, 1.5))
    tall, wide = max(tall, wide * 0.4), max(wide, tall * 0.4)
    row, col = y + h / 2 + rng.uniform(-0.25, 0.25) * (tall - h), x + w / 2 + rng.uniform(-0.25, 0.25) * (wide - w)
    top, bottom = max(round(row - tall / 2), 0), min(round(row + tall / 2), labels.shape[0])
    left, right = max(round(col - wide / 2), 0), min(round(col + wide / 2), labels.shape[1])
    if (bottom - top) * (right - left) > 0.8 * labels.size or min(bottom - top, right - left) < _MIN_CROP // 3:
        return None
    return top, left, bottom, right


def view_of(
    image: NDArray[np.uint8], labels: NDArray[np.uint16], plan: ViewPlan
) -> tuple[NDArray[np.uint8], NDArray[np.uint16]]:
    """Cut and resize: (16 rows, 16 cols, 3) colours and (8 rows, 8 cols) labels of the view."""
    box = np.s_[plan.top : plan.bottom, plan.left : plan.right]
    size = (plan.cols * 16, plan.rows * 16)
    shrinks = plan.bottom - plan.top > size[1]
    colours = cv2.resize(image[box], size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    rows = ((np.arange(plan.rows * 8) + 0.5) * (plan.bottom - plan.top) / (plan.rows * 8)).astype(int)
    cols = ((np.arange(plan.cols * 8) + 0.5) * (plan.right - plan.left) / (plan.cols * 8)).astype(int)
    return np.asarray(colours, np.uint8), labels[box][rows[:, None], cols[None, :]]


def targets_of(labels: NDArray[np.uint16]) -> list[int]:
    """List the objects of a view that are large enough to be clicked and are not (nearly) all of it."""
    values, counts = np.unique(labels[(labels > 0) & (labels < VOID)], return_counts=True)
    return [int(v) for v, n in zip(values, counts, strict=True) if _MIN_TARGET <= n < 0.97 * labels.size]

"""Carrying a mask from slice to slice of a volume: optical flow, tokens that look alike, and the click network.

Three opinions on every pixel of the next slice are added as logits: how deep it lies in the last mask, moved along the
optical flow; how much of the object the tokens of known slices hold that look like its own; and what the network says
to one click in the middle of what the first two found. What the last two say against the mask of the last slice, where
it is known, is taken off: it would be said here again. docs/adr/0010 has the measurements.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..errors import ImageError
from ..walks import KNOWN_SLICES, remembered
from .chain import RecentlyUsed
from .inputs import checked_image, checked_previous
from .region import Box, expand, whole
from .runner import Cancelled, Runner
from .view import View, extent_of_mask, look, look_at_mask, paste, view_of

if TYPE_CHECKING:
    from torch import Tensor

    from ..networks import Features

_FEATURES_KEPT = KNOWN_SLICES + 2
_FLOW_SIDE = 384
_LEAST_SIDE = 8
_SURE = 30.0


@dataclass(frozen=True, kw_only=True)
class CarryRule:
    """How much each opinion counts, and what they look at."""

    depth: float = 1.5
    """Logit of a pixel for each percent of the view's longer side that it lies inside the moved mask."""
    most_depth: float = 4.0
    """No pixel gets a larger logit for its depth: where the object ends, the others overrule it."""
    alike: float = 1.5
    """Weight of the tokens' vote."""
    full_tokens: float = 16.0
    """The vote counts for less on an object of fewer tokens: none of them is wholly its own."""
    click: float = 1.0
    """Weight of the network's answer."""
    trust: float = 2.0
    """So much more the depth counts beside the key slice."""
    fading: float = 0.6
    """So much of that trust is left with each slice further on."""
    expansion: float = 1.7
    """How much larger than the object the region is at least, along each axis."""
    max_magnification: float = 4.0
    """An image pixel becomes at most about this many view pixels."""
    voters: int = 5
    """So many tokens of the known slices vote on a token, those that look most like it."""
    temperature: float = 0.07
    """The smaller, the more the most alike of the voters decides."""
    reach: float = 0.35
    """Tokens vote no further away than this share of the region's longer side."""


@dataclass(frozen=True, eq=False, slots=True)
class KnownSlice:
    """A slice (H, W, 3) uint8, RGB, and the object's mask (H, W) bool on it."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


class Carrier:
    """Carries masks with one network. An answer is a pure function of what is asked; encoded slices are kept."""

    def __init__(self, runner: Runner, side: int, multiple: int, *, square: bool, rule: CarryRule) -> None:
        """Use the network of a `runner`, which sees views of `side` pixels at most."""
        self._runner, self._rule = runner, rule
        self._side, self._multiple, self._square = side, multiple, square
        self._features: RecentlyUsed[Hashable, Features] = RecentlyUsed(_FEATURES_KEPT)

    def carry(
        self,
        known: Sequence[KnownSlice],
        image: NDArray[np.uint8],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> NDArray[np.float32]:
        """Find the object of the `known` slices on the next one: probability (H, W) float32 in [0, 1].

        The last of `known` lies beside `image` (H, W, 3) uint8, the first is the key slice. An empty last mask stays
        empty. Raises `ImageError` where images or masks are no such arrays of one size, and `Cancelled`.
        """
        known = _checked(known, image)
        self._runner.begin()
        last = known[-1]
        size = image.shape[0], image.shape[1]
        box = extent_of_mask(last.mask).box
        if box is None:
            return np.zeros(size, dtype=np.float32)
        view = view_of(self._region(box, size), self._side, self._multiple, square=self._square)
        move, mask = _flow(last.image, image, view), look_at_mask(last.mask, view)
        nearness = self._rule.fading ** (len(known) - 1)
        prior = self._prior(move(mask), view, nearness)
        logit = prior + self._opinion(image, prior, known, view, cancelled)
        before = self._prior(mask, view, nearness)
        opinion = self._opinion(last.image, before, known, view, cancelled)
        # What speaks against the mask where it is known is how the network sees such objects, and no news.
        logit -= move(np.where(before > 0, np.minimum(opinion, 0), np.maximum(opinion, 0)))
        return paste(np.ascontiguousarray(_probability(logit)), view, size)

    def _prior(self, mask: NDArray[np.float32], view: View, nearness: float) -> NDArray[np.float32]:
        """Logit (h, w) of pixels by their depth in a mask (h, w) of the view."""
        depth = _depth(mask > 0.5) * (100 / max(view.size))
        limit = np.float32(self._rule.most_depth)
        slope = self._rule.depth * (1 + self._rule.trust * nearness)
        return np.asarray(np.clip(slope * depth, -limit, limit), dtype=np.float32)

    def _opinion(
        self,
        image: NDArray[np.uint8],
        prior: NDArray[np.float32],
        known: Sequence[KnownSlice],
        view: View,
        cancelled: Callable[[], bool],
    ) -> NDArray[np.float32]:
        """Logit (h, w) that tokens and network add to the `prior` of an image."""
        rule, opinion = self._rule, np.zeros_like(prior)
        features = self._encoded(image, view, cancelled)
        keys = _keys(features)
        if keys is not None and rule.alike:
            tokens = np.count_nonzero(prior > 0) * keys[0].numel() / prior.size
            weight = rule.alike * min(1.0, tokens / rule.full_tokens)
            opinion += weight * _logit(self._vote(keys, known, view, cancelled))
        if rule.click:
            opinion += rule.click * self._clicked(features, _probability(prior + opinion), view)
        return opinion

    def _region(self, box: Box, size: tuple[int, int]) -> Box:
        """Give the object room, in steps, so that neighbouring slices mostly share a region and are encoded once."""
        least = int(np.ceil(self._side / self._rule.max_magnification))
        tight = expand(box, self._rule.expansion, least, size)
        row0, row1 = _stepped(tight.row0, tight.row1, least, size[0])
        col0, col1 = _stepped(tight.col0, tight.col1, least, size[1])
        region = Box(row0, col0, row1, col1)
        return whole(size) if region.area > 0.8 * size[0] * size[1] else region

    def _encoded(self, image: NDArray[np.uint8], view: View, cancelled: Callable[[], bool]) -> "Features":
        if cancelled():
            raise Cancelled("The caller cancelled this answer.")
        picture = look(image, view)
        name = blake2b(picture.tobytes(), digest_size=16).digest(), view
        features = self._features.get(name)
        if features is None:
            features = self._runner.encode(picture)
            self._features.put(name, features)
        return features

    def _vote(
        self, keys: "Tensor", known: Sequence[KnownSlice], view: View, cancelled: Callable[[], bool]
    ) -> NDArray[np.float32]:
        """Let the known tokens that look most like each token say how much of it is object: (h, w) in [0, 1]."""
        grid = keys.shape[1:]
        theirs, shares = [], []
        for each in known:
            seen = _keys(self._encoded(each.image, view, cancelled))
            assert seen is not None
            theirs.append(seen.flatten(1))
            mask = look_at_mask(each.mask, view)
            share = cv2.resize(mask, (grid[1], grid[0]), interpolation=cv2.INTER_AREA)
            shares.append(torch.from_numpy(np.ascontiguousarray(share)).flatten())
        rule = self._rule
        with torch.inference_mode():
            places = _places(grid, view).to(keys.device)
            alike = keys.flatten(1).T @ torch.cat(theirs, dim=1)
            is_far = torch.cdist(places, places) > rule.reach * max(view.box.height, view.box.width)
            alike = alike.masked_fill(is_far.repeat(1, len(known)), -1.0)
            best, which = alike.topk(min(rule.voters, alike.shape[1]), dim=1)
            weights = torch.softmax(best / rule.temperature, dim=1).cpu()
            vote = (weights * torch.cat(shares)[which.cpu()]).sum(dim=1).reshape(grid).numpy()
        return np.clip(cv2.resize(vote, view.size[::-1], interpolation=cv2.INTER_LINEAR), 0, 1)

    def _clicked(self, features: "Features", previous: NDArray[np.float32], view: View) -> NDArray[np.float32]:
        """Logit (h, w) of the network for one click in the middle of what was found so far."""
        found = previous > 0.5
        if not found.any():
            return np.full(view.size, -_SURE, dtype=np.float32)
        inside = _inside(found)
        row, col = np.unravel_index(int(inside.argmax()), inside.shape)
        answer = self._runner.decode(features, previous, [(float(row), float(col), True)], view)
        return _logit(answer, 1e-6)


def _checked(known: Sequence[KnownSlice], image: NDArray[np.uint8]) -> Sequence[KnownSlice]:
    if not known:
        raise ImageError("There is no slice with the object to carry it from.")
    checked_image(image)
    for each in known:
        checked_image(each.image)
        if each.image.shape != image.shape:
            raise ImageError(f"The slices are of {each.image.shape[:2]} and {image.shape[:2]} pixels, not of one size.")
        checked_previous(each.mask, (image.shape[0], image.shape[1]))
    return remembered(known)


def _stepped(start: int, stop: int, least: int, limit: int) -> tuple[int, int]:
    """Widen start..stop to a length and a place that only change in steps."""
    step = max(1, least // _LEAST_SIDE)
    length = stop - start
    while step * 8 < length:
        step *= 2
    return max(0, start - start % step), min(limit, -(-stop // step) * step)


def _flow(
    before: NDArray[np.uint8], image: NDArray[np.uint8], view: View
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Give what moves a map (h, w) of the view along the dense optical flow from the slice before to `image`."""
    small = view_of(view.box, _FLOW_SIDE, _LEAST_SIDE)
    if min(small.size) < 2 * _LEAST_SIDE:
        # Too narrow for the flow's patches: what hardly extends is left where it is.
        return lambda seen: seen
    here, there = (cv2.cvtColor(look(each, small), cv2.COLOR_RGB2GRAY) for each in (image, before))
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(here, there, None)  # type: ignore[call-overload]
    height, width = view.size
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    way = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
    rows += way[..., 1] * (height / small.size[0])
    cols += way[..., 0] * (width / small.size[1])
    return lambda seen: np.asarray(
        cv2.remap(seen, cols, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
    )


def _keys(features: "Features") -> "Tensor | None":
    """Tokens of a view as unit vectors, (D, h, w); None where the network keeps none."""
    middle, last = getattr(features, "mid_keys", None), getattr(features, "last_keys", None)
    if middle is None or last is None:
        return None
    both: Tensor = torch.cat((middle[0], last[0])) / 2**0.5
    return both


def _places(grid: tuple[int, ...], view: View) -> "Tensor":
    """Row and column of the tokens' middles in image pixels, (hw, 2)."""
    rows = (torch.arange(grid[0]) + 0.5) * (view.box.height / grid[0])
    cols = (torch.arange(grid[1]) + 0.5) * (view.box.width / grid[1])
    return torch.cartesian_prod(rows, cols).float()


def _inside(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Distance of every True pixel to the nearest False one, that beyond the border counted as it is at the border."""
    padded = np.pad(mask.view(np.uint8), 1, mode="edge")
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], dtype=np.float32)


def _depth(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Pixels to the border of the mask, negative outside."""
    if not mask.any():
        return np.full(mask.shape, -float(max(mask.shape)), dtype=np.float32)
    if mask.all():
        return np.full(mask.shape, float(max(mask.shape)), dtype=np.float32)
    return _inside(mask) - _inside(~mask)


def _probability(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -_SURE, _SURE))), dtype=np.float32)


def _logit(probability: NDArray[Any], least: float = 0.02) -> NDArray[np.float32]:
    clipped = np.clip(probability, least, 1 - least)
    return np.asarray(np.log(clipped / (1 - clipped)), dtype=np.float32)
